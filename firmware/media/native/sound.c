/* Blocks of sound: see sound.h. */
#include "sound.h"

#include <string.h>

#include "g711.h"

static int16_t clip(int value)
{
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

void sound_from_octets(struct sound *sound, int law, const uint8_t *octets)
{
    uint8_t idle = g711_idle(law);
    memcpy(sound->octets, octets, BLOCK_SAMPLES);
    g711_decode_block(law, octets, sound->pcm, BLOCK_SAMPLES);
    sound->samples = BLOCK_SAMPLES;
    sound->silent = octets[0] == idle && memcmp(octets, octets + 1, BLOCK_SAMPLES - 1) == 0;
    sound->coded = 1;
    sound->law = law;
    sound->digit = 0;
}

void sound_from_pcm(struct sound *sound, const int16_t *pcm)
{
    memcpy(sound->pcm, pcm, sizeof *pcm * BLOCK_SAMPLES);
    sound->samples = BLOCK_SAMPLES;
    sound->silent = pcm[0] == 0 && memcmp(pcm, pcm + 1, sizeof *pcm * (BLOCK_SAMPLES - 1)) == 0;
    sound->coded = sound->digit = 0;
}

void sound_to_octets(const struct sound *sound, int law, uint8_t *octets)
{
    if (sound->silent)
        memset(octets, g711_idle(law), BLOCK_SAMPLES);
    else if (sound->coded && sound->law == law)
        memcpy(octets, sound->octets, BLOCK_SAMPLES);
    else
        g711_encode_block(law, sound->pcm, octets, BLOCK_SAMPLES);
}

void sound_set_silent(struct sound *sound, int samples)
{
    memset(sound->pcm, 0, sizeof sound->pcm);
    sound->samples = samples;
    sound->silent = 1;
    sound->coded = sound->digit = 0;
}

void sound_ramp(int16_t *pcm, int samples, int from, int to)
{
    for (int i = 0; i < samples; i++)
        pcm[i] = (int16_t)(pcm[i] * (from * (samples - i) + to * i) / samples);
}

void sound_add(int16_t *pcm, const int16_t *more, int samples)
{
    for (int i = 0; i < samples; i++)
        pcm[i] = clip(pcm[i] + more[i]);
}
