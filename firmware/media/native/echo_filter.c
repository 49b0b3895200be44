/* The plain filter of an echo canceller: see echo_filter.h. */
#include "echo_filter.h"

#include <string.h>

void echo_filter_sent(struct echo_filter *filter, const int16_t *pcm)
{
    memmove(filter->past, filter->past + BLOCK_SAMPLES, sizeof *filter->past * FILTER_MOST_TAPS);
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        filter->past[FILTER_MOST_TAPS + i] = pcm[i];
}

const float *echo_filter_block(const struct echo_filter *filter)
{
    return filter->past + FILTER_MOST_TAPS;
}

void echo_filter_change(struct echo_filter *filter, const float *taps, int first, int count)
{
    if (count)
        memcpy(filter->next.tap + first, taps, sizeof *taps * count);
    filter->next.first = first;
    filter->next.last = first + count;
    filter->has_next = 1;
}

/* O3: sixteen samples at once, wherever the processor can. */
__attribute__((optimize("O3"))) static void sum_up(const float *past, const float *taps, int count, float *out)
{
    float sum[BLOCK_SAMPLES] = {0};
    for (int tap = 0; tap < count; tap++)
        for (int i = 0; i < BLOCK_SAMPLES; i++)
            sum[i] += taps[tap] * past[i - tap];
    memcpy(out, sum, sizeof sum);
}

static void convolve(const float *sent, const struct echo_response *response, float *out)
{
    sum_up(sent - response->first, response->tap + response->first, response->last - response->first, out);
}

void echo_filter_find(struct echo_filter *filter, float *found)
{
    float other[BLOCK_SAMPLES];
    const float *sent = echo_filter_block(filter);
    convolve(sent, &filter->now, found);
    if (!filter->has_next)
        return;
    convolve(sent, &filter->next, other);
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        found[i] += (other[i] - found[i]) * (float)(i + 1) / BLOCK_SAMPLES;
    filter->now = filter->next;
    filter->has_next = 0;
}
