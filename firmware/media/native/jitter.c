/* Jitter buffer: see jitter.h. `margin` is how many samples before its turn a packet arrives. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "g722.h"
#include "jitter.h"

#define RING 4096           /* samples, 512 ms; a power of two */
#define START_MARGIN 240    /* 30 ms for the first packet */
#define KEEP_MARGIN 80      /* 10 ms: what the smallest margin is trimmed down to */
#define GROW_MARGIN 40      /* spare time added beyond what a late packet lacked */
#define WINDOW_BLOCKS 400   /* 2 s; the two last windows decide about shrinking */
#define HISTORY 160         /* samples replayed in concealment */
#define FADE_SAMPLES 480    /* concealment is silent after 60 ms */

struct jitter {
    int codec;
    struct g722_in *decoder;
    int started;
    int strays;              /* packets in a row out of reach */
    uint32_t play;           /* timestamp of the next sample to come out */
    int window_blocks;
    int margin_now;          /* smallest margin of this window, and of the last */
    int margin_before;
    int gap;                 /* samples concealed in this gap, FADE_SAMPLES at most */
    long concealed;
    int noise;               /* its peak; 0: none */
    uint32_t noise_from;
    uint32_t dice;
    int16_t history[HISTORY]; /* the newest last */
    uint8_t octets[RING];
    uint8_t valid[RING];
};

/* One block out of the ring. */
struct piece {
    int there;               /* samples that were not missing */
    uint8_t octets[JITTER_BLOCK];
    uint8_t missing[JITTER_BLOCK];
    int16_t pcm[JITTER_BLOCK];
};

struct jitter *jitter_new(void)
{
    struct jitter *jitter = calloc(1, sizeof *jitter);
    if (jitter)
        jitter_reset(jitter, G711_A, NULL);
    return jitter;
}

void jitter_free(struct jitter *jitter)
{
    free(jitter);
}

void jitter_reset(struct jitter *jitter, int codec, struct g722_in *decoder)
{
    long concealed = jitter->concealed;
    memset(jitter, 0, sizeof *jitter);
    jitter->codec = codec;
    jitter->decoder = decoder;
    if (codec == G722)
        g722_in_reset(decoder);
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

void jitter_noise(struct jitter *jitter, uint32_t timestamp, int level)
{
    jitter->noise_from = timestamp;
    jitter->noise = (int)(32768 * sqrt(3) * pow(10, -level / 20.0)); /* even spread: 1.7 times its rms */
}

/* A block of G.722 with a hole in it is missed whole: it would not decode to what it was. */
static void take(struct jitter *jitter, struct piece *piece)
{
    piece->there = 0;
    for (int i = 0; i < JITTER_BLOCK; i++) {
        int at = (int)((jitter->play + (uint32_t)i) & (RING - 1));
        piece->missing[i] = !jitter->valid[at];
        piece->octets[i] = jitter->octets[at];
        piece->there += jitter->valid[at];
        jitter->valid[at] = 0;
    }
    jitter->play += JITTER_BLOCK;
    if (jitter->codec != G722) {
        g711_decode_block(jitter->codec, piece->octets, piece->pcm, JITTER_BLOCK);
    } else if (piece->there == JITTER_BLOCK) {
        g722_in_narrow(jitter->decoder, piece->octets, piece->pcm, JITTER_BLOCK);
    } else {
        piece->there = 0;
        memset(piece->missing, 1, JITTER_BLOCK);
    }
}

static int16_t clip(int sample)
{
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

static int noise(struct jitter *jitter)
{
    jitter->dice = jitter->dice * 1664525u + 1013904223u;
    return ((int)(jitter->dice >> 16) - 32768) * jitter->noise / 32768;
}

/* The next concealed sample: the history to and fro, so that there is never a step, fading into noise or silence. */
static int conceal(struct jitter *jitter)
{
    int gap = jitter->gap++, hiss = jitter->noise ? noise(jitter) : 0;
    if (gap >= FADE_SAMPLES) {
        jitter->gap = FADE_SAMPLES;
        return hiss;
    }
    int turn = gap % (2 * HISTORY);
    int at = turn < HISTORY ? HISTORY - 1 - turn : turn - HISTORY;
    return (jitter->history[at] * (FADE_SAMPLES - gap) + hiss * gap) / FADE_SAMPLES;
}

static void remember(struct jitter *jitter, const int16_t *pcm)
{
    memmove(jitter->history, jitter->history + JITTER_BLOCK, sizeof(int16_t) * (HISTORY - JITTER_BLOCK));
    memcpy(jitter->history + HISTORY - JITTER_BLOCK, pcm, sizeof(int16_t) * JITTER_BLOCK);
}

/* A block in or just after a gap: missing samples are concealed, the first ones after it faded in. */
static void mend(struct jitter *jitter, struct piece *piece)
{
    int fade_in = jitter->gap > 0 && jitter->gap < FADE_SAMPLES ? JITTER_BLOCK : 0;
    for (int i = 0; i < JITTER_BLOCK; i++) {
        int sample = piece->pcm[i];
        if (piece->missing[i]) {
            sample = conceal(jitter);
            fade_in = JITTER_BLOCK;
        } else if (fade_in > 0) {
            sample = (conceal(jitter) * fade_in + sample * (JITTER_BLOCK - fade_in)) / JITTER_BLOCK;
            fade_in--;
        }
        piece->pcm[i] = clip(sample);
    }
}

/* Drops one block without a click: this block fades into the next. */
static void shrink(struct jitter *jitter, int16_t *pcm)
{
    struct piece next;
    take(jitter, &next);
    if (next.there < JITTER_BLOCK)
        return; /* the loss is shorter by a block, which is as good */
    for (int i = 0; i < JITTER_BLOCK; i++)
        pcm[i] = (int16_t)((pcm[i] * (JITTER_BLOCK - i) + next.pcm[i] * i) / JITTER_BLOCK);
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

static void silence(struct jitter *jitter, int16_t *pcm)
{
    for (int i = 0; i < JITTER_BLOCK; i++)
        pcm[i] = jitter->noise ? clip(noise(jitter)) : 0;
}

int jitter_get(struct jitter *jitter, uint8_t *octets, int16_t *pcm)
{
    struct piece piece;
    if (!jitter->started) {
        silence(jitter, pcm);
        return 0;
    }
    take(jitter, &piece);
    int whole = piece.there == JITTER_BLOCK, exact = whole && (jitter->gap == 0 || jitter->gap == FADE_SAMPLES);
    if (!exact)
        mend(jitter, &piece);
    jitter->concealed += piece.there == 0 && !jitter->noise;
    if (whole) {
        remember(jitter, piece.pcm);
        jitter->gap = 0;
        if ((int32_t)(jitter->play - jitter->noise_from) > JITTER_BLOCK)
            jitter->noise = 0; /* the far end speaks again */
    }
    if (may_shrink(jitter) && whole) {
        shrink(jitter, piece.pcm);
        exact = 0;
    }
    memcpy(octets, piece.octets, JITTER_BLOCK);
    memcpy(pcm, piece.pcm, sizeof piece.pcm);
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
