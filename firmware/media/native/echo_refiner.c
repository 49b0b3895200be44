/* The refiner behind the echo canceller: see echo_refiner.h.
 *
 * The normal equations of the weighted least squares are kept whole (the covariance, not the autocorrelation: with
 * weights that jump, the latter is wrong by more than the echo sought) and solved by a few steps of conjugate gradients
 * a frame, each frame going on where the last one ended. */
#include "echo_refiner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAPS REFINER_TAPS
#define FRAME_BLOCKS 4
#define FRAME (FRAME_BLOCKS * BLOCK_SAMPLES)
#define FAST __attribute__((optimize("O3")))
#define KEEP 0.99f         /* of all frames before, from one to the next: two seconds */
#define FORGET 0.05f
#define ADD 1e-3f          /* to the diagonal: frequencies nobody speaks at are taken for silent */
#define QUIET 2.6e3f       /* -50 dBm0: a frame with less was not sent */
#define FLOOR 3e3f         /* power of the companding's own noise beside speech */
#define LASTING 0.6f       /* of somebody's having spoken here, from one frame to the next */
#define STEPS 4            /* of conjugate gradients in a frame, until settled, */
#define STEPS_SETTLED 1    /* and from then on, in every second frame */
#define SETTLED 100        /* frames: the far end has spoken for two seconds */
#define KEEP_POWER 0.8f
#define FOUND 0.16f        /* -8 dB: less is left of what comes */
#define MUCH 0.1f          /* -10 dB */
#define POOR 400           /* frames, 16 s: nobody here speaks so long without a breath, it is another line */
#define AT_FIRST 0.7f      /* until sure it must leave 1.5 dB less than the filter in use */
#define SURE 0.01f         /* -20 dB */

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

struct echo_refiner {
    int first;
    int filled;                    /* blocks of the frame */
    int frames;                    /* heard, up to SETTLED */
    int rests;                     /* this frame is left out */
    int sure, poor;                /* poor: frames in a row of which much was left */
    float sent[TAPS + FRAME];      /* of them TAPS before the frame */
    float line[FRAME];
    float covariance[TAPS * (TAPS + 1) / 2]; /* upper half, row after row from its diagonal on */
    float correlation[TAPS];       /* of what came with what was sent */
    float response[TAPS];
    float direction[TAPS], gradient[TAPS];
    float steepness;               /* squared length of the last gradient; 0: begin with the steepest way */
    float other;                   /* power of what else was heard lately */
    float left;                    /* of the filter in use, summed over the frame */
    float line_power, filter_power, refined_power;
};

struct echo_refiner *echo_refiner_new(void)
{
    return calloc(1, sizeof(struct echo_refiner));
}

void echo_refiner_free(struct echo_refiner *refiner)
{
    free(refiner);
}

void echo_refiner_place(struct echo_refiner *refiner, int first)
{
    memset(refiner, 0, sizeof *refiner);
    refiner->first = first;
}

static void forget(struct echo_refiner *refiner)
{
    for (int at = 0; at < TAPS * (TAPS + 1) / 2; at++)
        refiner->covariance[at] *= FORGET;
    for (int tap = 0; tap < TAPS; tap++)
        refiner->correlation[tap] *= FORGET;
    refiner->steepness = 0;
    refiner->sure = refiner->frames = refiner->poor = 0;
}

int echo_refiner_first(const struct echo_refiner *refiner)
{
    return refiner->first;
}

void echo_refiner_interrupt(struct echo_refiner *refiner)
{
    refiner->filled = 0;
    refiner->left = 0;
}

/* -- sums ----------------------------------------------------------------------------------- */

/* Sixteen products at once, in vectors of four: that is what SSE and NEON have. */
FAST static float dot(const float *a, const float *b, int count)
{
    four sum[4] = {{0}};
    float rest = 0;
    int at = 0;
    for (; at + 16 <= count; at += 16)
        for (int lane = 0; lane < 4; lane++)
            sum[lane] += *(const four *)(a + at + 4 * lane) * *(const four *)(b + at + 4 * lane);
    for (; at < count; at++)
        rest += a[at] * b[at];
    sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    return rest + sum[0][0] + sum[0][1] + sum[0][2] + sum[0][3];
}

/* What the response leaves of the frame. */
FAST static void subtract(const struct echo_refiner *refiner, float *left)
{
    memcpy(left, refiner->line, sizeof refiner->line);
    for (int tap = 0; tap < TAPS; tap++)
        for (int at = 0; at < FRAME; at++)
            left[at] -= refiner->response[tap] * refiner->sent[TAPS + at - tap];
}

/* The frame's covariance, added with its weight: each row follows from the one above by what enters the frame one
 * tap later and what leaves it. */
FAST static void add_covariance(struct echo_refiner *refiner, float weight)
{
    float now[TAPS], enters[TAPS], leaves[TAPS], *row = refiner->covariance;
    for (int tap = 0; tap < TAPS; tap++) {
        now[tap] = weight * dot(refiner->sent + TAPS, refiner->sent + TAPS - tap, FRAME);
        enters[tap] = refiner->sent[TAPS - 1 - tap];
        leaves[tap] = refiner->sent[TAPS + FRAME - 1 - tap];
    }
    for (int tap = 0; tap < TAPS; tap++) {
        float in = weight * enters[tap], out = weight * leaves[tap];
        for (int beyond = 0; beyond < TAPS - tap; beyond++) {
            row[beyond] = KEEP * row[beyond] + now[beyond];
            now[beyond] += in * enters[tap + beyond] - out * leaves[tap + beyond];
        }
        row += TAPS - tap;
    }
}

FAST static void add_correlation(struct echo_refiner *refiner, float weight)
{
    for (int tap = 0; tap < TAPS; tap++)
        refiner->correlation[tap] =
            KEEP * refiner->correlation[tap] + weight * dot(refiner->line, refiner->sent + TAPS - tap, FRAME);
}

/* Covariance, with its diagonal raised, times `by`. */
FAST static void multiply(const struct echo_refiner *refiner, const float *by, float *out)
{
    const float *row = refiner->covariance;
    float raised = ADD * row[0];
    for (int tap = 0; tap < TAPS; tap++)
        out[tap] = raised * by[tap];
    for (int tap = 0; tap < TAPS; tap++) {
        float here = by[tap];
        out[tap] += dot(row, by + tap, TAPS - tap);
        for (int beyond = 1; beyond < TAPS - tap; beyond++)
            out[tap + beyond] += row[beyond] * here;
        row += TAPS - tap;
    }
}

/* -- conjugate gradients (Polak and Ribiere, going on from frame to frame) -------------------- */

static void take_step(struct echo_refiner *refiner, float *gradient)
{
    float product[TAPS], turn = 0;
    if (refiner->steepness > 0)
        turn = (dot(gradient, gradient, TAPS) - dot(gradient, refiner->gradient, TAPS)) / refiner->steepness;
    turn = fmaxf(turn, 0);
    for (int tap = 0; tap < TAPS; tap++)
        refiner->direction[tap] = gradient[tap] + turn * refiner->direction[tap];
    multiply(refiner, refiner->direction, product);
    float bend = dot(refiner->direction, product, TAPS);
    refiner->steepness = dot(gradient, gradient, TAPS);
    memcpy(refiner->gradient, gradient, sizeof refiner->gradient);
    if (!(bend > 0)) {
        refiner->steepness = 0;
        return;
    }
    float length = dot(refiner->direction, gradient, TAPS) / bend;
    for (int tap = 0; tap < TAPS; tap++) {
        refiner->response[tap] += length * refiner->direction[tap];
        gradient[tap] -= length * product[tap];
    }
}

static void solve(struct echo_refiner *refiner)
{
    float gradient[TAPS];
    multiply(refiner, refiner->response, gradient);
    for (int tap = 0; tap < TAPS; tap++)
        gradient[tap] = refiner->correlation[tap] - gradient[tap];
    for (int step = 0; step < (refiner->frames < SETTLED ? STEPS : STEPS_SETTLED); step++)
        take_step(refiner, gradient);
}

/* -- frames ---------------------------------------------------------------------------------- */

static void learn(struct echo_refiner *refiner, float heard)
{
    refiner->other = fmaxf(heard, LASTING * refiner->other + (1 - LASTING) * heard);
    float weight = 1 / (refiner->other + FLOOR);
    add_covariance(refiner, weight);
    add_correlation(refiner, weight);
    solve(refiner);
}

static enum refiner_verdict judge(struct echo_refiner *refiner, float refined)
{
    float line = dot(refiner->line, refiner->line, FRAME) / FRAME, filtered = refiner->left / FRAME;
    refiner->line_power += (1 - KEEP_POWER) * (line - refiner->line_power);
    refiner->filter_power += (1 - KEEP_POWER) * (filtered - refiner->filter_power);
    refiner->refined_power += (1 - KEEP_POWER) * (refined - refiner->refined_power);
    refiner->sure |= refiner->refined_power < SURE * refiner->line_power;
    refiner->poor = refined > MUCH * line ? refiner->poor + 1 : 0;
    if (refiner->sure && refiner->poor > POOR) {
        forget(refiner);
        return REFINER_POOR;
    }
    if (refiner->refined_power > FOUND * refiner->line_power && !refiner->sure)
        return REFINER_STAY;
    float less = refiner->sure ? 1 : AT_FIRST;
    return refiner->refined_power <= less * refiner->filter_power ? REFINER_BETTER : REFINER_STAY;
}

static enum refiner_verdict frame_over(struct echo_refiner *refiner)
{
    float left[FRAME], heard;
    if (dot(refiner->sent + TAPS, refiner->sent + TAPS, FRAME) < QUIET * FRAME)
        return REFINER_STAY;
    subtract(refiner, left);
    heard = dot(left, left, FRAME) / FRAME;
    enum refiner_verdict verdict = judge(refiner, heard);
    learn(refiner, heard);
    if (refiner->frames < SETTLED)
        refiner->frames++;
    return verdict;
}

enum refiner_verdict echo_refiner_feed(struct echo_refiner *refiner, const float *sent, const int16_t *line,
                                       const int16_t *left)
{
    int at = refiner->filled * BLOCK_SAMPLES;
    const float *then = sent - refiner->first;
    if (!refiner->filled) {
        refiner->rests = refiner->frames == SETTLED && !refiner->rests;
        memcpy(refiner->sent, then - TAPS, sizeof *then * TAPS);
    }
    memcpy(refiner->sent + TAPS + at, then, sizeof *then * BLOCK_SAMPLES);
    for (int i = 0; i < BLOCK_SAMPLES; i++) {
        refiner->line[at + i] = line[i];
        refiner->left += (float)left[i] * (float)left[i];
    }
    if (++refiner->filled < FRAME_BLOCKS)
        return REFINER_STAY;
    enum refiner_verdict verdict = refiner->rests ? REFINER_STAY : frame_over(refiner);
    echo_refiner_interrupt(refiner);
    return verdict;
}

const float *echo_refiner_response(const struct echo_refiner *refiner)
{
    return refiner->response;
}

int echo_refiner_is_sure(const struct echo_refiner *refiner)
{
    return refiner->sure;
}
