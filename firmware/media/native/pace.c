/* How fast the far end's clock runs: see drift.h.
 *
 * The least delay of 4 s hardly knows jitter; its slow movement is drift. Delays come in steps of 5 ms, so
 * one step proves nothing: the second one in the same direction tells the speed. From then on a
 * slow loop (minutes) keeps the delay where it is. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drift.h"

#define WINDOW_BLOCKS 800
#define WINDOW_SAMPLES (WINDOW_BLOCKS * DRIFT_BLOCK)
#define ENOUGH 20            /* packets in a window that say something */
#define ROUTE_SAMPLES 200    /* moved by more in one window: another way through the network */
#define STEP_SAMPLES 30      /* nearly a step */
#define TWO_SAMPLES 70
#define LEAST_WINDOWS 3      /* from step to step; faster is no clock */
#define MOST 500e-6          /* no crystal is further off */
#define GAIN 3e-6          /* excess for each sample that the delay is off */
#define SLOW_GAIN 0.1e-6    /* and for each window that it stays so */

void pace_reset(struct pace *pace)
{
    memset(pace, 0, sizeof *pace);
    pace->lowest = INT_MAX;
}

void pace_note(struct pace *pace, int delay)
{
    pace->packets++;
    if (delay < pace->lowest)
        pace->lowest = delay;
}

static double limited(double excess)
{
    return excess > MOST ? MOST : excess < -MOST ? -MOST : excess;
}

/* lead: samples that the far clock is ahead of where ours expected it. */
static void discover(struct pace *pace, int lead)
{
    pace->windows++;
    if (abs(lead) < STEP_SAMPLES || (pace->moved_by > 0) != (lead > 0)) {
        pace->moved_by = abs(lead) < STEP_SAMPLES ? 0 : lead;
        pace->windows = 0;
    } else if (abs(lead) >= TWO_SAMPLES && pace->windows >= LEAST_WINDOWS && lead != pace->moved_by) {
        pace->excess = pace->settled =
            limited((double)(lead - pace->moved_by) / ((double)pace->windows * WINDOW_SAMPLES));
        pace->known = 1;
    }
}

static void judge(struct pace *pace)
{
    int lead = pace->reference - pace->lowest, moved = pace->lowest - pace->before;
    pace->before = pace->lowest;
    if (!pace->begun || abs(moved) > ROUTE_SAMPLES) {
        pace->begun = 1;
        pace->reference = pace->lowest;
        pace->moved_by = pace->windows = 0;
        pace->excess = pace->settled;
    } else if (!pace->known) {
        discover(pace, lead);
    } else {
        pace->settled = limited(pace->settled + SLOW_GAIN * lead);
        pace->excess = limited(pace->settled + GAIN * lead);
    }
}

void pace_block(struct pace *pace)
{
    if (++pace->blocks < WINDOW_BLOCKS)
        return;
    if (pace->packets >= ENOUGH)
        judge(pace);
    pace->blocks = pace->packets = 0;
    pace->lowest = INT_MAX;
}
