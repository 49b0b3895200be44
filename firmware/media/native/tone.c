/* Tones: see tone.h. Sines come from one table, read with linear interpolation. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "tone.h"

#define SINE_BITS 11
#define SINE_SIZE (1 << SINE_BITS)
#define RAMP_SAMPLES 40
#define AM_DEPTH 0.9f
#define SAMPLES_PER_MS 8

struct tone {
    struct tone_spec spec;
    int playing;
    int stopping;
    int segment;
    long left;            /* samples left in the segment, negative: for ever */
    int round;            /* how often the list was begun */
    int ramp;             /* 0 silent to RAMP_SAMPLES full */
    uint32_t phase[2];
    uint32_t step[2];
    float peak[2];
    int kind;
};

static float sine[SINE_SIZE + 1];

struct tone *tone_new(void)
{
    if (sine[SINE_SIZE / 4] == 0)
        for (int i = 0; i <= SINE_SIZE; i++)
            sine[i] = (float)sin(2 * M_PI * i / SINE_SIZE);
    return calloc(1, sizeof(struct tone));
}

void tone_free(struct tone *tone)
{
    free(tone);
}

static float sine_at(uint32_t phase)
{
    uint32_t index = phase >> (32 - SINE_BITS);
    float part = (float)(phase << SINE_BITS) * (1.0f / 4294967296.0f);
    return sine[index] + (sine[index + 1] - sine[index]) * part;
}

static int segment_is_sound(const struct tone_segment *segment)
{
    int audible = 1;
    for (int i = 0; i < 2; i++)
        audible &= segment->hz[i] >= 0 && segment->hz[i] < 4000 && segment->dbm0[i] <= 3.0;
    return audible && (segment->ms == TONE_FOR_EVER || (segment->ms >= 1 && segment->ms <= 3600000));
}

static void enter_segment(struct tone *tone)
{
    const struct tone_segment *segment = &tone->spec.segment[tone->segment];
    tone->left = segment->ms == TONE_FOR_EVER ? -1 : (long)segment->ms * SAMPLES_PER_MS;
    if (segment->hz[0] == 0)
        return; /* silence: the sines before it fade out with their own figures */
    tone->kind = segment->kind;
    for (int i = 0; i < 2; i++) {
        tone->step[i] = (uint32_t)(segment->hz[i] * (4294967296.0 / 8000));
        tone->peak[i] = segment->hz[i] == 0 ? 0 : G711_PEAK_0DBM0 * powf(10, (float)segment->dbm0[i] / 20);
    }
    if (tone->kind == TONE_AM) /* the side bands carry power too */
        tone->peak[0] /= sqrtf(1 + AM_DEPTH * AM_DEPTH / 2);
}

int tone_start(struct tone *tone, const struct tone_spec *spec)
{
    if (spec->count < 1 || spec->count > TONE_SEGMENTS)
        return -1;
    int lasting = 0; /* a list of nothing but `once` segments cannot repeat */
    for (int i = 0; i < spec->count; i++) {
        if (!segment_is_sound(&spec->segment[i]))
            return -1;
        lasting += !spec->segment[i].once;
    }
    tone->spec = *spec;
    tone->spec.repeat = spec->repeat && lasting;
    tone->playing = 1;
    tone->stopping = 0;
    tone->segment = 0;
    tone->round = 0;
    tone->ramp = 0;
    tone->phase[0] = tone->phase[1] = 0;
    enter_segment(tone);
    return 0;
}

void tone_stop(struct tone *tone)
{
    tone->stopping = 1;
}

static void next_segment(struct tone *tone)
{
    do {
        if (++tone->segment == tone->spec.count) {
            if (!tone->spec.repeat) {
                tone->playing = 0;
                return;
            }
            tone->segment = 0;
            tone->round = 1;
        }
    } while (tone->round && tone->spec.segment[tone->segment].once);
    enter_segment(tone);
}

/* Ramps down in the last 5 ms before silence or another sound, else up. */
static int ramp_target(const struct tone *tone)
{
    const struct tone_segment *segment = &tone->spec.segment[tone->segment];
    if (tone->stopping || segment->hz[0] == 0)
        return 0;
    return tone->left < 0 || tone->left > RAMP_SAMPLES ? RAMP_SAMPLES : 0;
}

static float next_sample(struct tone *tone)
{
    int target = ramp_target(tone);
    tone->ramp += (target > tone->ramp) - (target < tone->ramp);
    if (tone->ramp == 0)
        return 0;
    float first = sine_at(tone->phase[0]), second = sine_at(tone->phase[1]);
    tone->phase[0] += tone->step[0];
    tone->phase[1] += tone->step[1];
    float sum = tone->kind == TONE_AM ? tone->peak[0] * first * (1 + AM_DEPTH * second)
                                      : tone->peak[0] * first + tone->peak[1] * second;
    float x = (float)tone->ramp / RAMP_SAMPLES;
    return sum * x * x * (3 - 2 * x);
}

int tone_block(struct tone *tone, int16_t *pcm, int count)
{
    int played = tone->playing;
    for (int i = 0; i < count; i++) {
        float value = 0;
        if (tone->playing) {
            value = next_sample(tone);
            if (tone->stopping && tone->ramp == 0)
                tone->playing = 0;
            else if (tone->left >= 0 && --tone->left <= 0)
                next_segment(tone);
        }
        pcm[i] = (int16_t)lrintf(fminf(fmaxf(value, -32768), 32767));
    }
    return played;
}

int tone_digit(struct tone_spec *spec, char digit, int ms)
{
    static const char keys[] = "123A456B789C*0#D";
    static const double rows[] = {697, 770, 852, 941}, columns[] = {1209, 1336, 1477, 1633};
    const char *key = digit ? strchr(keys, digit) : NULL;
    if (!key)
        return -1;
    memset(spec, 0, sizeof *spec);
    spec->count = 1;
    spec->segment[0] = (struct tone_segment){
        .hz = {rows[(key - keys) / 4], columns[(key - keys) % 4]}, .dbm0 = {-9, -7}, .ms = ms, .kind = TONE_SUM};
    return 0;
}
