/* The jitter buffer's ring: see ring.h. */
#include "ring.h"

#include <string.h>

void ring_clear(struct ring *ring)
{
    memset(ring->valid, 0, RING);
}

void ring_store(struct ring *ring, uint32_t timestamp, const uint8_t *octets, int count)
{
    int at = (int)(timestamp & (RING - 1));
    int first = count < RING - at ? count : RING - at;
    memcpy(ring->octets + at, octets, (size_t)first);
    memset(ring->valid + at, 1, (size_t)first);
    memcpy(ring->octets, octets + first, (size_t)(count - first));
    memset(ring->valid, 1, (size_t)(count - first));
}

void ring_take(struct ring *ring, uint32_t timestamp, int count, struct piece *piece)
{
    piece->there = 0;
    for (int i = 0; i < count; i++) {
        int at = (int)((timestamp + (uint32_t)i) & (RING - 1));
        piece->missing[i] = !ring->valid[at];
        piece->octets[i] = ring->octets[at];
        piece->there += ring->valid[at];
        ring->valid[at] = 0;
    }
}
