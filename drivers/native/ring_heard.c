#include <stdint.h>

#include "ring_heard.h"

#define POLL_US 2500       /* what polling every 2 ms may add to or take from a half-wave */
#define LOPSIDED_US 4500   /* two neighbours may differ by two polls, */
#define LOPSIDED_SHARE 4   /* or by this part of the longer one */
#define UNSEEN_US 6000     /* not looked at for so long, a half-wave may be any length */
#define SILENT_US 100000   /* no half-wave for so long: it has ended. Japan's slowest is 15 Hz, 33 ms */

void ring_reset(struct ring_heard *ring)
{
    ring->ringing = ring->half = ring->count = 0;
    ring->length_us = ring->good_us = ring->gap_us = 0;
}

static int fits(const struct ring_heard *ring, long long length_us)
{
    long long shortest_us = 500000 / ring->limits.highest_hz - POLL_US;
    long long longest_us = 500000 / ring->limits.lowest_hz + POLL_US;
    return length_us >= shortest_us && length_us <= longest_us;
}

static int alike(long long one_us, long long other_us)
{
    long long longer_us = one_us > other_us ? one_us : other_us, apart_us = longer_us - (one_us + other_us - longer_us);
    return apart_us <= LOPSIDED_US || apart_us <= longer_us / LOPSIDED_SHARE;
}

/* A half-wave has ended, and one of the other sign begins. */
static int next_half(struct ring_heard *ring, long long now_us, int *value)
{
    long long length_us = now_us - ring->half_us;
    if (ring->gap_us > UNSEEN_US) {
        ring->length_us = 0;
        return 0;
    }
    int good = fits(ring, length_us) && (!ring->length_us || alike(length_us, ring->length_us));
    if (!good || !ring->count) {
        ring->first_us = good ? ring->half_us : now_us;
        ring->good_us = ring->count = 0;
    }
    ring->count += good;
    ring->good_us += good ? length_us : 0;
    ring->length_us = good ? length_us : 0;
    if (ring->ringing || ring->good_us < ring->limits.confirm_ms * 1000LL)
        return 0;
    ring->ringing = 1;
    *value = (int)(ring->count * 5000000LL / ring->good_us);
    return RING_BEGAN;
}

int ring_feed(struct ring_heard *ring, long long now_us, int half, int *value)
{
    int event = 0;
    if (now_us - ring->fed_us > ring->gap_us)
        ring->gap_us = now_us - ring->fed_us;
    ring->fed_us = now_us;
    if (half && half != ring->half) {
        if (ring->half)
            event = next_half(ring, now_us, value);
        ring->half = half;
        ring->half_us = now_us;
        ring->gap_us = 0;
    } else if (ring->half && now_us - ring->half_us > SILENT_US) {
        int rang = ring->ringing;
        *value = (int)((ring->half_us - ring->first_us) / 1000);
        ring_reset(ring);
        return rang ? RING_ENDED : 0;
    }
    return event;
}
