/* What an echo canceller's filter leaves is turned down while only the far end speaks, to the line's own noise and no
 * further. One gain for a block, faded; no delay. */
#include "sound.h"

#define ECHO_DBM0_0 2.6054e8f              /* mean square of 0 dBm0 */
#define ECHO_TALKING (ECHO_DBM0_0 * 1e-5f) /* -50 dBm0 */
#define ECHO_TOGETHER 0.4f                 /* -4 dB of the echo are left: somebody speaks here */

/* How well the filter knows the line; ECHO_LEAVE: nothing is to be turned down. */
enum echo_knowledge { ECHO_LEAVE, ECHO_UNKNOWN, ECHO_LEARNT, ECHO_REFINED };

struct echo_suppressor {
    float far, far_held;       /* power of what was sent: falls slowly, and more so */
    float echoed, left;        /* of the echo found, of what is left: likewise */
    float noise;               /* power of the line without anybody speaking */
    float spoken;              /* 0 to 1: somebody speaks here */
    float gain;
};

void echo_suppressor_init(struct echo_suppressor *suppressor);
/* The powers of a block: of what was sent, of the echo found in it, of what the filter leaves. */
void echo_suppressor_follow(struct echo_suppressor *suppressor, float far, float found, float left);
/* The block of that power, changed in place. */
void echo_suppressor_turn_down(struct echo_suppressor *suppressor, int16_t *pcm, float power,
                               enum echo_knowledge knowledge);
/* The far end speaks. */
int echo_suppressor_far_speaks(const struct echo_suppressor *suppressor);
