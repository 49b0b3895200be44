/* 2,100 Hz with phase reversals: see tone_disabler.h. Each block is correlated with 2,100 Hz; as long as almost
 * all of its power is in that, its phase is followed. Speech and digits never stay there for 150 ms. */
#include "tone_disabler.h"

#include <math.h>

#define PI_F 3.14159265f
#define TONE_HZ 2100.0f
#define LEAST_POWER 8.2e4f   /* -35 dBm0: G.168 wants -31 and above */
#define PURE 0.8f            /* of the block's power: 6 dB above noise */
#define MOST_MISSED 3        /* blocks the turn itself may spoil, 15 ms */
#define STEADY_BLOCKS 30     /* 150 ms before the turn; reversals come every 450 ms */
#define SURE_BLOCKS 5        /* after it */
#define QUIET_POWER 6.5e4f   /* -36 dBm0 */
#define QUIET_BLOCKS 60      /* 300 ms; G.168: 250 +- 150 */
#define SAME_RAD (PI_F / 4)  /* of a block to the next: 25 Hz beside, G.168 wants 21 */

static float wrapped(float rad)
{
    return rad - 2 * PI_F * roundf(rad / (2 * PI_F));
}

static void begin(struct phase_ear *ear, float phase)
{
    *ear = (struct phase_ear){.steady = 1, .phase = phase};
}

/* Returns 1 when a turn has just become certain. */
static int follow(struct phase_ear *ear, float phase)
{
    int blocks = ear->missed + 1;
    float turn = wrapped(phase - ear->phase - (float)blocks * ear->drift);
    int reversed = fabsf(turn) > PI_F - SAME_RAD;
    if ((!reversed && fabsf(turn) > SAME_RAD) || (reversed && ear->steady < STEADY_BLOCKS)) {
        begin(ear, phase);
        return 0;
    }
    if (reversed)
        ear->turned = 1;
    else if (ear->turned)
        ear->turned++;
    if (!reversed && blocks == 1)
        ear->drift += turn / (ear->steady < 8 ? (float)ear->steady : 8.0f);
    ear->steady++;
    ear->missed = 0;
    ear->phase = phase;
    return ear->turned == SURE_BLOCKS;
}

static int hear(const struct tone_disabler *disabler, struct phase_ear *ear, const int16_t *pcm, float power)
{
    float re = 0, im = 0;
    if (power >= LEAST_POWER)
        for (int i = 0; i < BLOCK_SAMPLES; i++) {
            re += (float)pcm[i] * disabler->cosine[i];
            im -= (float)pcm[i] * disabler->sine[i];
        }
    if (power < LEAST_POWER || 2 * (re * re + im * im) < PURE * power * BLOCK_SAMPLES * BLOCK_SAMPLES) {
        if (++ear->missed > MOST_MISSED)
            *ear = (struct phase_ear){0};
        return 0;
    }
    float phase = atan2f(im, re) + (disabler->odd ? PI_F : 0);
    if (ear->steady)
        return follow(ear, phase);
    begin(ear, phase);
    return 0;
}

void tone_disabler_init(struct tone_disabler *disabler)
{
    for (int i = 0; i < BLOCK_SAMPLES; i++) {
        disabler->cosine[i] = cosf(2 * PI_F * TONE_HZ / 8000 * (float)i);
        disabler->sine[i] = sinf(2 * PI_F * TONE_HZ / 8000 * (float)i);
    }
    disabler->odd = 0;
    tone_disabler_reset(disabler);
}

void tone_disabler_reset(struct tone_disabler *disabler)
{
    disabler->from_line = disabler->to_line = (struct phase_ear){0};
    disabler->off = disabler->quiet_blocks = 0;
}

void tone_disabler_feed(struct tone_disabler *disabler, const int16_t *from_line, float from_power,
                        const int16_t *to_line, float to_power)
{
    disabler->odd = !disabler->odd;
    if (hear(disabler, &disabler->from_line, from_line, from_power))
        disabler->off = 1;
    if (hear(disabler, &disabler->to_line, to_line, to_power))
        disabler->off = 1;
    int quiet = from_power < QUIET_POWER && to_power < QUIET_POWER;
    disabler->quiet_blocks = quiet ? disabler->quiet_blocks + 1 : 0;
    if (disabler->quiet_blocks >= QUIET_BLOCKS)
        disabler->off = 0;
}
