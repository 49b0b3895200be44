/* How much faster a clock that counts blocks runs than the one that stamps their arrival.
 *
 * Arrivals are late by scheduling, never early; so the earliest arrival of each
 * window of blocks is compared with that of a window up to four minutes older.
 * Every highway keeps one. */
#define CLOCK_DRIFT_WINDOWS 64

struct clock_drift {
    double block_us;
    int window_blocks;
    long long blocks;         /* told so far */
    double earliest_us;       /* of this window: arrival minus nominal time */
    int windows;              /* finished so far */
    double offset_us[CLOCK_DRIFT_WINDOWS];
    long long at_block[CLOCK_DRIFT_WINDOWS];
};

void clock_drift_start(struct clock_drift *drift, double block_us, int window_blocks);
/* `blocks` more blocks are complete at now_us. */
void clock_drift_feed(struct clock_drift *drift, int blocks, double now_us);
/* Parts per million, positive when the counted clock is fast; 0 until two windows have passed. */
double clock_drift_ppm(const struct clock_drift *drift);
