/* Concealment of what was lost: the speech goes on with its last pitch periods, fading out in 100 ms.
 *
 * The idea is that of ITU-T G.711 Appendix I, without its delay: the seam before the gap is closed by bending
 * what follows it, not what precedes it. */
#ifndef TIPRING_PLC_H
#define TIPRING_PLC_H

#include <stdint.h>

#define PLC_LONGEST 140      /* samples of a pitch period: 57 Hz */
#define PLC_HISTORY 480      /* 60 ms: two periods and the seam, or one and what is compared */
#define PLC_FADED 800        /* samples after which nothing is left */

struct plc {
    int16_t history[PLC_HISTORY]; /* the newest last */
    int16_t loop[2 * PLC_LONGEST]; /* what is played over and over */
    int period, length, at;  /* of the pitch; of the loop, and the place in it */
    int gap;                 /* samples concealed in this gap, PLC_FADED at most */
    int fade_in;             /* samples still to be faded from concealment to sound */
    int fade_length, hears;  /* hears: sound came last, not a gap */
    int bend;                /* the step at the seam, which fades out */
    int noise;               /* peak of the comfort noise that the sound fades into; 0: silence */
    uint32_t dice;
};

/* Forgets everything; silence counts as a gap long faded. */
void plc_reset(struct plc *plc);
/* Count samples that came: remembered, and blended into where they follow a gap. 1 when they were not changed. */
int plc_hear(struct plc *plc, int16_t *pcm, int count);
/* Count samples that did not come. */
void plc_fill(struct plc *plc, int16_t *pcm, int count);
/* 1 while concealment is heard, or has just been blended into sound. */
int plc_sounds(const struct plc *plc);

#endif
