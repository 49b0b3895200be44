/* Sequence numbers, loss and jitter of one sender: see reception.h. */
#include "reception.h"

#include <stdlib.h>

#define MAX_DROPOUT 3000 /* RFC 3550 A.1: a larger step needs two packets to be believed */
#define MAX_MISORDER 100
#define SEEN_BITS 32

static int start(struct reception *reception, const struct rtp_view *view, long long now_us)
{
    if (reception->started)
        reception->lost_before = reception_lost(reception);
    reception->started = 1;
    reception->ssrc = view->ssrc;
    reception->highest = reception->base = view->sequence;
    reception->here = 1;
    reception->seen = 1;
    reception->jumped = 0;
    reception->jitter = 0;
    reception->transit = (uint32_t)(now_us / 125) - view->timestamp;
    reception->expected_reported = reception->here_reported = 0;
    reception->received++;
    reception->last_us = now_us;
    return RECEPTION_ANEW;
}

static int behind(struct reception *reception, int step)
{
    if (step < SEEN_BITS) {
        uint32_t bit = 1u << step;
        if (reception->seen & bit) {
            reception->duplicates++;
            return RECEPTION_DROP;
        }
        reception->seen |= bit;
    }
    return RECEPTION_TAKE;
}

static int believe_jump(struct reception *reception, const struct rtp_view *view)
{
    if (reception->jumped && view->sequence == reception->jumped_to)
        return 1;
    reception->jumped = 1;
    reception->jumped_to = (uint16_t)(view->sequence + 1);
    return 0;
}

static void note_arrival(struct reception *reception, const struct rtp_view *view, long long now_us)
{
    uint32_t transit = (uint32_t)(now_us / 125) - view->timestamp;
    int32_t change = (int32_t)(transit - reception->transit);
    reception->transit = transit;
    if (abs(change) < 8000 * 4) /* a pause or a new time line is no jitter */
        reception->jitter += (abs(change) - reception->jitter) / 16;
    if (now_us - reception->last_us > reception->max_gap_us)
        reception->max_gap_us = now_us - reception->last_us;
    reception->last_us = now_us;
    reception->received++;
    reception->here++;
}

int reception_note(struct reception *reception, const struct rtp_view *view, long long now_us)
{
    if (!reception->started || view->ssrc != reception->ssrc)
        return start(reception, view, now_us);
    int step = (int16_t)(view->sequence - (uint16_t)reception->highest);
    if (step > MAX_DROPOUT || step < -MAX_MISORDER) {
        if (!believe_jump(reception, view))
            return RECEPTION_DROP;
        return start(reception, view, now_us);
    }
    reception->jumped = 0;
    if (step <= 0) {
        if (behind(reception, -step) == RECEPTION_DROP)
            return RECEPTION_DROP;
    } else {
        reception->highest += (uint32_t)step;
        reception->seen = step < SEEN_BITS ? reception->seen << step | 1 : 1;
    }
    note_arrival(reception, view, now_us);
    return RECEPTION_TAKE;
}

long reception_lost(const struct reception *reception)
{
    if (!reception->started)
        return 0;
    long lost = (long)(reception->highest - reception->base + 1) - (long)reception->here;
    return reception->lost_before + (lost > 0 ? lost : 0);
}

int reception_fraction(struct reception *reception)
{
    uint32_t expected = reception->highest - reception->base + 1;
    long due = (long)expected - (long)reception->expected_reported;
    long lost = due - ((long)reception->here - (long)reception->here_reported);
    reception->expected_reported = expected;
    reception->here_reported = reception->here;
    return due > 0 && lost > 0 ? (int)(lost * 256 / due > 255 ? 255 : lost * 256 / due) : 0;
}
