/* Concealment: see plc.h. */
#include "plc.h"

#include <math.h>
#include <string.h>

#define SHORTEST 32          /* samples of a pitch period: 250 Hz; higher voices are met at two periods */
#define COMPARED 160         /* samples that are held against those a period before */
#define FULL_SAMPLES 80      /* the first 10 ms do not fade */
#define MORE_SAMPLES 80      /* then two periods are repeated: a lone one buzzes */
#define PERIODS 2
#define BEND_SAMPLES 16
#define FADE_IN_LEAST 32     /* 4 ms; half as long as the gap, at most: */
#define FADE_IN_MOST 80

void plc_reset(struct plc *plc)
{
    memset(plc, 0, sizeof *plc);
    plc->gap = PLC_FADED;
}

static void remember(struct plc *plc, const int16_t *pcm, int count)
{
    memmove(plc->history, plc->history + count, sizeof *pcm * (size_t)(PLC_HISTORY - count));
    memcpy(plc->history + PLC_HISTORY - count, pcm, sizeof *pcm * (size_t)count);
}

/* -- pitch -------------------------------------------------------------------------------- */

/* How alike the newest samples are to those `lag` before, every stride-th one: their normalised correlation. */
static float likeness(const struct plc *plc, int lag, int stride)
{
    const int16_t *now = plc->history + PLC_HISTORY - COMPARED, *then = now - lag;
    float product = 0, energy = 1;
    for (int i = 0; i < COMPARED; i += stride) {
        product += (float)now[i] * then[i];
        energy += (float)then[i] * then[i];
    }
    return product / sqrtf(energy);
}

static int best_lag(const struct plc *plc, int from, int to, int step, int stride)
{
    int best = from;
    float most = -1e30f;
    for (int lag = from; lag <= to; lag += step) {
        float score = likeness(plc, lag, stride);
        if (score > most) {
            most = score;
            best = lag;
        }
    }
    return best;
}

static int find_period(const struct plc *plc)
{
    int rough = best_lag(plc, SHORTEST, PLC_LONGEST, 2, 2);
    int from = rough > SHORTEST + 2 ? rough - 2 : SHORTEST, to = rough < PLC_LONGEST - 2 ? rough + 2 : PLC_LONGEST;
    return best_lag(plc, from, to, 1, 1);
}

/* -- concealment -------------------------------------------------------------------------- */

/* So many of the last periods, their end blended into what came before their beginning. */
static void make_loop(struct plc *plc, int periods)
{
    int length = periods * plc->period, seam = plc->period / 4;
    const int16_t *last = plc->history + PLC_HISTORY - length;
    memcpy(plc->loop, last, sizeof *last * (size_t)length);
    for (int i = 0; i < seam; i++)
        plc->loop[length - seam + i] =
            (int16_t)((last[length - seam + i] * (seam - i) + last[i - seam] * i) / seam);
    plc->length = length;
}

static void begin_gap(struct plc *plc)
{
    plc->period = find_period(plc);
    plc->bend = plc->history[PLC_HISTORY - 1] - plc->history[PLC_HISTORY - 1 - plc->period];
    make_loop(plc, 1);
    plc->at = 0;
}

/* One period more: the place in the pitch stays. */
static void lengthen(struct plc *plc)
{
    int periods = plc->length / plc->period + 1;
    int old = plc->loop[plc->at], in_period = plc->at % plc->period;
    if (periods > PERIODS)
        return;
    make_loop(plc, periods);
    plc->at = in_period;
    plc->bend = old - plc->loop[plc->at];
}

static int hiss(struct plc *plc)
{
    plc->dice = plc->dice * 1664525u + 1013904223u;
    return ((int)(plc->dice >> 16) - 32768) * plc->noise / 32768;
}

static int16_t clip(int sample)
{
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

static int16_t conceal(struct plc *plc)
{
    int noise = plc->noise ? hiss(plc) : 0;
    if (plc->gap >= PLC_FADED)
        return clip(noise);
    int since = plc->gap % MORE_SAMPLES;
    if (plc->gap == 0)
        begin_gap(plc);
    else if (since == 0 && !plc->hears)
        lengthen(plc);
    int sample = plc->loop[plc->at];
    if (since < BEND_SAMPLES)
        sample += plc->bend * (BEND_SAMPLES - since) / BEND_SAMPLES;
    plc->at = (plc->at + 1) % plc->length;
    int faded = plc->gap < FULL_SAMPLES ? 0 : plc->gap - FULL_SAMPLES, whole = PLC_FADED - FULL_SAMPLES;
    plc->gap++;
    return clip((sample * (whole - faded) + noise * faded) / whole);
}

void plc_fill(struct plc *plc, int16_t *pcm, int count)
{
    plc->hears = 0;
    for (int i = 0; i < count; i++)
        pcm[i] = conceal(plc);
    plc->fade_length = plc->gap / 2;
    if (plc->fade_length < FADE_IN_LEAST)
        plc->fade_length = FADE_IN_LEAST;
    if (plc->fade_length > FADE_IN_MOST)
        plc->fade_length = FADE_IN_MOST;
    plc->fade_in = plc->fade_length;
}

int plc_hear(struct plc *plc, int16_t *pcm, int count)
{
    int blends = plc_sounds(plc);
    plc->hears = 1;
    for (int i = 0; i < count && blends && plc->fade_in > 0; i++, plc->fade_in--)
        pcm[i] = (int16_t)((conceal(plc) * plc->fade_in + pcm[i] * (plc->fade_length - plc->fade_in)) /
                           plc->fade_length);
    if (plc->fade_in == 0 || !blends)
        plc->gap = plc->fade_in = 0;
    remember(plc, pcm, count);
    return !blends;
}

int plc_sounds(const struct plc *plc)
{
    return plc->gap > 0 && (plc->gap < PLC_FADED || plc->noise);
}
