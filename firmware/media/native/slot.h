/* One time slot of the PCM highway: a telephone's or exchange line's audio, in blocks of 5 ms. */
#ifndef TIPRING_SLOT_H
#define TIPRING_SLOT_H

#include "ear.h"

struct dtmf_rx;

struct slot {
    struct endpoint end;
    struct ear ear;
    int number;
    int listens;             /* Python wants its digits */
    struct dtmf_rx *rx;
    int hearing;             /* the listener heard the last block too */
    int deaf_blocks;         /* the listener rests: our own digit echoes on the line */
    int event_on;            /* RTP events for the digit being heard were begun */
};

struct slot *slot_new(int id, int number);

#endif
