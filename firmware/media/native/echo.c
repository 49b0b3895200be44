/* Echo canceller: see echo.h. Three parts. A learner (echo_learner.c) gets to know the line in frames of 20 ms. A plain
 * filter, which gets what was learnt only when that is better, takes the echo out block by block: nothing waits
 * for a frame, and while both ends speak, when every learner goes astray, it stays as it is. What it leaves is
 * turned down while only the far end speaks, to the line's own noise and no further. 2,100 Hz with phase
 * reversals switches all of it off.
 *
 * Measured against the learner alone in blocks of 5, 10 and 20 ms (the latter two make a call 5 and 15 ms longer):
 * seconds in which both spoke left those -4 to 15 dB at worst; this keeps 19 and more, for 0.025 ms of CPU in 20 ms
 * (64 ms of tail; the learner alone in blocks of 5 ms: 0.06 to 0.1). libspeexdsp's own suppressor of what is left works in
 * overlapping frames, later by one; ours is one gain and adds nothing. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "echo_learner.h"
#include "tone_disabler.h"

#define RATE_HZ 8000
#define MOST_TAPS (ECHO_MOST_MS * RATE_HZ / 1000)
#define HIGHWAY_BLOCKS 2       /* a block given comes back from the card two blocks later at the earliest */
#define DBM0_0 2.6054e8f       /* mean square of 0 dBm0 */
#define TALKING (DBM0_0 * 1e-5f)     /* -50 dBm0 */
#define IDLE 100.0f            /* an A-law silence is 8 and -8 */
#define ALONE 0.1f             /* -10 dB of the echo are left: the far end speaks alone */
#define TOGETHER 0.4f          /* -4 dB: somebody speaks here */
#define UNKNOWN 0.3f           /* -5 dB of what was sent */
#define LEAST_GAIN 0.1f
#define SYLLABLE 0.93f         /* how much of having heard somebody here lasts to the next block */
#define CLOSING 0.5f           /* how much of the way to a lower gain is gone in a block */

struct echo {
    struct echo_learner *learner;
    int tail_ms, taps;
    int16_t sent[HIGHWAY_BLOCKS][BLOCK_SAMPLES]; /* the oldest is what may come back now */
    float past[MOST_TAPS + BLOCK_SAMPLES];       /* what was sent before, and at its end that oldest block */
    float response[MOST_TAPS], next[MOST_TAPS];  /* the filter; what it becomes in the next block */
    int has_next, has_learnt;
    int idle_blocks;           /* nothing was sent for so long */
    struct tone_disabler modem;
    int bypassed;              /* the last block was left as it was */
    int linear;                /* nothing is turned down */
    float far, far_held;       /* power of what was sent: falls slowly, and more so */
    float echoed, left;        /* of the echo found, of what is left: likewise */
    float noise;               /* power of the line without anybody speaking */
    float spoken;              /* 0 to 1: somebody speaks here */
    float gain;
    float before, after;       /* powers with and without us, the far end speaking alone */
};

struct echo *echo_new(int tail_ms)
{
    struct echo *echo = calloc(1, sizeof *echo);
    if (!echo)
        return NULL;
    echo->tail_ms = tail_ms;
    echo->taps = tail_ms * RATE_HZ / 1000;
    echo->learner = echo_learner_new(echo->taps);
    if (!echo->learner) {
        free(echo);
        return NULL;
    }
    tone_disabler_init(&echo->modem);
    echo->gain = 1;
    echo->noise = DBM0_0 * 1e-6f;
    return echo;
}

void echo_free(struct echo *echo)
{
    if (!echo)
        return;
    echo_learner_free(echo->learner);
    free(echo);
}

static float power_of(const int16_t *pcm)
{
    float sum = 0;
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        sum += (float)pcm[i] * (float)pcm[i];
    return sum / BLOCK_SAMPLES;
}

/* -- the filter ----------------------------------------------------------------------------- */

/* O3: sixteen samples at once, wherever the processor can. */
__attribute__((optimize("O3"))) static void convolve(const float *past, const float *response, int taps, float *out)
{
    float sum[BLOCK_SAMPLES] = {0};
    for (int tap = 0; tap < taps; tap++)
        for (int i = 0; i < BLOCK_SAMPLES; i++)
            sum[i] += response[tap] * past[i - tap];
    memcpy(out, sum, sizeof sum);
}

/* The echo in this block; a new filter is faded in. */
static void find(struct echo *echo, float *found)
{
    float other[BLOCK_SAMPLES];
    const float *now = echo->past + MOST_TAPS;
    convolve(now, echo->response, echo->taps, found);
    if (!echo->has_next)
        return;
    convolve(now, echo->next, echo->taps, other);
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        found[i] += (other[i] - found[i]) * (float)(i + 1) / BLOCK_SAMPLES;
    memcpy(echo->response, echo->next, sizeof echo->response);
    echo->has_next = 0;
}

static void change(struct echo *echo, int verdict)
{
    if (verdict == LEARNER_STAY)
        return;
    echo->has_learnt = verdict == LEARNER_BETTER;
    echo->has_next = 1;
    if (echo->has_learnt)
        echo_learner_response(echo->learner, echo->next);
    else
        memset(echo->next, 0, sizeof echo->next);
}

static void remember_sent(struct echo *echo)
{
    memmove(echo->past, echo->past + BLOCK_SAMPLES, sizeof *echo->past * MOST_TAPS);
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        echo->past[MOST_TAPS + i] = echo->sent[0][i];
}

/* -- what the filter leaves ----------------------------------------------------------------- */

static float fallen(float level, float now, float keep)
{
    return now > level ? now : level * keep + now * (1 - keep);
}

/* How much of what is left is somebody speaking here: 0 nothing, 1 all. Before the line is known, what could be an
 * echo of 6 dB loss is taken for one: the first second or two of a line's first call go one way at a time. */
static float spoken_here(const struct echo *echo)
{
    if (!echo_learner_is_sure(echo->learner))
        return echo->left > UNKNOWN * echo->far_held;
    float part = (echo->left - ALONE * echo->echoed) / ((TOGETHER - ALONE) * echo->echoed + 1);
    return fmaxf(fminf(part, 1), echo->spoken * SYLLABLE);
}

/* The gain for what is left: 1 while nobody speaks there, else down to the line's own noise. */
static float wanted_gain(struct echo *echo, float power)
{
    if (echo->far_held < TALKING || echo->linear)
        return 1;
    echo->spoken = spoken_here(echo);
    float depth = LEAST_GAIN + (1 - LEAST_GAIN) * echo->spoken;
    return fminf(fmaxf(depth, sqrtf(echo->noise / (power + 1))), 1);
}

static void turn_down(struct echo *echo, int16_t *pcm, float power)
{
    float was = echo->gain, wanted = wanted_gain(echo, power);
    echo->gain = wanted > was ? wanted : was + (wanted - was) * CLOSING;
    if (was > 0.999f && echo->gain > 0.999f)
        return;
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        pcm[i] = (int16_t)lrintf((float)pcm[i] * (was + (echo->gain - was) * (float)(i + 1) / BLOCK_SAMPLES));
}

/* Follows the powers. left: of the block behind the filter; found: of what it took out. */
static void follow(struct echo *echo, float far, float found, float left)
{
    echo->far = fallen(echo->far, far, 0.9f);
    echo->far_held = fallen(echo->far_held, far, 0.97f);
    echo->echoed = fallen(echo->echoed, found, 0.9f);
    echo->left = fallen(echo->left, left, 0.7f);
    if (echo->far < TALKING)
        echo->noise = left < echo->noise ? left : fminf(echo->noise * 1.01f + 0.1f, DBM0_0 * 1e-5f);
}

/* Before and after, while the far end speaks alone. */
static void measure(struct echo *echo, float before, float behind, float after)
{
    if (echo->far < TALKING || !echo->has_learnt || behind > TOGETHER * before)
        return;
    echo->before += (before - echo->before) * 0.01f;
    echo->after += (after - echo->after) * 0.01f;
}

void echo_call_over(struct echo *echo)
{
    tone_disabler_reset(&echo->modem);
    echo->linear = 0;
}

void echo_keep_linear(struct echo *echo)
{
    echo->linear = 1;
}

/* -- blocks --------------------------------------------------------------------------------- */

/* From one to the other within the block. */
static void fade(int16_t *pcm, int16_t *to)
{
    sound_ramp(pcm, BLOCK_SAMPLES, 1, 0);
    sound_ramp(to, BLOCK_SAMPLES, 0, 1);
    sound_add(pcm, to, BLOCK_SAMPLES);
}

static void cancel(struct echo *echo, const int16_t *pcm, int16_t *out, float power, float far_power)
{
    float found[BLOCK_SAMPLES], found_power = 0;
    find(echo, found);
    for (int i = 0; i < BLOCK_SAMPLES; i++) {
        float left = (float)pcm[i] - found[i];
        out[i] = (int16_t)lrintf(fminf(fmaxf(left, INT16_MIN), INT16_MAX));
        found_power += found[i] * found[i] / BLOCK_SAMPLES;
    }
    float left_power = power_of(out);
    follow(echo, far_power, found_power, left_power);
    int verdict = echo_learner_feed(echo->learner, pcm, echo->sent[0], out, echo->has_learnt);
    change(echo, echo->far < TALKING ? LEARNER_STAY : verdict);
    turn_down(echo, out, left_power);
    measure(echo, power, left_power, power_of(out));
}

int echo_cancel(struct echo *echo, int16_t *pcm)
{
    int16_t out[BLOCK_SAMPLES];
    float power = power_of(pcm), far_power = power_of(echo->sent[0]);
    int was = echo->bypassed;
    tone_disabler_feed(&echo->modem, pcm, power, echo->sent[0], far_power);
    echo->idle_blocks = far_power > IDLE ? 0 : echo->idle_blocks + 1;
    remember_sent(echo);
    echo->bypassed = echo->modem.off || (echo->gain > 0.999f && echo->idle_blocks > MOST_TAPS / BLOCK_SAMPLES + 4);
    if (was && echo->bypassed)
        return 0;
    cancel(echo, pcm, out, power, far_power);
    if (was != echo->bypassed) {
        int16_t raw[BLOCK_SAMPLES];
        memcpy(raw, pcm, sizeof raw);
        memcpy(pcm, was ? raw : out, sizeof raw);
        fade(pcm, was ? out : raw);
    } else {
        memcpy(pcm, out, sizeof out);
    }
    return 1;
}

void echo_sent(struct echo *echo, const int16_t *pcm)
{
    memmove(echo->sent[0], echo->sent[1], sizeof echo->sent - sizeof echo->sent[0]);
    if (pcm)
        memcpy(echo->sent[HIGHWAY_BLOCKS - 1], pcm, sizeof echo->sent[0]);
    else
        memset(echo->sent[HIGHWAY_BLOCKS - 1], 0, sizeof echo->sent[0]);
}

/* -- figures -------------------------------------------------------------------------------- */

void echo_get_figures(const struct echo *echo, struct echo_figures *out)
{
    double sum = 0;
    int peak = 0;
    for (int i = 0; i < echo->taps; i++) {
        sum += (double)echo->response[i] * echo->response[i];
        if (fabsf(echo->response[i]) > fabsf(echo->response[peak]))
            peak = i;
    }
    *out = (struct echo_figures){.tail_ms = echo->tail_ms, .off_by_tone = echo->modem.off, .linear = echo->linear,
                                 .known = echo->has_learnt};
    if (!echo->has_learnt)
        return;
    out->erl_db = -10 * log10(sum + 1e-9);
    out->erle_db = 10 * log10((echo->before + 1) / (echo->after + 1));
    out->delay_ms = peak * 1000.0 / RATE_HZ + HIGHWAY_BLOCKS * 5;
}
