/* The learner behind the echo canceller: see echo_learner.h. */
#include "echo_learner.h"

#include <math.h>
#include <speex/speex_echo.h>
#include <stdlib.h>
#include <string.h>

#define RATE_HZ 8000
#define FRAME_SAMPLES (4 * BLOCK_SAMPLES)
#define MOST_TAPS 1024
#define FIRST 0.5f   /* at first it must leave less than -3 dB of what comes from the line, */
#define LEARNT 0.16f /* once it left less than that, -8 dB, never more */
#define SURE 0.03f   /* it left less than -15 dB: it knows the line */
#define BETTER 0.8f  /* and 1 dB less than the filter does */
#define HARM 2       /* the filter adds 3 dB: this is another line, */
#define HARM_OF_FINER 1.4f /* 1.5 dB, if it was known well */
#define NOTCH 0.9f   /* libspeexdsp's high-pass for what comes from the line, at 8 kHz */
#define KEEP 0.7f    /* of the three powers that decide it, from one frame to the next */
#define KEEP_SURE 0.9f /* lest what fits one syllable better take the place of what fits all */

struct echo_learner {
    SpeexEchoState *state;
    int taps;
    int16_t line[FRAME_SAMPLES], sent[FRAME_SAMPLES], left[FRAME_SAMPLES];
    int filled;              /* samples of the frame */
    float notch[2];
    float most;              /* FIRST or LEARNT */
    int sure;
    float line_power, filter_power, learner_power; /* what comes from the line, and what each leaves of it */
};

struct echo_learner *echo_learner_new(int taps)
{
    struct echo_learner *learner = taps <= MOST_TAPS ? calloc(1, sizeof *learner) : NULL;
    if (!learner)
        return NULL;
    spx_int32_t rate = RATE_HZ;
    learner->taps = taps;
    learner->most = FIRST;
    learner->state = speex_echo_state_init(FRAME_SAMPLES, taps);
    if (!learner->state) {
        free(learner);
        return NULL;
    }
    speex_echo_ctl(learner->state, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    return learner;
}

void echo_learner_free(struct echo_learner *learner)
{
    if (!learner)
        return;
    speex_echo_state_destroy(learner->state);
    free(learner);
}

/* Power of the steps from sample to sample: speech without the hum of the line, evenly over its frequencies. */
static float steps_of(const int16_t *pcm)
{
    float sum = 0;
    for (int i = 1; i < FRAME_SAMPLES; i++) {
        float step = (float)(pcm[i] - pcm[i - 1]);
        sum += step * step;
    }
    return sum / FRAME_SAMPLES;
}

/* LEARNER_BETTER, LEARNER_WORSE or LEARNER_STAY, of the frame just heard. While both speak, it follows whatever is said
 * and looks better than any filter that stays as it is: it never takes the place of a finer one. */
static int judge(struct echo_learner *learner, const int16_t *learner_left, int used)
{
    float keep = learner->sure ? KEEP_SURE : KEEP;
    learner->line_power = keep * learner->line_power + (1 - keep) * steps_of(learner->line);
    learner->filter_power = keep * learner->filter_power + (1 - keep) * steps_of(learner->left);
    learner->learner_power = keep * learner->learner_power + (1 - keep) * steps_of(learner_left);
    if (used != LEARNER_USES_FINER && learner->learner_power < learner->line_power * learner->most &&
        learner->learner_power < BETTER * learner->filter_power) {
        if (learner->learner_power < learner->line_power * LEARNT)
            learner->most = LEARNT;
        learner->sure |= learner->learner_power < learner->line_power * SURE;
        learner->filter_power = learner->learner_power;
        return LEARNER_BETTER;
    }
    float harm = used == LEARNER_USES_FINER ? HARM_OF_FINER : HARM;
    if (used == LEARNER_USES_NOTHING || learner->filter_power < harm * learner->line_power)
        return LEARNER_STAY;
    learner->filter_power = learner->line_power;
    learner->most = FIRST;
    learner->sure = 0;
    return LEARNER_WORSE;
}

/* The high-pass that the learner puts what comes from the line through. Had what was sent not gone through the
 * same, it would be part of what is learnt. */
static void high_pass(struct echo_learner *learner, const int16_t *in, int16_t *out)
{
    for (int i = 0; i < BLOCK_SAMPLES; i++) {
        float sum = in[i] + learner->notch[0], passed = NOTCH * sum;
        learner->notch[0] = learner->notch[1] + 2 * (passed - in[i]);
        learner->notch[1] = in[i] - (NOTCH * NOTCH + 0.7f * (1 - NOTCH) * (1 - NOTCH)) * sum;
        out[i] = (int16_t)lrintf(fminf(fmaxf(passed, INT16_MIN), INT16_MAX));
    }
}

int echo_learner_feed(struct echo_learner *learner, const int16_t *line, const int16_t *sent, const int16_t *left,
                      int used)
{
    int16_t learner_left[FRAME_SAMPLES];
    memcpy(learner->line + learner->filled, line, sizeof *line * BLOCK_SAMPLES);
    memcpy(learner->left + learner->filled, left, sizeof *left * BLOCK_SAMPLES);
    high_pass(learner, sent, learner->sent + learner->filled);
    learner->filled += BLOCK_SAMPLES;
    if (learner->filled < FRAME_SAMPLES)
        return LEARNER_STAY;
    learner->filled = 0;
    speex_echo_cancellation(learner->state, learner->line, learner->sent, learner_left);
    return judge(learner, learner_left, used);
}

int echo_learner_is_sure(const struct echo_learner *learner)
{
    return learner->sure;
}

int echo_learner_knows(const struct echo_learner *learner)
{
    return learner->learner_power < LEARNT * learner->line_power && learner->filter_power < LEARNT * learner->line_power;
}

void echo_learner_response(struct echo_learner *learner, float *out)
{
    spx_int32_t learnt[MOST_TAPS + FRAME_SAMPLES] = {0}; /* it has whole frames */
    speex_echo_ctl(learner->state, SPEEX_ECHO_GET_IMPULSE_RESPONSE, learnt);
    for (int i = 0; i < learner->taps; i++)
        out[i] = (float)learnt[i] / (32767.0f * 2 * FRAME_SAMPLES);
}
