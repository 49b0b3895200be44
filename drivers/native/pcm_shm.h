/* The PCM highway of a simulated board, as it lies in shared memory.
 *
 * The board makes the memory and moves `done` on by one every 5 ms of its own
 * clock, then adds 1 to the eventfd that came with it. While block number
 * `done` is on the wire, the host reads block done-1 and writes block done+1;
 * block n lives at index n % PCM_SHM_BLOCKS. Octets are G.711, as on the wire.
 *
 * `done` and `tx_valid` are read and written by two processes: only with
 * __atomic_load_n (acquire) and __atomic_store_n (release). Read as it stands
 * by the compiler and by cffi. Host's side: pcm_highway.c; board's side:
 * drivers/sim/native. */
#define PCM_SHM_MAGIC 0x5450434d /* "TPCM" */
#define PCM_SHM_VERSION 1
#define PCM_SHM_SLOTS 32
#define PCM_SHM_BLOCKS 16
#define PCM_SHM_SAMPLES 40 /* a slot's octets in one block */

struct pcm_shm {
    unsigned int magic;
    unsigned int version;
    unsigned int slots;  /* PCM_SHM_SLOTS */
    unsigned int law;    /* 0 A-law, 1 u-law */
    unsigned int blocks; /* PCM_SHM_BLOCKS */
    unsigned int done;   /* blocks completed since the board started; wraps */
    unsigned char rx[PCM_SHM_BLOCKS][PCM_SHM_SLOTS][PCM_SHM_SAMPLES]; /* card to host */
    unsigned char tx[PCM_SHM_BLOCKS][PCM_SHM_SLOTS][PCM_SHM_SAMPLES]; /* host to card */
    /* Set to 1 by the host when it has written a slot; the board plays idle code where it is 0, and clears it after use. */
    unsigned char tx_valid[PCM_SHM_BLOCKS][PCM_SHM_SLOTS];
};
