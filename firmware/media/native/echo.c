/* Echo canceller: see echo.h. Four parts. A learner (echo_learner.c) gets to know the line, wherever in the tail its
 * echo is, in frames of 20 ms. A refiner knows the 18 ms around that echo better. A plain filter, which gets what
 * either has learnt only when that is better, takes the echo out block by block: nothing waits for a frame, and
 * while both ends speak, when a learner goes astray, it stays as it is. What it leaves is turned down
 * while only the far end speaks (echo_suppressor.c). 2,100 Hz with phase reversals switches all of it off.
 *
 * Measured against the learner alone in blocks of 5, 10 and 20 ms (the latter two make a call 5 and 15 ms longer):
 * seconds in which both spoke left those -4 to 15 dB at worst. Without the refiner, 11 to 30 dB of the echo were
 * gone after a second and a half, at worst; with it, before anything is turned down, 21 to 36. libspeexdsp's own
 * suppressor of what is left works in overlapping frames, later by one; ours is one gain and adds nothing. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "echo_filter.h"
#include "echo_learner.h"
#include "echo_refiner.h"
#include "echo_suppressor.h"
#include "tone_disabler.h"

#define RATE_HZ 8000
#define HIGHWAY_BLOCKS 2       /* a block given comes back from the card two blocks later at the earliest */
#define IDLE 100.0f            /* an A-law silence is 8 and -8 */
#define RISEN 0.25f            /* of the peak: the echo has begun, */
#define RISE_TAPS 64           /* so long before it at most */
#define BEFORE_TAPS 20
#define SLACK_TAPS 12          /* the window may be away from the best by so many */
#define LOOK_BLOCKS 200         /* a second */
#define NO_ECHO 4.0f           /* what is found is so much stronger than what was sent: 6 dB */

_Static_assert(ECHO_MOST_MS * RATE_HZ / 1000 <= FILTER_MOST_TAPS, "the filter holds the longest tail");

enum filter_origin { FROM_NOBODY, FROM_LEARNER, FROM_REFINER };

struct echo {
    struct echo_learner *learner;
    struct echo_refiner *refiner;
    int tail_ms, taps;
    int16_t sent[HIGHWAY_BLOCKS][BLOCK_SAMPLES]; /* the oldest is what may come back now */
    struct echo_filter filter;
    enum filter_origin origin; /* of the filter's response */
    int fine;                  /* it was refined and has proven itself */
    int placed;                /* the refiner knows where to look */
    int since_look;            /* blocks since that was last thought over */
    int idle_blocks;           /* nothing was sent for so long */
    struct tone_disabler modem;
    int bypassed;              /* the last block was left as it was */
    int linear;                /* nothing is turned down */
    struct echo_suppressor suppressor;
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
    echo->refiner = echo_refiner_new();
    if (!echo->learner || !echo->refiner) {
        echo_free(echo);
        return NULL;
    }
    tone_disabler_init(&echo->modem);
    echo_suppressor_init(&echo->suppressor);
    return echo;
}

void echo_free(struct echo *echo)
{
    if (!echo)
        return;
    echo_learner_free(echo->learner);
    echo_refiner_free(echo->refiner);
    free(echo);
}

static float power_of(const int16_t *pcm)
{
    float sum = 0;
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        sum += (float)pcm[i] * (float)pcm[i];
    return sum / BLOCK_SAMPLES;
}

/* -- who knows the line best ------------------------------------------------------------------ */

/* Where the refiner has to look: from a little before the echo begins, that is, rises to its peak. */
static int best_window(const float *response, int taps)
{
    int peak = 0;
    for (int tap = 0; tap < taps; tap++)
        if (fabsf(response[tap]) > fabsf(response[peak]))
            peak = tap;
    int begins = peak > RISE_TAPS ? peak - RISE_TAPS : 0;
    while (fabsf(response[begins]) < RISEN * fabsf(response[peak]))
        begins++;
    int first = begins - BEFORE_TAPS, last = taps - REFINER_TAPS;
    return first < 0 ? 0 : first > last ? last : first;
}

static void place_refiner(struct echo *echo, const float *response)
{
    int first = best_window(response, echo->taps);
    if (!echo->placed || abs(first - echo_refiner_first(echo->refiner)) > SLACK_TAPS)
        echo_refiner_place(echo->refiner, first);
    echo->placed = 1;
}

static void take_from_learner(struct echo *echo)
{
    float response[FILTER_MOST_TAPS];
    echo_learner_response(echo->learner, response);
    echo_filter_change(&echo->filter, response, 0, echo->taps);
    place_refiner(echo, response);
    echo->origin = FROM_LEARNER;
    echo->fine = 0;
}

/* The learner's first guesses may have been bad ones: every second, is the refiner in the right place? The filter in use
 * stays until the refiner knows better there. */
static void look_again(struct echo *echo)
{
    float response[FILTER_MOST_TAPS];
    if (++echo->since_look < LOOK_BLOCKS || !echo->placed || !echo_learner_knows(echo->learner))
        return;
    echo->since_look = 0;
    echo_learner_response(echo->learner, response);
    place_refiner(echo, response);
}

static void forget(struct echo *echo)
{
    echo_filter_change(&echo->filter, NULL, 0, 0);
    echo->placed = echo->fine = 0;
    echo->origin = FROM_NOBODY;
}

static void take_best(struct echo *echo, int learnt, int refined)
{
    if (!echo_suppressor_far_speaks(&echo->suppressor))
        return;
    if (learnt == LEARNER_WORSE) {
        forget(echo);
    } else if (learnt == LEARNER_BETTER) {
        take_from_learner(echo);
    } else if (refined == REFINER_BETTER) {
        echo_filter_change(&echo->filter, echo_refiner_response(echo->refiner), echo_refiner_first(echo->refiner),
                           REFINER_TAPS);
        echo->origin = FROM_REFINER;
        echo->fine |= echo_refiner_is_sure(echo->refiner);
    } else if (refined == REFINER_POOR) {
        echo->fine = 0;
    }
}

static void learn(struct echo *echo, const int16_t *line, const int16_t *left)
{
    int used = echo->fine                    ? LEARNER_USES_FINER
               : echo->origin == FROM_NOBODY ? LEARNER_USES_NOTHING
                                             : LEARNER_USES_OWN;
    int learnt = echo_learner_feed(echo->learner, line, echo->sent[0], left, used);
    int refined = REFINER_STAY;
    if (echo->placed)
        refined = echo_refiner_feed(echo->refiner, echo_filter_block(&echo->filter), line, left);
    take_best(echo, learnt, refined);
    look_again(echo);
}

static enum echo_knowledge knowledge(const struct echo *echo)
{
    if (echo->fine)
        return ECHO_REFINED;
    return echo_learner_is_sure(echo->learner) ? ECHO_LEARNT : ECHO_UNKNOWN;
}

/* Before and after, while the far end speaks alone. */
static void measure(struct echo *echo, float before, float behind, float after)
{
    if (!echo_suppressor_far_speaks(&echo->suppressor) || !echo->origin || behind > ECHO_TOGETHER * before)
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

/* A line gives back less than it was sent. More is no echo: a tone of the exchange comes back from the far end, weaker,
 * and the learner takes it for the cause of itself. Taken out, a busy tone would not be known any more. */
static void cancel(struct echo *echo, const int16_t *pcm, int16_t *out, float power, float far_power)
{
    float found[BLOCK_SAMPLES], found_power = 0;
    echo_filter_find(&echo->filter, found);
    for (int i = 0; i < BLOCK_SAMPLES; i++) {
        float left = (float)pcm[i] - found[i];
        out[i] = (int16_t)lrintf(fminf(fmaxf(left, INT16_MIN), INT16_MAX));
        found_power += found[i] * found[i] / BLOCK_SAMPLES;
    }
    if (found_power > NO_ECHO * fmaxf(far_power, echo->suppressor.far_held)) {
        forget(echo);
        memcpy(out, pcm, sizeof *out * BLOCK_SAMPLES);
        found_power = 0;
    }
    float left_power = power_of(out);
    echo_suppressor_follow(&echo->suppressor, far_power, found_power, left_power);
    learn(echo, pcm, out);
    echo_suppressor_turn_down(&echo->suppressor, out, left_power, echo->linear ? ECHO_LEAVE : knowledge(echo));
    measure(echo, power, left_power, power_of(out));
}

int echo_cancel(struct echo *echo, int16_t *pcm)
{
    int16_t out[BLOCK_SAMPLES];
    float power = power_of(pcm), far_power = power_of(echo->sent[0]);
    int was = echo->bypassed;
    tone_disabler_feed(&echo->modem, pcm, power, echo->sent[0], far_power);
    echo->idle_blocks = far_power > IDLE ? 0 : echo->idle_blocks + 1;
    echo_filter_sent(&echo->filter, echo->sent[0]);
    echo->bypassed = echo->modem.off || (echo->suppressor.gain > 0.999f &&
                                         echo->idle_blocks > FILTER_MOST_TAPS / BLOCK_SAMPLES + 4);
    if (was && echo->bypassed) {
        echo_refiner_interrupt(echo->refiner);
        return 0;
    }
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
    const struct echo_response *response = &echo->filter.now;
    double sum = 0;
    int peak = response->first;
    for (int i = response->first; i < response->last; i++) {
        sum += (double)response->tap[i] * response->tap[i];
        if (fabsf(response->tap[i]) > fabsf(response->tap[peak]))
            peak = i;
    }
    *out = (struct echo_figures){.tail_ms = echo->tail_ms, .off_by_tone = echo->modem.off, .linear = echo->linear,
                                 .known = echo->origin != FROM_NOBODY};
    if (!out->known)
        return;
    out->erl_db = -10 * log10(sum + 1e-9);
    out->erle_db = 10 * log10((echo->before + 1) / (echo->after + 1));
    out->delay_ms = peak * 1000.0 / RATE_HZ + HIGHWAY_BLOCKS * 5;
}
