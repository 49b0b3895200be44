/* Hears 2,100 Hz whose phase is turned round: a modem or fax that wants the line without echo cancellers
 * (ITU-T G.168 section 7, V.25, V.8). Both directions of one line, in blocks of 5 ms. */
#ifndef TIPRING_TONE_DISABLER_H
#define TIPRING_TONE_DISABLER_H

#include <stdint.h>

#include "sound.h"

/* One direction. */
struct phase_ear {
    int steady;              /* blocks of tone so far */
    int missed;              /* since the last block of tone */
    int turned;              /* 0, or 1 and the blocks since its phase was turned */
    float phase;             /* of the last block of tone, rad */
    float drift;             /* rad per block: it is not quite 2,100 Hz */
};

struct tone_disabler {
    float cosine[BLOCK_SAMPLES], sine[BLOCK_SAMPLES];
    int odd;                 /* a block is ten and a half periods */
    struct phase_ear from_line, to_line;
    int off;                 /* from a turn on, until both directions are silent for 300 ms */
    int quiet_blocks;
};

void tone_disabler_init(struct tone_disabler *disabler);
/* Forgets what was heard: on again. */
void tone_disabler_reset(struct tone_disabler *disabler);
/* A block of either direction; powers: their mean squares. */
void tone_disabler_feed(struct tone_disabler *disabler, const int16_t *from_line, float from_power,
                        const int16_t *to_line, float to_power);

#endif
