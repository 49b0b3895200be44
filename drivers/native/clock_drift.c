#include <string.h>

#include "clock_drift.h"

void clock_drift_start(struct clock_drift *drift, double block_us, int window_blocks)
{
    memset(drift, 0, sizeof *drift);
    drift->block_us = block_us;
    drift->window_blocks = window_blocks;
}

void clock_drift_feed(struct clock_drift *drift, int blocks, double now_us)
{
    long long before = drift->blocks;
    drift->blocks += blocks;
    double offset_us = now_us - (double)drift->blocks * drift->block_us;
    int first = before % drift->window_blocks == 0;
    if (first || offset_us < drift->earliest_us)
        drift->earliest_us = offset_us;
    if (before / drift->window_blocks == drift->blocks / drift->window_blocks)
        return;
    int slot = drift->windows++ % CLOCK_DRIFT_WINDOWS;
    drift->offset_us[slot] = drift->earliest_us;
    drift->at_block[slot] = drift->blocks;
    drift->earliest_us = offset_us;
}

double clock_drift_ppm(const struct clock_drift *drift)
{
    if (drift->windows < 2)
        return 0.0;
    int newest = (drift->windows - 1) % CLOCK_DRIFT_WINDOWS;
    int oldest = drift->windows > CLOCK_DRIFT_WINDOWS ? drift->windows % CLOCK_DRIFT_WINDOWS : 0;
    double nominal_us = (double)(drift->at_block[newest] - drift->at_block[oldest]) * drift->block_us;
    double late_us = drift->offset_us[newest] - drift->offset_us[oldest];
    return -late_us / (nominal_us + late_us) * 1e6;
}
