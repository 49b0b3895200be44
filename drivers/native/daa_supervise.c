/* What an exchange line's voltage and current mean: DAA sheet, section 7, whose figures these are. */
#include <stdint.h>
#include <stdlib.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "ring_heard.h"
#include "scanner_event.h"
#include "scanner.h"
#include "scanner_daa.h"
#include "daa_watch.h"

#define LEAST_V 3              /* LVS tells nothing below */
#define DEAD_US 1000000        /* as DAHDI and Xorcom */
#define ALIVE_US 200000
#define IN_USE_US 100000
#define FOREIGN_V 75            /* batteries are 24 to 60 V, and the voltmeter reads up to a tenth too much */
#define FOREIGN_US 1000000
#define REVERSED_US 64000
#define PARALLEL_US 100000
#define AFTER_IN_USE_US 500000 /* half-waves after another telephone was lifted are its dial pulses */
#define RING_QUIET_US 100000   /* the voltage says nothing so shortly after a half-wave */
#define LEAST_CURRENT 3        /* 3.3 mA */
#define BREAK_FROM_US 650000   /* after the hook moved */
#define MADE_US 20000
#define STOLEN_SHARE 4         /* a second telephone takes at least a quarter of current and voltage */

static void begin(struct daa_steady *steady, long long now_us)
{
    *steady = (struct daa_steady){0, 0, now_us};
}

/* 1 when `seen` differs from what was told and has lasted that long. */
static int turned(struct daa_steady *steady, long long now_us, int seen, long long on_us, long long off_us)
{
    if (seen != steady->seen) {
        steady->seen = seen;
        steady->since_us = now_us;
    }
    if (seen == steady->now || now_us - steady->since_us < (seen ? on_us : off_us))
        return 0;
    steady->now = seen;
    return 1;
}

void daa_supervise_begin(struct daa_watch *line, long long now_us)
{
    begin(&line->dead, now_us);
    begin(&line->in_use, now_us);
    begin(&line->foreign, now_us);
    begin(&line->broken, now_us);
    begin(&line->parallel, now_us);
    line->reversed = (struct daa_steady){-1, -1, now_us}; /* the first one seen is no change */
}

static void watch_polarity(struct daa_watch *line, long long now_us)
{
    int unknown = line->reversed.now < 0;
    if (turned(&line->reversed, now_us, line->volts < 0, REVERSED_US, REVERSED_US) && !unknown)
        daa_watch_tell(line, now_us, DAA_REVERSED, line->reversed.now, line->volts);
}

int daa_supervise_taken(const struct daa_watch *line)
{
    int volts = abs(line->volts);
    return volts >= LEAST_V && volts < line->profile.in_use_v;
}

static void watch_on_hook(struct daa_watch *line, long long now_us)
{
    int volts = abs(line->volts);
    int in_use = daa_supervise_taken(line);
    if (turned(&line->dead, now_us, volts < LEAST_V, DEAD_US, ALIVE_US))
        daa_watch_tell(line, now_us, DAA_DEAD, line->dead.now, line->volts);
    if (in_use)
        line->ring_free_us = now_us + AFTER_IN_USE_US;
    if (turned(&line->in_use, now_us, in_use, IN_USE_US, IN_USE_US))
        daa_watch_tell(line, now_us, DAA_IN_USE, line->in_use.now, line->volts);
    if (turned(&line->foreign, now_us, volts > FOREIGN_V, FOREIGN_US, ALIVE_US))
        daa_watch_tell(line, now_us, DAA_FOREIGN, line->foreign.now, line->volts);
}

void daa_supervise_voltage(struct daa_watch *line, long long now_us)
{
    int rings = line->ring.half && now_us - line->ring.half_us < RING_QUIET_US;
    if (line->mode == DAA_ON_HOOK && !rings && !line->ring.ringing)
        watch_on_hook(line, now_us);
    if (abs(line->volts) >= LEAST_V && !rings && !line->ring.ringing && line->mode != DAA_PULSING)
        watch_polarity(line, now_us);
}

static void watch_break(struct daa_watch *line, long long now_us)
{
    int starved = line->current < LEAST_CURRENT;
    if (!turned(&line->broken, now_us, starved, line->profile.loop_break_ms * 1000LL, MADE_US))
        return;
    if (starved) {
        line->broken_us = line->broken.since_us;
        daa_watch_tell(line, now_us, DAA_LOOP_BROKEN, 0, line->volts);
    } else {
        int ms = (int)((line->broken.since_us - line->broken_us) / 1000);
        daa_watch_tell(line, now_us, DAA_LOOP_MADE, ms, line->volts);
    }
}

/* A second telephone takes part of both; a weak exchange or a long line changes slowly, if at all. */
static void watch_parallel(struct daa_watch *line, long long now_us)
{
    int low_v = abs(line->volts) * STOLEN_SHARE <= abs(line->seized_volts) * (STOLEN_SHARE - 1);
    int low_ma = line->current * STOLEN_SHARE <= line->seized_current * (STOLEN_SHARE - 1);
    int stolen = low_ma && low_v && line->current >= LEAST_CURRENT;
    if (turned(&line->parallel, now_us, stolen, PARALLEL_US, PARALLEL_US))
        daa_watch_tell(line, now_us, DAA_PARALLEL, stolen, line->volts);
}

void daa_supervise_current(struct daa_watch *line, long long now_us)
{
    if (line->mode != DAA_OFF_HOOK || now_us - line->hook_us < BREAK_FROM_US)
        return;
    watch_break(line, now_us);
    if (!line->broken.seen)
        watch_parallel(line, now_us);
}
