#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "scanner_event.h"
#include "scanner.h"
#include "line_loop.h"
#include "line_watch.h"
#include "line_feed.h"

#define LOOPBACK 8 /* 0 once set up, 2 after a reset */
#define STATUS_FIRST 18
#define STATUS_2 19
#define STATUS_COUNT 3
#define ENABLE_FIRST 21
#define LINEFEED 64
#define LOOP_STATUS 68
#define LOOP_VOLTAGE 78
#define MAGNITUDE 0x3F
#define SIGN 0x40

#define ALARM_BITS 0xFC
#define LOOP_IMPOSSIBLE 0xF8 /* bits of DR68 that a chip never sets */
#define RING_TRIP 0x02
#define LOOP_CLOSED 0x01

#define FAILURE_POLLS 5         /* 10 ms */
#define STATUS_KEPT_LIMIT 10    /* interrupt checks, 500 ms */
/* What tells a telephone from them sooner: it keeps the voltage low, at the limiting current times its own and the
 * line's resistance. Ringers do so only while that current charges them, and then the voltage rises by 7.5 V or more
 * in this time, even with 10 REN (80 uF); one that keeps within a step of 1.5 V is steady. */
#define STEADY_US 30000
#define LOW_LSB 16 /* 24 V, half of the idle voltage: 1200 ohm at 20 mA; longer lines wait for SETTLE_RING_US */

void line_watch_begin(struct line_watch *line, long long now_us, int linefeed)
{
    line->in_service = 1;
    line->mode = LINE_FEEDING;
    line->wanted = line->commanded = linefeed;
    line->changed_us = line->settle_us = now_us;
    line->burst_end_us = now_us - FADE_US;
    line->turned = 0;
    line->turn_due_us = line->may_ring_us = 0;
    line->bus_errors = line->no_answers = line->resets = line->opens = line->status_kept = line->alarms = 0;
    hook_reset(&line->hook, now_us, 0);
}

/* Opens the line and silences its interrupts, as far as the chip still listens. */
static void fail(struct line_watch *line, long long now_us, int reason, int detail)
{
    line->in_service = 0;
    line->mode = LINE_FEEDING;
    if (reason != SCANNER_REASON_BUS) {
        struct spi_op ops[1 + 2 * STATUS_COUNT];
        registers_op_write(&ops[0], line->cs, LINEFEED, OPEN);
        for (int i = 0; i < STATUS_COUNT; i++) {
            registers_op_write(&ops[1 + i], line->cs, ENABLE_FIRST + i, 0);
            registers_op_write(&ops[1 + STATUS_COUNT + i], line->cs, STATUS_FIRST + i, 0xFF);
        }
        registers_transfer(line->registers, ops, 1 + 2 * STATUS_COUNT);
    }
    line_tell(line, now_us, SCANNER_FAILED, reason, detail);
}

void line_watch_poll_ops(const struct line_watch *line, struct spi_op ops[LINE_POLL_OPS])
{
    registers_op_read(&ops[0], line->cs, LOOP_STATUS);
    registers_op_read(&ops[1], line->cs, LINEFEED);
    registers_op_read(&ops[2], line->cs, STATUS_2);
    registers_op_read(&ops[3], line->cs, LOOPBACK);
    registers_op_read(&ops[4], line->cs, LOOP_VOLTAGE);
}

/* Counts polls in a row for which `bad` holds; 1 when there are enough. */
static int lasts(int *polls, int bad)
{
    *polls = bad ? *polls + 1 : 0;
    return *polls >= FAILURE_POLLS;
}

/* Returns 1 when this poll must not be believed or the port is lost. */
static int failing(struct line_watch *line, long long now_us, int loop, int loopback)
{
    if (lasts(&line->no_answers, loop & LOOP_IMPOSSIBLE))
        fail(line, now_us, SCANNER_REASON_NO_ANSWER, loop);
    else if (!line->no_answers && lasts(&line->resets, loopback))
        fail(line, now_us, SCANNER_REASON_CHIP_RESET, loopback);
    return line->no_answers || line->resets;
}

static int alarmed(struct line_watch *line, long long now_us, int state, int status)
{
    if (status) {
        registers_write(line->registers, line->cs, STATUS_2, status);
        line->alarms |= status & ALARM_BITS;
    }
    int open = line->commanded != OPEN && state == OPEN && now_us - line->changed_us >= FEED_CHANGE_US;
    if (lasts(&line->opens, open))
        fail(line, now_us, SCANNER_REASON_POWER_ALARM, line->alarms);
    else if (!open && !status)
        line->alarms = 0;
    return !line->in_service;
}

static void answered(struct line_watch *line, long long now_us)
{
    line_turn_back(line, now_us);
    line->wanted = line->wanted & REVERSE ? ACTIVE + REVERSE : ACTIVE;
    line_refeed(line, now_us, SETTLE_OFF_HOOK_US);
    hook_reset(&line->hook, now_us, 1);
    line_tell(line, now_us, HOOK_OFF_HOOK, 1, 0);
}

/* The chip has refused to ring since it saw a closed loop when the burst began: a telephone lifted in the last moments
 * of the pause, or ringers that were still being charged, and then it is told once more. */
static void watch_unrung(struct line_watch *line, long long now_us, int closed)
{
    if (!closed)
        line_command(line, now_us, RINGING);
    else if (now_us >= line->settle_us)
        answered(line, now_us);
}

/* Ring trip shows as the RTP bit, or as the linefeed that the chip itself has already moved on (DR67 AORD). Right after
 * the burst began both may still tell of the last call; a true trip takes longer (RTDI) and stays. */
static void watch_burst(struct line_watch *line, long long now_us, int loop, int state)
{
    line->burst_seen |= state == RINGING;
    int moved_on = state == ACTIVE || state == ACTIVE + REVERSE;
    if (now_us - line->changed_us < FEED_CHANGE_US)
        return;
    if (loop & RING_TRIP || (line->burst_seen && moved_on))
        answered(line, now_us);
    else if (moved_on)
        watch_unrung(line, now_us, loop & LOOP_CLOSED);
}

/* 1 when the loop voltage has stood still, and low, for long enough to be a telephone's. */
static int steady(struct line_watch *line, long long now_us, int volts)
{
    int lsb = volts & SIGN ? -(volts & MAGNITUDE) : volts & MAGNITUDE;
    if ((volts & MAGNITUDE) > LOW_LSB || !line->steady_since_us || lsb > line->steady_lsb + 1 || lsb < line->steady_lsb - 1) {
        line->steady_since_us = now_us;
        line->steady_lsb = lsb;
    }
    return now_us - line->steady_since_us >= STEADY_US;
}

/* volts: DR78. */
static void watch_hook(struct line_watch *line, long long now_us, int closed, int volts)
{
    if (now_us < line->settle_us) {
        line_loop_forget(&line->loop);
        if (closed && line->mode == LINE_PAUSE && steady(line, now_us, volts))
            answered(line, now_us);
        if (closed != line->hook.off_hook)
            return;
    } else {
        closed = line_loop_closed(&line->loop, now_us, line->hook.off_hook, closed, volts & MAGNITUDE);
    }
    struct hook_event events[HOOK_MAX_EVENTS];
    int count = hook_feed(&line->hook, now_us, closed, events);
    if (count && events[0].kind == HOOK_OFF_HOOK && line->mode == LINE_PAUSE) {
        answered(line, now_us);
        return;
    }
    for (int i = 0; i < count; i++)
        line_tell(line, now_us, events[i].kind, events[i].value, 0);
}

/* A loop that closes lets the chip itself go from on-hook transmission to active (DR67 AOLD), where a telephone on the
 * hook hears nothing. Ringers that are charged after a burst or a reversal do that too, and nothing brings it back. */
static void keep_transmitting(struct line_watch *line, int closed, int state)
{
    int transmits = (line->commanded & ~REVERSE) == ON_HOOK_TRANSMISSION;
    if (transmits && !closed && (state & ~REVERSE) == ACTIVE)
        registers_write(line->registers, line->cs, LINEFEED, line->commanded);
}

void line_watch_polled(struct line_watch *line, long long now_us, const struct spi_op ops[LINE_POLL_OPS], int result)
{
    if (lasts(&line->bus_errors, result < 0))
        fail(line, now_us, SCANNER_REASON_BUS, -result);
    if (line->bus_errors)
        return;
    int loop = ops[0].in[1], state = ops[1].in[1] >> 4 & 7;
    if (failing(line, now_us, loop, ops[3].in[1]) || alarmed(line, now_us, state, ops[2].in[1]))
        return;
    if (line->mode == LINE_BURST)
        watch_burst(line, now_us, loop, state);
    else if (line->commanded != OPEN)
        watch_hook(line, now_us, loop & LOOP_CLOSED, ops[4].in[1]);
    if (line->in_service)
        keep_transmitting(line, loop & LOOP_CLOSED, state);
}

int line_watch_clear_interrupts(struct line_watch *line, long long now_us)
{
    struct spi_op before[STATUS_COUNT], clear[2 * STATUS_COUNT];
    for (int i = 0; i < STATUS_COUNT; i++)
        registers_op_read(&before[i], line->cs, STATUS_FIRST + i);
    if (registers_transfer(line->registers, before, STATUS_COUNT) < 0)
        return 0;
    for (int i = 0; i < STATUS_COUNT; i++) {
        registers_op_write(&clear[i], line->cs, STATUS_FIRST + i, before[i].in[1]);
        registers_op_read(&clear[STATUS_COUNT + i], line->cs, STATUS_FIRST + i);
    }
    if (registers_transfer(line->registers, clear, 2 * STATUS_COUNT) < 0)
        return 0;
    line->alarms |= before[1].in[1] & ALARM_BITS;
    int kept = 0;
    for (int i = 0; i < STATUS_COUNT; i++)
        kept |= clear[STATUS_COUNT + i].in[1] << 8 * i;
    line->status_kept = kept ? line->status_kept + 1 : 0;
    if (line->status_kept >= STATUS_KEPT_LIMIT)
        fail(line, now_us, SCANNER_REASON_INTERRUPT, kept);
    return kept != 0;
}
