/* Events that are heard as tones: see digit_voice.h. */
#include "digit_voice.h"

#include <math.h>
#include <string.h>

#include "g711.h"
#include "sound.h"
#include "tone.h"

#define BLOCK_MS 5
#define LEAST_MS 40
#define LAG_MS 40
#define OPEN (-1)

static void start(struct digit_voice *voice, char digit, int ms)
{
    struct tone_spec spec;
    *voice = (struct digit_voice){.digit = tone_digit(&spec, digit, 1) == 0 ? digit : 0, .ms = ms, .wait_ms = LAG_MS};
    for (int i = 0; i < 2 && voice->digit; i++)
        voice->step[i] = (float)(2 * M_PI * spec.segment[0].hz[i] / 8000);
}

void digit_voice_begin(struct digit_voice *voice, char digit)
{
    if (!voice->digit) {
        start(voice, digit, OPEN);
        return;
    }
    if (voice->ms == OPEN)
        voice->ms = voice->played_ms;
    voice->next = digit;
    voice->next_ms = OPEN;
}

void digit_voice_end(struct digit_voice *voice, int ms)
{
    ms = ms < LEAST_MS ? LEAST_MS : ms;
    if (voice->next)
        voice->next_ms = ms;
    else
        voice->ms = ms;
}

static void make(struct digit_voice *voice, int16_t *pcm)
{
    static const float peaks[] = {0.355f, 0.447f}; /* -9 and -7 dBm0, as tone_digit has them */
    float sum[BLOCK_SAMPLES] = {0};
    for (int i = 0; i < 2; i++) {
        for (int n = 0; n < BLOCK_SAMPLES; n++)
            sum[n] += peaks[i] * G711_PEAK_0DBM0 * sinf(voice->phase[i] + voice->step[i] * (float)n);
        voice->phase[i] = fmodf(voice->phase[i] + voice->step[i] * BLOCK_SAMPLES, (float)(2 * M_PI));
    }
    for (int n = 0; n < BLOCK_SAMPLES; n++)
        pcm[n] = (int16_t)lrintf(sum[n]);
}

int digit_voice_block(struct digit_voice *voice, int16_t *pcm)
{
    if (!voice->digit)
        return 0;
    if (voice->wait_ms > 0) {
        if (voice->wait_ms == LAG_MS)
            sound_ramp(pcm, BLOCK_SAMPLES, 1, 0);
        else
            memset(pcm, 0, sizeof *pcm * BLOCK_SAMPLES);
        voice->wait_ms -= BLOCK_MS;
        return 1;
    }
    int first = voice->played_ms == 0;
    make(voice, pcm);
    voice->played_ms += BLOCK_MS;
    int last = voice->ms != OPEN && voice->played_ms >= voice->ms;
    if (first || last)
        sound_ramp(pcm, BLOCK_SAMPLES, !first, !last);
    if (last && voice->next)
        start(voice, voice->next, voice->next_ms);
    else if (last)
        voice->digit = 0;
    return 1;
}
