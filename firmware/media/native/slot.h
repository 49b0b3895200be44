/* One time slot of the PCM highway: a telephone's or exchange line's audio, in blocks of 5 ms. */
#ifndef TIPRING_SLOT_H
#define TIPRING_SLOT_H

#include "digits.h"
#include "ear.h"

struct slot {
    struct endpoint end;
    struct ear ear;
    int number;
    struct digits digits;
};

struct slot *slot_new(int id, int number);

#endif
