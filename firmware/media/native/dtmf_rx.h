/* DTMF listener, one direction of one line. 16-bit linear, 8000 samples/s.
 * Hears tones and pauses of 40 ms, 0 to -25 dBm0 per tone, twist -8 to +4 dB,
 * frequencies off by up to 1.5 %, with dial tone beside it; refuses 20 ms,
 * frequencies off by 3.5 % and speech; bridges breaks of 10 ms (ITU-T Q.24). */
#define DTMF_QUIET 0   /* no digit */
#define DTMF_SUSPECT 1 /* sounds like a digit, too short to be sure */
#define DTMF_HEARD 2   /* a digit is on */

struct dtmf_rx;
struct dtmf_rx *dtmf_rx_new(void);
void dtmf_rx_free(struct dtmf_rx *rx);
void dtmf_rx_reset(struct dtmf_rx *rx);
/* Returns how many ASCII digits were written to out (at most max). */
int dtmf_rx_feed(struct dtmf_rx *rx, const int16_t *pcm, int count, char *out, int max);
/* In place of samples that never arrived, whole pieces of 20: a digit that is on goes on through them. */
void dtmf_rx_skip(struct dtmf_rx *rx, int count);
/* DTMF_QUIET, DTMF_SUSPECT or DTMF_HEARD, as of the last sample fed. */
int dtmf_rx_state(const struct dtmf_rx *rx);
/* Length so far of the digit that is on, or of the last one, in ms. */
int dtmf_rx_ms(const struct dtmf_rx *rx);
