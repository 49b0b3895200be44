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
#define PURITY 0.8            /* share of the energy that lies around the peaks */
#define NEAR 2                /* bins around each of one or two peaks */
#define LUMP 4                /* around the middle of two tones, or of one and its side bands, too near to be told apart */

struct look {
    int kind;
    double hz[2], dbm0;
    double centre;            /* of a tone: the middle of its energy, Hz */
};

struct progress {
    float pcm[LOOK];
    int filled;
    struct look now, next;    /* next: differs from now, seen once */
    int steps, next_steps, told_long;
    double hz_sum[2], centre_sum, dbm0_sum;
    int summed, pairs;        /* looks so far; those that saw two frequencies */
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

/* Amplitude of every bin, in parts of 0 dBm0. Returns the power of all, 1 for 0 dBm0; in_bins: as much as the bins
 * share, which is less where sound lies at the look's ends. */
static double measure(const float *pcm, double *bins, double *in_bins)
{
    float sound[LOOK];
    double power = 0, weighted = 0;
    for (int i = 0; i < LOOK; i++) {
        power += (double)pcm[i] * pcm[i] * window[i];
        sound[i] = pcm[i] * window[i];
        weighted += (double)sound[i] * sound[i];
    }
    *in_bins = weighted * 16 / 3 / LOOK / G711_PEAK_0DBM0 / G711_PEAK_0DBM0;
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

/* The frequency of a peak, and the power around it: centre and sum of what lies within so many bins. */
static double place(const double *bins, int at, int reach, double *power)
{
    double centre = 0, sum = 0;
    for (int b = at < reach ? 0 : at - reach; b <= at + reach && b < BINS; b++) {
        sum += bins[b] * bins[b];
        centre += b * bins[b] * bins[b];
    }
    *power = sum / 1.5; /* the neighbours' share comes to half of it again */
    return HZ * (FIRST + centre / sum);
}

/* Of the half of a look that lies in its middle: what only begins or ends in it decides nothing. */
static double middle_dbm0(const float *pcm)
{
    double power = 0;
    for (int i = LOOK / 4; i < 3 * LOOK / 4; i++)
        power += (double)pcm[i] * pcm[i];
    return decibel(power * 4 / LOOK / G711_PEAK_0DBM0 / G711_PEAK_0DBM0);
}

/* A modulated tone has the same on both sides of it. */
static int is_side_band(const double *bins, int carrier, int side)
{
    int other = 2 * carrier - side;
    return other >= 0 && other < BINS && bins[other] > bins[side] / 2 && bins[side] < bins[carrier];
}

static struct look judge(const float *pcm)
{
    double bins[BINS], first = 0, second = 0, in_bins, power = measure(pcm, bins, &in_bins);
    struct look look = {PROGRESS_SILENCE, {0, 0}, middle_dbm0(pcm), 0};
    if (look.dbm0 < LEAST_DBM0)
        return look;
    look.dbm0 = decibel(power);
    look.kind = PROGRESS_SOUND;
    int one = strongest(bins, -1), two = one < 0 ? -1 : strongest(bins, one);
    if (one < 0)
        return look;
    double hz = place(bins, one, NEAR, &first), other = two < 0 ? 0 : place(bins, two, NEAR, &second);
    if (decibel(second) < decibel(first) - SECOND_DB) {
        other = second = 0;
        two = -1;
    }
    if (two >= 0 && is_side_band(bins, one, two)) {
        double third;
        place(bins, 2 * one - two, NEAR, &third);
        first += second + third;
        other = second = 0;
    } else if (first + second < PURITY * in_bins) {
        hz = place(bins, two >= 0 && abs(one - two) <= LUMP ? (one + two) / 2 : one, LUMP, &first);
        other = second = 0;
    }
    if (first + second < PURITY * in_bins)
        return look;
    look.kind = PROGRESS_TONE;
    look.centre = (hz * first + other * second) / (first + second);
    look.hz[0] = other > 0 && other < hz ? other : hz;
    look.hz[1] = other > 0 && other < hz ? hz : other;
    return look;
}

/* Two tones that are near each other beat: some looks see both, some the middle of them. */
static int same(const struct look *a, const struct look *b)
{
    return a->kind == b->kind && fabs(a->centre - b->centre) < SAME_HZ;
}

static void sum(struct progress *progress, const struct look *look)
{
    if (look->hz[1] > 0) {
        progress->hz_sum[0] += look->hz[0];
        progress->hz_sum[1] += look->hz[1];
        progress->pairs++;
    }
    progress->centre_sum += look->centre;
    progress->dbm0_sum += look->dbm0;
    progress->summed++;
}

static void report(const struct progress *progress, int lasts, struct progress_segment *out)
{
    int count = progress->summed > 0 ? progress->summed : 1, pairs = progress->pairs;
    *out = (struct progress_segment){progress->now.kind, progress->steps * STEP_MS, lasts,
                                     {progress->centre_sum / count, 0}, progress->dbm0_sum / count};
    if (2 * pairs > count) {
        out->hz[0] = progress->hz_sum[0] / pairs;
        out->hz[1] = progress->hz_sum[1] / pairs;
    }
}

/* The look that differed was the first of a new piece. */
static void change(struct progress *progress, const struct look *look)
{
    progress->now = *look;
    progress->steps = progress->next_steps + 1;
    progress->next_steps = progress->told_long = progress->summed = progress->pairs = 0;
    progress->hz_sum[0] = progress->hz_sum[1] = progress->centre_sum = progress->dbm0_sum = 0;
    sum(progress, look);
}

static int step(struct progress *progress, const struct look *look, struct progress_segment *out)
{
    if (same(look, &progress->now)) {
        progress->steps += progress->next_steps + 1;
        progress->next_steps = 0;
        sum(progress, look);
        int next = progress->told_long == 0 ? PROGRESS_LONG_MS : PROGRESS_LASTING_MS;
        if (progress->told_long == 2 || progress->steps * STEP_MS < next)
            return 0;
        progress->told_long++;
        report(progress, 1, out);
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
        progress->next = (struct look){PROGRESS_SOUND, {0, 0}, look->dbm0, 0}; /* nothing lasts: it is sound */
    }
    report(progress, 0, out);
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
