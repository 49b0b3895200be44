/* Jitter buffer for G.711: packets in, blocks of 5 ms out.
 *
 * Samples lie in a ring under their RTP timestamp, so order, packet length and
 * doubles do not matter. The delay grows at once when a packet comes late and
 * shrinks by 5 ms at a time (two blocks cross-faded) when for 4 s every packet
 * came with time to spare. Missing samples are concealed: the last 20 ms are
 * played to and fro, fading out in 60 ms. */
#define JITTER_BLOCK 40      /* samples in a block */
#define JITTER_MAX_DELAY 1600 /* samples; a packet later than this does not stretch the delay */

struct jitter;
struct jitter *jitter_new(void);
void jitter_free(struct jitter *jitter);
/* Forgets everything; law is G711_A or G711_U, the law of the octets from now on. */
void jitter_reset(struct jitter *jitter, int law);
/* One packet's payload. Returns 1 taken, 0 too late or out of reach (dropped). */
int jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count);
/* 40 octets. Returns 1 when they are exactly what was received, 0 when concealed, faded or silent. */
int jitter_get(struct jitter *jitter, uint8_t *out);
/* The present delay in samples: how long before its turn a packet arrives, at the least, lately. */
int jitter_delay(const struct jitter *jitter);
/* Blocks concealed so far (silence before the first packet does not count). */
long jitter_concealed(const struct jitter *jitter);
