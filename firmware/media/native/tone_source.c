/* Call tone and digits of one endpoint: see tone_source.h. Time is counted in blocks of 5 ms. */
#include "tone_source.h"

#include <stdlib.h>
#include <string.h>

#include "tone.h"

#define BLOCK_SAMPLES 40
#define BLOCK_MS 5
#define QUEUE 32
#define LEAST_MS 40
#define GAP_MS 50
#define LAG_MS 40 /* so that the end is known in time though its first packet is lost */

struct queued {
    char digit;
    int ms;
};

struct tone_source {
    struct tone *tone;
    struct tone *pair;
    int tone_on;
    int pair_on;
    struct queued queue[QUEUE];
    int first, count;       /* the first is the one that sounds while pair_on */
    int played_ms, gap_ms;
    int16_t *clip;
    int clip_samples, clip_at;
};

struct tone_source *tone_source_new(void)
{
    struct tone_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    source->tone = tone_new();
    source->pair = tone_new();
    if (!source->tone || !source->pair) {
        tone_source_free(source);
        return NULL;
    }
    return source;
}

void tone_source_free(struct tone_source *source)
{
    if (!source)
        return;
    tone_free(source->tone);
    tone_free(source->pair);
    free(source->clip);
    free(source);
}

int tone_source_play(struct tone_source *source, const struct tone_spec *spec)
{
    int failed = tone_start(source->tone, spec);
    source->tone_on = !failed || source->tone_on;
    return failed;
}

void tone_source_stop(struct tone_source *source)
{
    tone_stop(source->tone);
}

int16_t *tone_source_clip(struct tone_source *source, int16_t *pcm, int samples)
{
    int16_t *before = source->clip;
    source->clip = pcm;
    source->clip_samples = pcm ? samples : 0;
    source->clip_at = 0;
    return before;
}

int tone_source_digit(struct tone_source *source, char digit, int ms)
{
    struct tone_spec spec;
    if (source->count == QUEUE || tone_digit(&spec, digit, 1) != 0)
        return -1;
    if (ms != DIGIT_UNTIL_ENDED && ms < LEAST_MS)
        ms = LEAST_MS;
    if (ms == DIGIT_UNTIL_ENDED && source->count == 0 && source->gap_ms < LAG_MS)
        source->gap_ms = LAG_MS;
    source->queue[(source->first + source->count++) % QUEUE] = (struct queued){digit, ms};
    return 0;
}

void tone_source_end_digit(struct tone_source *source, int ms)
{
    for (int i = source->count - 1; i >= 0; i--) {
        struct queued *item = &source->queue[(source->first + i) % QUEUE];
        if (item->ms == DIGIT_UNTIL_ENDED) {
            item->ms = ms < LEAST_MS ? LEAST_MS : ms;
            return;
        }
    }
}

int tone_source_busy(const struct tone_source *source)
{
    return source->count > 0 || source->tone_on || tone_source_in_clip(source);
}

int tone_source_in_clip(const struct tone_source *source)
{
    return source->clip_at < source->clip_samples;
}

int tone_source_in_digit(const struct tone_source *source)
{
    return source->count > 0;
}

/* One block of the digit at the head of the queue, or of the gap after the one before it. */
static void digit_block(struct tone_source *source, int16_t *pcm)
{
    struct queued *item = &source->queue[source->first];
    if (source->gap_ms > 0) {
        source->gap_ms -= BLOCK_MS;
        memset(pcm, 0, sizeof(int16_t) * BLOCK_SAMPLES);
        return;
    }
    if (!source->pair_on) {
        struct tone_spec spec;
        tone_digit(&spec, item->digit, TONE_FOR_EVER);
        tone_start(source->pair, &spec);
        source->pair_on = 1;
        source->played_ms = 0;
    }
    source->played_ms += BLOCK_MS;
    if (item->ms != DIGIT_UNTIL_ENDED && source->played_ms >= item->ms) {
        tone_stop(source->pair); /* this block is the fade */
        source->pair_on = 0;
        source->first = (source->first + 1) % QUEUE;
        source->count--;
        source->gap_ms = GAP_MS;
    }
    tone_block(source->pair, pcm, BLOCK_SAMPLES);
}

static void clip_block(struct tone_source *source, int16_t *pcm)
{
    int left = source->clip_samples - source->clip_at;
    int count = left < BLOCK_SAMPLES ? left : BLOCK_SAMPLES;
    memset(pcm, 0, sizeof(int16_t) * BLOCK_SAMPLES);
    memcpy(pcm, source->clip + source->clip_at, sizeof(int16_t) * (size_t)count);
    source->clip_at += count;
}

int tone_source_block(struct tone_source *source, int16_t *pcm)
{
    if (tone_source_in_clip(source)) {
        clip_block(source, pcm);
        return 1;
    }
    if (source->count > 0) {
        digit_block(source, pcm);
        return 1;
    }
    if (source->gap_ms > 0)
        source->gap_ms -= BLOCK_MS;
    if (!source->tone_on)
        return 0;
    source->tone_on = tone_block(source->tone, pcm, BLOCK_SAMPLES);
    return source->tone_on;
}
