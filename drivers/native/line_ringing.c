#include <errno.h>
#include <stdint.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "scanner_event.h"
#include "scanner.h"
#include "line_loop.h"
#include "line_watch.h"
#include "line_feed.h"

#define LATE_US 10000 /* a part that begins later than this was kept waiting: what follows it moves too */

static int parts(const struct line_watch *line)
{
    return line->plan.first_count + line->plan.count;
}

static int part_ms(const struct line_watch *line, int part)
{
    int first = line->plan.first_count;
    return part < first ? line->plan.first_ms[part] : line->plan.cadence_ms[part - first];
}

static int begins_with_pause(const struct line_watch *line)
{
    return line->plan.first_count && line->plan.first_ms[0] == 0;
}

/* The part after this one; parts() when the plan ends there. */
static int next_part(const struct line_watch *line)
{
    if (line->part == NOT_BEGUN)
        return begins_with_pause(line);
    if (line->part + 1 == parts(line) && line->plan.count)
        return line->plan.first_count;
    return line->part + 1;
}

static void enter_part(struct line_watch *line, long long now_us, int part)
{
    int turns = line->part == NOT_BEGUN && line->turned;
    line->part = part;
    if (now_us - line->due_us > LATE_US)
        line->due_us = now_us;
    line->due_us += part_ms(line, part) * 1000LL;
    if (part % 2) {
        line->mode = LINE_PAUSE;
        line->settle_us = now_us + (turns ? SETTLE_ON_HOOK_US : SETTLE_RING_US);
        line->steady_since_us = 0;
        line_command(line, now_us, line->wanted & REVERSE ? ON_HOOK_TRANSMISSION + REVERSE : ON_HOOK_TRANSMISSION);
    } else {
        line->mode = LINE_BURST;
        line->burst_seen = 0;
        hook_reset(&line->hook, now_us, 0);
        line_command(line, now_us, RINGING);
    }
    if (part == line->plan.told) {
        line->plan.told = -1;
        line_tell(line, now_us, SCANNER_RING_PART, part, 0);
    }
}

void line_watch_tick(struct line_watch *line, long long now_us)
{
    line_turn_when_due(line, now_us);
    if (line->mode == LINE_FEEDING || now_us < line->due_us)
        return;
    if (line->mode == LINE_OPENED)
        line_refeed(line, now_us, line_settle_us(line));
    else if (line->part != NOT_BEGUN && next_part(line) == parts(line))
        line_watch_stop_ring(line, now_us);
    else if (!line_watch_wants_to_ring(line, now_us))
        enter_part(line, now_us, next_part(line));
}

int line_watch_wants_to_ring(const struct line_watch *line, long long now_us)
{
    if (line->mode != LINE_PAUSE || now_us < line->due_us)
        return 0;
    return line->part == NOT_BEGUN || (line->part % 2 && next_part(line) < parts(line));
}

int line_watch_has_turn(const struct line_watch *line)
{
    return line->mode == LINE_PAUSE && begins_with_pause(line) && line->part == 1;
}

int line_watch_weighs(const struct line_watch *line, long long now_us)
{
    return line->commanded == RINGING || now_us - line->burst_end_us < FADE_US || line_watch_has_turn(line);
}

void line_watch_go_on_ringing(struct line_watch *line, long long now_us)
{
    enter_part(line, now_us, next_part(line));
}

static int is_cadence(const int *ms, int count, int least_first_ms)
{
    if (count < 0 || count > SCANNER_CADENCE_MAX || count % 2)
        return 0;
    for (int i = 0; i < count; i++)
        if (ms[i] < (i ? 1 : least_first_ms) || ms[i] > 60000)
            return 0;
    return 1;
}

int line_watch_ring(struct line_watch *line, long long now_us, const struct ring_plan *plan)
{
    if (!is_cadence(plan->first_ms, plan->first_count, 0) || !is_cadence(plan->cadence_ms, plan->count, 1))
        return -EINVAL;
    if (plan->first_count + plan->count == 0)
        return -EINVAL;
    if (line->mode != LINE_FEEDING || line->commanded == OPEN || line->hook.off_hook)
        return -EBUSY;
    line->plan = *plan;
    line->part = NOT_BEGUN;
    line->mode = LINE_PAUSE;
    line->due_us = now_us > line->may_ring_us ? now_us : line->may_ring_us;
    line->turned = plan->reversed != 0;
    if (line->turned)
        line->wanted ^= REVERSE;
    return 0;
}

int line_watch_stop_ring(struct line_watch *line, long long now_us)
{
    if (line->mode != LINE_BURST && line->mode != LINE_PAUSE)
        return 0;
    return line_refeed(line, now_us, line_turn_back(line, now_us) ? SETTLE_ON_HOOK_US : SETTLE_RING_US);
}
