#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "spi.h"
#include "registers.h"
#include "daa_registers.h"
#include "hook.h"
#include "ring_heard.h"
#include "scanner_event.h"
#include "scanner.h"
#include "scanner_daa.h"
#include "daa_watch.h"

#define CONTROL_2 2
#define HOOK 5
#define LINE_STATUS 12
#define MUTE 15
#define INTERNATIONAL_2 17
#define INTERNATIONAL_4 19
#define RESISTOR 25
#define CURRENT 28
#define VOLTAGE 29
#define CONTROL_5 31

#define ON_HOOK 0x08 /* with the monitor path on, for caller ID and voltages */
#define OFF_HOOK 0x01
#define POSITIVE 0x20
#define NEGATIVE 0x40
#define LINKED 0x40
#define OVERLOADED 0x01
#define SET_UP 0x13              /* register 2: watchdog, hybrid, receiver; 0x03 after a reset */
#define ABSENT 0xFF
#define LEAST_CURRENT 3

#define FAILURE_TURNS 3          /* 30 ms */
#define BUS_ERROR_POLLS 5
#define GUARD_US 25000           /* OPE waits so long after OH (section 7) */
#define VERDICT_US 500000        /* when a seized line must carry current */

static const unsigned char TURNS[] = {LINE_STATUS, VOLTAGE, CURRENT, INTERNATIONAL_4, CONTROL_2};
#define TURN_COUNT ((int)sizeof TURNS)

void daa_watch_tell(struct daa_watch *line, long long now_us, int kind, int value, int detail)
{
    struct scanner_event event = {now_us, line->port, kind, value, detail};
    scanner_queue_put(line->queue, &event);
}

static int put(struct daa_watch *line, int number, int value)
{
    return daa_registers_write(line->registers, line->cs, number, value);
}

void daa_watch_begin(struct daa_watch *line, long long now_us)
{
    line->in_service = 1;
    line->mode = DAA_ON_HOOK;
    line->guarded = line->turn = 0;
    line->hook_us = line->ring_free_us = now_us;
    line->bus_errors = line->no_answers = line->resets = line->unlinked = 0;
    line->ring.limits = line->profile.ring;
    ring_reset(&line->ring);
    daa_supervise_begin(line, now_us);
}

static int on_hook(struct daa_watch *line, long long now_us)
{
    line->mode = DAA_ON_HOOK;
    line->guarded = 0;
    line->hook_us = now_us;
    ring_reset(&line->ring);
    line->dead.since_us = line->in_use.since_us = line->foreign.since_us = now_us;
    if (line->parallel.now) /* what is on the wires from here on is told as DAA_IN_USE */
        daa_watch_tell(line, now_us, DAA_PARALLEL, 0, line->volts);
    line->broken = line->parallel = (struct daa_steady){0, 0, now_us};
    int result = put(line, HOOK, ON_HOOK);
    put(line, INTERNATIONAL_2, line->profile.international2);
    put(line, RESISTOR, line->profile.resistor);
    put(line, CONTROL_5, line->profile.control5);
    put(line, MUTE, 0);
    return result;
}

static void fail(struct daa_watch *line, long long now_us, int reason, int detail)
{
    if (reason != SCANNER_REASON_BUS)
        on_hook(line, now_us);
    line->in_service = 0;
    daa_watch_tell(line, now_us, SCANNER_FAILED, reason, detail);
}

void daa_watch_poll_ops(const struct daa_watch *line, struct spi_op ops[DAA_POLL_OPS])
{
    daa_op_read(&ops[0], line->cs, line->mode == DAA_OFF_HOOK ? INTERNATIONAL_2 : HOOK);
    daa_op_read(&ops[1], line->cs, TURNS[line->turn]);
}

static int lasts(int *count, int bad, int most)
{
    *count = bad ? *count + 1 : 0;
    return *count == most;
}

static void watch_ring(struct daa_watch *line, long long now_us, int hook)
{
    int half = hook & POSITIVE ? 1 : hook & NEGATIVE ? -1 : 0, value = 0;
    if (line->mode != DAA_ON_HOOK || hook == ABSENT)
        return;
    if (now_us < line->ring_free_us && !line->ring.ringing) {
        ring_reset(&line->ring);
        return;
    }
    int event = ring_feed(&line->ring, now_us, half, &value);
    if (event)
        daa_watch_tell(line, now_us, event == RING_BEGAN ? DAA_RING_BEGAN : DAA_RING_ENDED, value, 0);
}

static void overloaded(struct daa_watch *line, long long now_us)
{
    on_hook(line, now_us);
    daa_watch_tell(line, now_us, DAA_OVERLOAD, 0, line->volts);
}

static void watch_turn(struct daa_watch *line, long long now_us, int value)
{
    switch (TURNS[line->turn]) {
    case LINE_STATUS:
        if (lasts(&line->unlinked, !(value & LINKED) && !line->no_answers && !line->resets, FAILURE_TURNS))
            fail(line, now_us, DAA_REASON_LINK, value);
        break;
    case VOLTAGE:
        line->volts = (signed char)value;
        if (!line->unlinked)
            daa_supervise_voltage(line, now_us);
        break;
    case CURRENT:
        line->current = value;
        if (!line->unlinked)
            daa_supervise_current(line, now_us);
        break;
    case INTERNATIONAL_4:
        if (value & OVERLOADED && line->guarded && line->mode != DAA_ON_HOOK)
            overloaded(line, now_us);
        break;
    default:
        if (lasts(&line->no_answers, value == ABSENT, FAILURE_TURNS))
            fail(line, now_us, DAA_REASON_NO_ANSWER, value);
        else if (lasts(&line->resets, value != ABSENT && value != SET_UP, FAILURE_TURNS))
            fail(line, now_us, DAA_REASON_RESET, value);
    }
}

void daa_watch_polled(struct daa_watch *line, long long now_us, const struct spi_op ops[DAA_POLL_OPS], int result)
{
    if (lasts(&line->bus_errors, result < 0, BUS_ERROR_POLLS))
        fail(line, now_us, SCANNER_REASON_BUS, -result);
    if (line->bus_errors)
        return;
    int value = ops[1].in[2], absent = ops[0].in[2] == ABSENT && value == ABSENT;
    if (!absent || TURNS[line->turn] == CONTROL_2) {
        if (ops[0].out[1] == HOOK)
            watch_ring(line, now_us, ops[0].in[2]);
        else if (ops[0].in[2] != ABSENT)
            daa_meter_read(line, now_us, ops[0].in[2]);
        watch_turn(line, now_us, value);
    }
    line->turn = (line->turn + 1) % TURN_COUNT;
}

static void verdict(struct daa_watch *line, long long now_us)
{
    if (line->current < LEAST_CURRENT) {
        int volts = line->volts;
        on_hook(line, now_us);
        daa_watch_tell(line, now_us, DAA_NO_LOOP, 0, volts);
        return;
    }
    line->mode = DAA_OFF_HOOK;
    daa_meter_listen(line);
    line->seized_volts = line->volts;
    line->seized_current = line->current;
    daa_watch_tell(line, now_us, DAA_SEIZED, line->current * 11, line->volts);
}

void daa_watch_tick(struct daa_watch *line, long long now_us)
{
    daa_hook_work_tick(line, now_us);
    int steady = line->mode == DAA_SEIZING || line->mode == DAA_OFF_HOOK;
    if (steady && !line->guarded && now_us - line->hook_us >= GUARD_US) {
        line->guarded = 1;
        daa_meter_listen(line);
    }
    if (line->mode == DAA_SEIZING && now_us - line->hook_us >= VERDICT_US)
        verdict(line, now_us);
}

/* ---- commands ----------------------------------------------------------------------- */

int daa_watch_seize(struct daa_watch *line, long long now_us, int quick)
{
    if (line->mode != DAA_ON_HOOK || line->ring.ringing || daa_supervise_taken(line) || line->foreign.now)
        return -EBUSY;
    line->mode = DAA_SEIZING;
    line->hook_us = now_us;
    line->current = 0;
    ring_reset(&line->ring);
    if (quick)
        daa_hook_no_delays(line);
    return put(line, HOOK, OFF_HOOK);
}

int daa_watch_release(struct daa_watch *line, long long now_us)
{
    return line->mode == DAA_ON_HOOK ? 0 : on_hook(line, now_us);
}
