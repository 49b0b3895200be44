/* One time slot of the PCM highway: a telephone's or exchange line's audio, in blocks of 5 ms. */
#ifndef TIPRING_SLOT_H
#define TIPRING_SLOT_H

#include "digits.h"
#include "ear.h"

struct echo;
struct modem_watch;

struct slot {
    struct endpoint end;
    struct ear ear;
    int number;
    struct digits digits;
    struct echo *echo;       /* NULL: without a canceller */
    struct modem_watch *modems; /* NULL: not watched for */
    int yields;              /* its tone stops as soon as there is something to hear */
};

struct slot *slot_new(int id, int number);
/* Gives it an echo canceller that knows nothing yet, or takes it away: tail_ms 0. -1 without memory. */
int slot_set_echo(struct slot *slot, int tail_ms);
/* Watches its calls for faxes and modems, or no more. -1 without memory. */
int slot_watch_modems(struct slot *slot, int on);

#endif
