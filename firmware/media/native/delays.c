/* Delays of packets: see delays.h. */
#include "delays.h"

#include <string.h>

#define OUTLIERS_PER_1000 10  /* a growing delay, and what is rounded up, keep those that are late below this */
#define MOST_OUTLIERS (DELAYS_WINDOW * OUTLIERS_PER_1000 / 1000)

void delays_reset(struct delays *delays)
{
    memset(delays, 0, sizeof *delays);
}

static int16_t steps_of(int delay)
{
    int steps = (delay >= 0 ? delay : delay - (DELAYS_STEP - 1)) / DELAYS_STEP;
    return (int16_t)(steps > INT16_MAX ? INT16_MAX : steps < INT16_MIN ? INT16_MIN : steps);
}

/* Keeps `top`, the largest ones so far, in falling order. */
static void rank(int16_t *top, int count, int16_t value)
{
    int at = count;
    while (at > 0 && top[at - 1] < value)
        at--;
    for (int i = count - 1; i > at; i--)
        top[i] = top[i - 1];
    if (at < count)
        top[at] = value;
}

void delays_note(struct delays *delays, int delay)
{
    int16_t top[MOST_OUTLIERS + 1];
    delays->steps[delays->at] = steps_of(delay);
    delays->at = (delays->at + 1) % DELAYS_WINDOW;
    if (delays->count < DELAYS_WINDOW)
        delays->count++;
    int outliers = delays->count * OUTLIERS_PER_1000 / 1000;
    int16_t least = INT16_MAX;
    for (int i = 0; i <= MOST_OUTLIERS; i++)
        top[i] = INT16_MIN;
    for (int i = 0; i < delays->count; i++) {
        int16_t value = delays->steps[i];
        if (value > top[outliers])
            rank(top, outliers + 1, value);
        if (value < least)
            least = value;
    }
    delays->low = least * DELAYS_STEP;
    delays->high = top[outliers] * DELAYS_STEP + DELAYS_STEP - 1;
}
