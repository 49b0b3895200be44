/* The suppressor of an echo canceller: see echo_suppressor.h. */
#include "echo_suppressor.h"

#include <math.h>

#define UNKNOWN 0.3f           /* -5 dB of what was sent */
#define LEAST_GAIN 0.1f
#define SYLLABLE 0.93f         /* how much of having heard somebody here lasts to the next block */
#define OPENING 8              /* samples in which it opens for somebody here, on a line well known */
#define CLOSING 0.5f           /* how much of the way to a lower gain is gone in a block */

/* Of the echo, what is left when the far end speaks alone, and when somebody speaks here: -10 and -4 dB behind the
 * learner's filter, -15 and -9 dB behind the refined one. */
static const struct { float alone, together; } PARTS[] = {
    [ECHO_LEARNT] = {0.1f, ECHO_TOGETHER}, [ECHO_REFINED] = {0.03f, 0.12f}};

void echo_suppressor_init(struct echo_suppressor *suppressor)
{
    *suppressor = (struct echo_suppressor){.gain = 1, .noise = ECHO_DBM0_0 * 1e-6f};
}

static float fallen(float level, float now, float keep)
{
    return now > level ? now : level * keep + now * (1 - keep);
}

void echo_suppressor_follow(struct echo_suppressor *suppressor, float far, float found, float left)
{
    suppressor->far = fallen(suppressor->far, far, 0.9f);
    suppressor->far_held = fallen(suppressor->far_held, far, 0.97f);
    suppressor->echoed = fallen(suppressor->echoed, found, 0.9f);
    suppressor->left = fallen(suppressor->left, left, 0.7f);
    if (suppressor->far < ECHO_TALKING)
        suppressor->noise = left < suppressor->noise
                                ? left : fminf(suppressor->noise * 1.01f + 0.1f, ECHO_DBM0_0 * 1e-5f);
}

/* How much of what is left is somebody speaking here: 0 nothing, 1 all. Before the line is known, what could be an
 * echo of 6 dB loss is taken for one: the first second of a line's first call goes one way at a time. */
static float spoken_here(const struct echo_suppressor *suppressor, enum echo_knowledge knowledge)
{
    if (knowledge == ECHO_UNKNOWN)
        return suppressor->left > UNKNOWN * suppressor->far_held;
    float alone = PARTS[knowledge].alone, together = PARTS[knowledge].together;
    float part = (suppressor->left - alone * suppressor->echoed) / ((together - alone) * suppressor->echoed + 1);
    return fmaxf(fminf(part, 1), suppressor->spoken * SYLLABLE);
}

/* The gain for what is left: 1 while nobody speaks there, else down to the line's own noise. */
static float wanted_gain(struct echo_suppressor *suppressor, float power, enum echo_knowledge knowledge)
{
    if (suppressor->far_held < ECHO_TALKING || knowledge == ECHO_LEAVE)
        return 1;
    suppressor->spoken = spoken_here(suppressor, knowledge);
    float depth = LEAST_GAIN + (1 - LEAST_GAIN) * suppressor->spoken;
    return fminf(fmaxf(depth, sqrtf(suppressor->noise / (power + 1))), 1);
}

void echo_suppressor_turn_down(struct echo_suppressor *suppressor, int16_t *pcm, float power,
                               enum echo_knowledge knowledge)
{
    float was = suppressor->gain, wanted = wanted_gain(suppressor, power, knowledge);
    suppressor->gain = wanted > was ? wanted : was + (wanted - was) * CLOSING;
    if (was > 0.999f && suppressor->gain > 0.999f)
        return;
    int fade = suppressor->gain > was && knowledge == ECHO_REFINED ? OPENING : BLOCK_SAMPLES;
    for (int i = 0; i < BLOCK_SAMPLES; i++)
        pcm[i] = (int16_t)lrintf((float)pcm[i] * (was + (suppressor->gain - was) * fminf((float)(i + 1) / fade, 1)));
}

int echo_suppressor_far_speaks(const struct echo_suppressor *suppressor)
{
    return suppressor->far >= ECHO_TALKING;
}
