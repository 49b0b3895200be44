/* Call progress in raw pieces: see progress.h.
 *
 * Every 20 ms a look of 40 ms, weighted like a raised cosine, gives the strength of every 25th hertz. A peak lies
 * in the middle of what is around it. Looks that say the same are one piece; a change counts when two
 * looks on end say it, so that the look that lies across it decides nothing. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "progress.h"

#define LOOK 320              /* samples */
#define STEP 160
#define STEP_MS 20
#define HZ 25                 /* from bin to bin */
#define FIRST 8               /* 200 Hz */
#define BINS 75               /* up to 2,050 Hz */
#define LEAST_DBM0 (-43.0)
#define SAME_HZ 30.0
#define SECOND_DB 12.0
#define PURITY 0.8            /* share of the energy that lies within 50 Hz of the peaks */

struct look {
    int kind;
    double hz[2], dbm0;
};

struct progress {
    float pcm[LOOK];
    int filled;
    struct look now, next;    /* next: differs from now, seen once */
    int steps, next_steps, told_long;
    double hz_sum[2], dbm0_sum;
    int summed;
};

static float window[LOOK], cosine[BINS];

struct progress *progress_new(void)
{
    if (window[LOOK / 2] == 0) {
        for (int b = 0; b < BINS; b++)
            cosine[b] = (float)(2 * cos(2 * M_PI * (FIRST + b) * HZ / 8000));
        for (int i = 0; i < LOOK; i++)
            window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / LOOK));
    }
    return calloc(1, sizeof(struct progress));
}

void progress_free(struct progress *progress)
{
    free(progress);
}

static double decibel(double power)
{
    return 10 * log10(power + 1e-12);
}

/* Amplitude of every bin, in parts of 0 dBm0. Returns the power of all, 1 for 0 dBm0. */
static double measure(const float *pcm, double *bins)
{
    float sound[LOOK];
    double power = 0;
    for (int i = 0; i < LOOK; i++) {
        power += (double)pcm[i] * pcm[i] * window[i];
        sound[i] = pcm[i] * window[i];
    }
    for (int b = 0; b < BINS; b++) {
        float one = 0, two = 0; /* Goertzel */
        for (int i = 0; i < LOOK; i++) {
            float next = sound[i] + cosine[b] * one - two;
            two = one;
            one = next;
        }
        double square = (double)one * one + (double)two * two - (double)cosine[b] * one * two;
        bins[b] = sqrt(square > 0 ? square : 0) * 4 / LOOK / G711_PEAK_0DBM0;
    }
    return power * 4 / LOOK / G711_PEAK_0DBM0 / G711_PEAK_0DBM0;
}

static int strongest(const double *bins, int not_near)
{
    int best = -1;
    for (int b = 1; b < BINS - 1; b++)
        if (bins[b] >= bins[b - 1] && bins[b] > bins[b + 1] && (not_near < 0 || abs(b - not_near) >= 3) &&
            (best < 0 || bins[b] > bins[best]))
            best = b;
    return best;
}

/* The frequency of a peak, and the power around it: centre and sum of what lies within two bins. */
static double place(const double *bins, int at, double *power)
{
    double centre = 0, sum = 0;
    for (int b = at < 2 ? 0 : at - 2; b <= at + 2 && b < BINS; b++) {
        sum += bins[b] * bins[b];
        centre += b * bins[b] * bins[b];
    }
    *power = sum / 1.5; /* the neighbours' share comes to half of it again */
    return HZ * (FIRST + centre / sum);
}

static struct look judge(const float *pcm)
{
    double bins[BINS], first = 0, second = 0, power = measure(pcm, bins);
    struct look look = {PROGRESS_SILENCE, {0, 0}, decibel(power)};
    if (look.dbm0 < LEAST_DBM0)
        return look;
    look.kind = PROGRESS_SOUND;
    int one = strongest(bins, -1), two = one < 0 ? -1 : strongest(bins, one);
    if (one < 0)
        return look;
    double hz = place(bins, one, &first), other = two < 0 ? 0 : place(bins, two, &second);
    if (decibel(second) < decibel(first) - SECOND_DB)
        other = second = 0;
    if (first + second < PURITY * power)
        return look;
    look.kind = PROGRESS_TONE;
    look.hz[0] = other > 0 && other < hz ? other : hz;
    look.hz[1] = other > 0 && other < hz ? hz : other;
    return look;
}

static int same(const struct look *a, const struct look *b)
{
    return a->kind == b->kind && fabs(a->hz[0] - b->hz[0]) < SAME_HZ && fabs(a->hz[1] - b->hz[1]) < SAME_HZ;
}

static void sum(struct progress *progress, const struct look *look)
{
    progress->hz_sum[0] += look->hz[0];
    progress->hz_sum[1] += look->hz[1];
    progress->dbm0_sum += look->dbm0;
    progress->summed++;
}

static void report(const struct progress *progress, struct progress_segment *out)
{
    int count = progress->summed > 0 ? progress->summed : 1;
    *out = (struct progress_segment){progress->now.kind, progress->steps * STEP_MS,
                                     {progress->hz_sum[0] / count, progress->hz_sum[1] / count},
                                     progress->dbm0_sum / count};
}

/* The look that differed was the first of a new piece. */
static void change(struct progress *progress, const struct look *look)
{
    progress->now = *look;
    progress->steps = progress->next_steps + 1;
    progress->next_steps = progress->told_long = progress->summed = 0;
    progress->hz_sum[0] = progress->hz_sum[1] = progress->dbm0_sum = 0;
    sum(progress, look);
}

static int step(struct progress *progress, const struct look *look, struct progress_segment *out)
{
    if (same(look, &progress->now)) {
        progress->steps += progress->next_steps + 1;
        progress->next_steps = 0;
        sum(progress, look);
        if (progress->told_long || progress->steps * STEP_MS < PROGRESS_LONG_MS)
            return 0;
        progress->told_long = 1;
        report(progress, out);
        return 1;
    }
    if (progress->next_steps == 0 || !same(look, &progress->next)) {
        progress->next = *look;
        progress->next_steps++;
        if (progress->next_steps < 3)
            return 0;
        if (progress->now.kind == PROGRESS_SOUND) {
            progress->steps += progress->next_steps;
            progress->next_steps = 0;
            return 0;
        }
        progress->next = (struct look){PROGRESS_SOUND, {0, 0}, look->dbm0}; /* nothing lasts: it is sound */
    }
    report(progress, out);
    struct look begun = progress->next;
    change(progress, &begun);
    return 1;
}

int progress_feed(struct progress *progress, const int16_t *pcm, int count, struct progress_segment *out)
{
    int told = 0;
    for (int i = 0; i < count; i++) {
        progress->pcm[progress->filled++] = pcm[i];
        if (progress->filled < LOOK)
            continue;
        struct look look = judge(progress->pcm);
        memmove(progress->pcm, progress->pcm + STEP, sizeof progress->pcm / 2);
        progress->filled = LOOK - STEP;
        told |= step(progress, &look, out);
    }
    return told;
}
