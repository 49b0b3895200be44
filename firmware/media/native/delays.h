/* How late packets have come lately, and what delay that asks for.
 *
 * A delay is a number of samples above that of some packet long ago: only differences count. */
#ifndef TIPRING_DELAYS_H
#define TIPRING_DELAYS_H

#include <stdint.h>

#define DELAYS_WINDOW 512    /* packets remembered: 10 s of 20 ms */
#define DELAYS_STEP 40       /* samples: delays are told apart this well */

struct delays {
    int count, at;
    int16_t steps[DELAYS_WINDOW];
    int low, high;           /* the least, and the one that all but 1 in 100 do not exceed (rounded up) */
};

void delays_reset(struct delays *delays);
void delays_note(struct delays *delays, int delay);

#endif
