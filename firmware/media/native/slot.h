/* One time slot of the PCM highway: a telephone's or exchange line's audio, in blocks of 5 ms. */
#ifndef TIPRING_SLOT_H
#define TIPRING_SLOT_H

#include <stdint.h>

#include "endpoint.h"

struct dtmf_rx;
struct highway;

struct slot {
    struct endpoint end;
    int number;
    int listens;             /* Python wants its digits */
    struct dtmf_rx *rx;
    int deaf_blocks;         /* the listener rests: our own digit echoes on the line */
    int event_on;            /* an RTP event for the digit being heard was begun */
    uint8_t in[BLOCK_SAMPLES]; /* this block from the card, without the digits taken out of it */
};

struct slot *slot_new(int id, int number);
void slot_free(struct slot *slot);
/* Forgets a digit half heard, and ends its RTP event; call before the join changes. */
void slot_part(struct slot *slot);
/* First half of a block: takes the card's octets, hears digits. */
void slot_take(struct slot *slot, const struct highway *highway, const struct moment *moment);
/* Second half: gives the card what is to be heard, and the joined stream what was said. */
void slot_give(struct slot *slot, const struct highway *highway, const struct moment *moment);

#endif
