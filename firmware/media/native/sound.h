/* One block of 5 ms of a node's sound. */
#ifndef TIPRING_SOUND_H
#define TIPRING_SOUND_H

#include <stdint.h>

#define BLOCK_SAMPLES 40
#define BLOCK_MOST_SAMPLES 80 /* of a wideband block: 16 kHz */

/* Octets are there only for 8 kHz, and only while they say the very same as the samples. */
struct sound {
    long block;              /* number of the block it was made in */
    int samples;             /* BLOCK_SAMPLES at 8 kHz, BLOCK_MOST_SAMPLES at 16 kHz */
    int silent;
    int coded, law;          /* octets are the same in this law, bit for bit */
    int digit;               /* part of a digit that those who take events get as an event */
    uint8_t octets[BLOCK_SAMPLES];
    int16_t pcm[BLOCK_MOST_SAMPLES];
};

/* Of a companded block, 40 octets. */
void sound_from_octets(struct sound *sound, int law, const uint8_t *octets);
/* Of 40 samples of 8 kHz. */
void sound_from_pcm(struct sound *sound, const int16_t *pcm);
/* As 40 octets. */
void sound_to_octets(const struct sound *sound, int law, uint8_t *octets);
void sound_set_silent(struct sound *sound, int samples);
/* Gain 0 or 1 at the beginning, 0 or 1 at the end, straight between. */
void sound_ramp(int16_t *pcm, int samples, int from, int to);
/* Adds, held at full scale. */
void sound_add(int16_t *pcm, const int16_t *more, int samples);

#endif
