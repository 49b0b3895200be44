/* The PCM highway: the one bridge between the line cards and the media engine.
 *
 * A struct of function pointers. A board (real or simulated) fills it in, app
 * hands its address on as an integer, and the media engine calls through it.
 * The two native modules share nothing else. All audio is companded G.711, one
 * octet a slot and frame, 8000 frames/s, in blocks of 5 ms.
 *
 * One thread (the engine's) calls everything here. */
#define HIGHWAY_BLOCK_SAMPLES 40
#define HIGHWAY_LAW_A 0
#define HIGHWAY_LAW_U 1

struct highway {
    void *self;
    int slots;    /* time slots in a frame; slot n starts 8*n bit clocks after FSYNC */
    int law;      /* HIGHWAY_LAW_A or HIGHWAY_LAW_U: what the chips are set to */
    int clock_fd; /* readable when a block has passed (poll it); -1 in stepped mode */
    /* Moves to the next unread block. Returns 1, or 0 when none is complete yet.
     * Call until it returns 0; it also clears clock_fd. */
    int (*begin_block)(void *self);
    /* The 40 octets the card sent in this block. slot: 0 to slots-1. */
    void (*read)(void *self, int slot, unsigned char *out);
    /* 40 octets for the card; they reach the wire 5 to 10 ms later. A slot that
     * is not written in a block carries idle code (0xD5 A-law, 0xFF u-law). */
    void (*write)(void *self, int slot, const unsigned char *in);
    /* Blocks lost because begin_block came too late, since the start. */
    long (*slips)(void *self);
    /* Card clock against CLOCK_MONOTONIC in parts per million, positive when the card is fast. */
    double (*drift_ppm)(void *self);
};
