/* The jitter buffer's ring: octets under their RTP timestamp. */
#ifndef TIPRING_RING_H
#define TIPRING_RING_H

#include <stdint.h>

#define RING 4096            /* samples, 512 ms; a power of two */
#define PIECE_MOST 64

struct ring {
    uint8_t octets[RING];
    uint8_t valid[RING];
};

/* What was taken out. */
struct piece {
    int there;               /* samples that were not missing */
    uint8_t octets[PIECE_MOST];
    uint8_t missing[PIECE_MOST];
    int16_t pcm[PIECE_MOST]; /* for whoever decodes it */
};

void ring_clear(struct ring *ring);
/* count: at most RING. */
void ring_store(struct ring *ring, uint32_t timestamp, const uint8_t *octets, int count);
/* Takes out so many, PIECE_MOST at most, from this timestamp on. */
void ring_take(struct ring *ring, uint32_t timestamp, int count, struct piece *piece);

#endif
