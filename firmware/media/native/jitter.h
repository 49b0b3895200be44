/* Jitter buffer for G.711 and G.722: packets in, blocks of 5 ms out.
 *
 * Octets lie in a ring under their RTP timestamp, so order, packet length and
 * doubles do not matter. The delay grows at once when a packet comes late and
 * shrinks by 5 ms at a time (two blocks cross-faded) when for 4 s every packet
 * came with time to spare. Missing samples are concealed: the last 20 ms are
 * played to and fro, fading out in 60 ms, or into comfort noise where that was sent. Decoding
 * comes after the ring, so that a codec with a memory hears everything once and in order. */
#define JITTER_BLOCK 40      /* samples in a block */
#define JITTER_MAX_DELAY 1600 /* samples; a packet later than this does not stretch the delay */

struct g722_in;
struct jitter;
struct jitter *jitter_new(void);
void jitter_free(struct jitter *jitter);
/* Forgets everything; codec of the octets from now on: G711_A, G711_U or G722. decoder: for G.722, lent. */
void jitter_reset(struct jitter *jitter, int codec, struct g722_in *decoder);
/* One packet's payload. Returns 1 taken, 0 too late or out of reach (dropped). */
int jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count);
/* From this timestamp on missing samples are noise, -level dBov (RFC 3389), until there is sound again. */
void jitter_noise(struct jitter *jitter, uint32_t timestamp, int level);
/* 40 samples of 8 kHz, and the octets they were. Returns 1 when that is exactly what was received; 0 when
 * concealed, faded, noise or silent: then only pcm counts. */
int jitter_get(struct jitter *jitter, uint8_t *octets, int16_t *pcm);
/* The present delay in samples: how long before its turn a packet arrives, at the least, lately. */
int jitter_delay(const struct jitter *jitter);
/* Blocks concealed so far (silence before the first packet does not count). */
long jitter_concealed(const struct jitter *jitter);
