/* What faxes, modems and exchanges say at a slot or stream, told to Python.
 *
 * Faxes and modems by libspandsp (4.5 us per 20 ms, no false hit in an hour of speech): CNG, ITU-T T.30: 1,100 Hz;
 * CED and ANSam, T.30, V.25, V.8: 2,100 Hz, with the phase reversals that switch echo cancellers off or without;
 * the preamble of V.21. Exchanges by progress.h, and who calls by data_rx.h. */
#ifndef TIPRING_SIGNALS_H
#define TIPRING_SIGNALS_H

#include "endpoint.h"

struct signals;
/* kinds: ENGINE_HEAR_... Returns NULL without memory. */
struct signals *signals_new(int kinds);
void signals_free(struct signals *signals);
/* The block just made in end->sound. */
void signals_hear(struct signals *signals, const struct endpoint *end, const struct moment *moment);

#endif
