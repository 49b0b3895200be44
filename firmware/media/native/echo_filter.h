/* The plain filter of an echo canceller: knows a response, finds the echo of what was sent block by block, and learns
 * nothing. Taps that are nothing before and behind those that are something cost nothing. */
#include "sound.h"

#define FILTER_MOST_TAPS 1024

struct echo_response {
    float tap[FILTER_MOST_TAPS];
    int first, last;           /* those from first to last - 1 count, the rest is not looked at */
};

struct echo_filter {
    float past[FILTER_MOST_TAPS + BLOCK_SAMPLES]; /* what was sent before, and at its end the block sent now */
    struct echo_response now, next; /* the one in use, and what takes its place in the next block */
    int has_next;
};

/* A block was sent. */
void echo_filter_sent(struct echo_filter *filter, const int16_t *pcm);
/* The block sent now; what was sent before lies in front of it. */
const float *echo_filter_block(const struct echo_filter *filter);
/* Use `count` taps, from tap `first` on, from the next block on. count 0: no echo. */
void echo_filter_change(struct echo_filter *filter, const float *taps, int first, int count);
/* The echo in this block; a new response is faded in. */
void echo_filter_find(struct echo_filter *filter, float *found);
