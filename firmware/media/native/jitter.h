/* Jitter buffer for G.711 and G.722: packets in, blocks of 5 ms out.
 *
 * Octets lie in a ring under their RTP timestamp, so order, packet length and doubles do not
 * matter. Adaptive: the delay follows what all but the latest 1 in 100 packets of the last 10 s needed
 * (delays.h). It grows at once for a packet that comes late, else by playing slower; it shrinks by
 * playing faster and, in pauses, by leaving out a block. Fixed: after 2 s to settle nothing
 * but clock drift is mended, as fax and modems need it; what comes later is dropped.
 * Drift between the far clock and ours is mended by resampling (drift.h), gaps are concealed (plc.h).
 * Decoding comes after the ring, so that a codec with a memory hears everything once and in order. */
#define JITTER_BLOCK 40      /* samples in a block */
#define JITTER_MAX_DELAY 2400 /* samples; a packet later than this does not stretch the delay */

struct g722_in;
struct jitter;
/* Makes the tables; call once before anything else here, after g711_init. Calling again is harmless. */
void jitter_init(void);
struct jitter *jitter_new(void);
void jitter_free(struct jitter *jitter);
/* Forgets everything but fixed or adaptive; codec of the octets from now on: G711_A, G711_U or G722. decoder: for
 * G.722, lent. */
void jitter_reset(struct jitter *jitter, int codec, struct g722_in *decoder);
/* samples: the delay to keep from now on, at most JITTER_MAX_DELAY; 0: adaptive, as it is at first. */
void jitter_fix(struct jitter *jitter, int samples);
/* A fax or modem speaks: this delay is kept from now on, unless a fixed one was set before, and gaps are silence.
 * `jitter_fix` ends it. */
void jitter_keep_still(struct jitter *jitter, int samples);
/* One packet's payload. marker: of RTP: sound begins after a pause. Returns 1 taken, 0 too late (in part or whole)
 * or out of reach. */
int jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count, int marker);
/* From this timestamp on missing samples are noise, -level dBov (RFC 3389), until there is sound again. */
void jitter_noise(struct jitter *jitter, uint32_t timestamp, int level);
/* 40 samples of 8 kHz, and the octets they were. Returns 1 when these are exactly what was received; 0 when concealed,
 * resampled, blended or silent: then only pcm counts. */
int jitter_get(struct jitter *jitter, uint8_t *octets, int16_t *pcm);
/* Samples that the packets least delayed lately wait; 0 before the first one. */
int jitter_delay(const struct jitter *jitter);
/* How much faster the far clock runs, in parts per million; 0 as long as that is not known. */
double jitter_drift_ppm(const struct jitter *jitter);
/* Blocks concealed so far; pauses in which nothing was sent do not count. */
long jitter_concealed(const struct jitter *jitter);
