/* A line's call on which a fax or modem speaks, either way, is kept still for it to the end of the call:
 * - the stream it hears gets a fixed delay and no concealment (jitter_keep_still); drift is still mended;
 * - the echo canceller takes out echo only, and turns nothing down (echo_keep_linear). That 2,100 Hz with phase
 *   reversals switches it off as a whole is the canceller's own affair (tone_disabler.h, ITU-T G.168).
 * What counts: CNG, CED, ANSam, the preamble of V.21. Made only for lines that are watched; costs nothing
 * while nobody hears the line. */
#ifndef TIPRING_MODEM_WATCH_H
#define TIPRING_MODEM_WATCH_H

#include <stdint.h>

struct slot;
struct modem_watch;
/* NULL without memory. */
struct modem_watch *modem_watch_new(void);
void modem_watch_free(struct modem_watch *watch);
/* A block in a call: from the line, and then what the line was given; NULL: nothing. */
void modem_watch_from_line(struct modem_watch *watch, struct slot *slot, const int16_t *pcm);
void modem_watch_to_line(struct modem_watch *watch, struct slot *slot, const int16_t *pcm);
/* Nobody hears the line any more. */
void modem_watch_call_over(struct modem_watch *watch);

#endif
