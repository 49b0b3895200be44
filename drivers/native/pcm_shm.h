/* PCM blocks shared between the simulated board and its host: what a real board's PCM
 * peripheral and its DMA memory are.
 *
 * The board plays block b (the one in progress) from tx[b % 16] and records it into
 * rx[b % 16]; `done` counts completed blocks, so b == done. The host reads block
 * done - 1 and writes block done + 1, setting tx_valid of each slot it wrote; the board
 * plays idle code where that is 0, and clears it once the block has passed. An eventfd
 * beside the memory counts passed blocks. 5 ms a block, 40 octets a slot. */
#ifndef PCM_SHM_H
#define PCM_SHM_H

#include <stdint.h>

#define PCM_SHM_MAGIC 0x5450434du /* 'TPCM' */
#define PCM_SHM_VERSION 1
#define PCM_SHM_SLOTS 32
#define PCM_SHM_BLOCKS 16
#define PCM_SHM_OCTETS 40

struct pcm_shm {
    uint32_t magic;
    uint32_t version;
    uint32_t slots;
    uint32_t law;            /* HIGHWAY_LAW_A or HIGHWAY_LAW_U */
    uint32_t blocks;         /* in the ring */
    _Atomic uint32_t done;   /* completed blocks, wraps */
    uint8_t rx[PCM_SHM_BLOCKS][PCM_SHM_SLOTS][PCM_SHM_OCTETS]; /* card to host */
    uint8_t tx[PCM_SHM_BLOCKS][PCM_SHM_SLOTS][PCM_SHM_OCTETS]; /* host to card */
    uint8_t tx_valid[PCM_SHM_BLOCKS][PCM_SHM_SLOTS];
};

#endif
