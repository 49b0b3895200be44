/* Jitter buffer: see jitter.h. `margin` is how many samples before its turn a packet arrives. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "jitter.h"

#define RING 4096           /* samples, 512 ms; a power of two */
#define START_MARGIN 240    /* 30 ms for the first packet */
#define KEEP_MARGIN 80      /* 10 ms: what the smallest margin is trimmed down to */
#define GROW_MARGIN 40      /* spare time added beyond what a late packet lacked */
#define WINDOW_BLOCKS 400   /* 2 s; the two last windows decide about shrinking */
#define HISTORY 160         /* samples replayed in concealment */
#define FADE_SAMPLES 480    /* concealment is silent after 60 ms */

struct jitter {
    int law;
    int started;
    int strays;              /* packets in a row out of reach */
    uint32_t play;           /* timestamp of the next sample to come out */
    int window_blocks;
    int margin_now;          /* smallest margin of this window, and of the last */
    int margin_before;
    int gap;                 /* samples concealed in this gap, FADE_SAMPLES at most */
    long concealed;
    int16_t history[HISTORY]; /* the newest last */
    uint8_t octets[RING];
    uint8_t valid[RING];
};

struct jitter *jitter_new(void)
{
    struct jitter *jitter = calloc(1, sizeof *jitter);
    if (jitter)
        jitter_reset(jitter, G711_A);
    return jitter;
}

void jitter_free(struct jitter *jitter)
{
    free(jitter);
}

void jitter_reset(struct jitter *jitter, int law)
{
    long concealed = jitter->concealed;
    memset(jitter, 0, sizeof *jitter);
    jitter->law = law;
    jitter->concealed = concealed;
    jitter->margin_now = jitter->margin_before = RING;
}

static void anchor(struct jitter *jitter, uint32_t timestamp)
{
    memset(jitter->valid, 0, RING);
    jitter->play = timestamp - START_MARGIN;
    jitter->gap = FADE_SAMPLES; /* silence, not a hole to be filled */
    jitter->started = 1;
    jitter->strays = 0;
    jitter->window_blocks = 0;
    jitter->margin_now = jitter->margin_before = RING;
}

static void store(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count)
{
    int at = (int)(timestamp & (RING - 1));
    int first = count < RING - at ? count : RING - at;
    memcpy(jitter->octets + at, octets, (size_t)first);
    memset(jitter->valid + at, 1, (size_t)first);
    memcpy(jitter->octets, octets + first, (size_t)(count - first));
    memset(jitter->valid, 1, (size_t)(count - first));
}

int jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count)
{
    if (count <= 0 || count > RING / 4)
        return 0;
    if (!jitter->started)
        anchor(jitter, timestamp);
    int margin = (int)(int32_t)(timestamp - jitter->play);
    if (margin < -JITTER_MAX_DELAY || margin > RING - count) {
        if (++jitter->strays < 2)
            return 0;
        anchor(jitter, timestamp); /* the sender started anew */
        margin = START_MARGIN;
    }
    jitter->strays = 0;
    if (margin < 0) {
        if (jitter_delay(jitter) - margin + GROW_MARGIN > JITTER_MAX_DELAY)
            return 0;
        jitter->play = timestamp - GROW_MARGIN;
        jitter->margin_now = jitter->margin_before = GROW_MARGIN;
        margin = GROW_MARGIN;
    }
    if (margin < jitter->margin_now)
        jitter->margin_now = margin;
    store(jitter, timestamp, octets, count);
    return 1;
}

/* Takes one block out of the ring; samples not there are marked in `missing`. Returns how many are there. */
static int take(struct jitter *jitter, uint8_t *out, uint8_t *missing)
{
    int there = 0;
    for (int i = 0; i < JITTER_BLOCK; i++) {
        int at = (int)((jitter->play + (uint32_t)i) & (RING - 1));
        missing[i] = !jitter->valid[at];
        out[i] = jitter->octets[at];
        there += jitter->valid[at];
        jitter->valid[at] = 0;
    }
    jitter->play += JITTER_BLOCK;
    return there;
}

/* The next concealed sample: the history to and fro, so that there is never a step, fading. */
static int conceal(struct jitter *jitter)
{
    int gap = jitter->gap++;
    if (gap >= FADE_SAMPLES) {
        jitter->gap = FADE_SAMPLES;
        return 0;
    }
    int turn = gap % (2 * HISTORY);
    int at = turn < HISTORY ? HISTORY - 1 - turn : turn - HISTORY;
    return jitter->history[at] * (FADE_SAMPLES - gap) / FADE_SAMPLES;
}

static void remember(struct jitter *jitter, const int16_t *pcm)
{
    memmove(jitter->history, jitter->history + JITTER_BLOCK, sizeof(int16_t) * (HISTORY - JITTER_BLOCK));
    memcpy(jitter->history + HISTORY - JITTER_BLOCK, pcm, sizeof(int16_t) * JITTER_BLOCK);
}

/* A block in or just after a gap: missing samples are concealed, the first ones after it faded in. */
static void mend(struct jitter *jitter, uint8_t *out, const uint8_t *missing)
{
    int fade_in = jitter->gap > 0 && jitter->gap < FADE_SAMPLES ? JITTER_BLOCK : 0;
    for (int i = 0; i < JITTER_BLOCK; i++) {
        int real = g711_decode(jitter->law, out[i]);
        int sample = real;
        if (missing[i]) {
            sample = conceal(jitter);
            fade_in = JITTER_BLOCK;
        } else if (fade_in > 0) {
            sample = (conceal(jitter) * fade_in + real * (JITTER_BLOCK - fade_in)) / JITTER_BLOCK;
            fade_in--;
        }
        out[i] = g711_encode(jitter->law, (int16_t)sample);
    }
}

/* Drops one block without a click: this block fades into the next. */
static void shrink(struct jitter *jitter, uint8_t *out)
{
    uint8_t next[JITTER_BLOCK], missing[JITTER_BLOCK];
    if (take(jitter, next, missing) < JITTER_BLOCK)
        return; /* the loss is shorter by a block, which is as good */
    for (int i = 0; i < JITTER_BLOCK; i++) {
        int from = g711_decode(jitter->law, out[i]), to = g711_decode(jitter->law, next[i]);
        out[i] = g711_encode(jitter->law, (int16_t)((from * (JITTER_BLOCK - i) + to * i) / JITTER_BLOCK));
    }
}

/* Once per window: is there a block to spare? */
static int may_shrink(struct jitter *jitter)
{
    if (++jitter->window_blocks < WINDOW_BLOCKS)
        return 0;
    int spare = jitter_delay(jitter) - KEEP_MARGIN;
    jitter->window_blocks = 0;
    jitter->margin_before = jitter->margin_now;
    jitter->margin_now = RING;
    if (spare < JITTER_BLOCK || spare > JITTER_MAX_DELAY)
        return 0;
    jitter->margin_before -= JITTER_BLOCK;
    jitter->window_blocks = WINDOW_BLOCKS - 20; /* more to spare: again in 100 ms */
    return 1;
}

int jitter_get(struct jitter *jitter, uint8_t *out)
{
    uint8_t missing[JITTER_BLOCK];
    if (!jitter->started) {
        memset(out, g711_idle(jitter->law), JITTER_BLOCK);
        return 0;
    }
    int there = take(jitter, out, missing);
    int exact = there == JITTER_BLOCK && (jitter->gap == 0 || jitter->gap == FADE_SAMPLES);
    if (!exact)
        mend(jitter, out, missing);
    jitter->concealed += there == 0;
    if (there == JITTER_BLOCK) {
        int16_t pcm[JITTER_BLOCK];
        g711_decode_block(jitter->law, out, pcm, JITTER_BLOCK);
        remember(jitter, pcm);
        jitter->gap = 0;
    }
    if (may_shrink(jitter) && there == JITTER_BLOCK) {
        shrink(jitter, out);
        exact = 0;
    }
    return exact;
}

int jitter_delay(const struct jitter *jitter)
{
    return jitter->margin_now < jitter->margin_before ? jitter->margin_now : jitter->margin_before;
}

long jitter_concealed(const struct jitter *jitter)
{
    return jitter->concealed;
}
