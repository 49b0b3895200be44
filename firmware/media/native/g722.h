/* G.722 at 64 kbit/s (ITU-T G.722 mode 1), with the way from and to the house's 8 kHz.
 *
 * One octet holds two samples of 16 kHz, but its RTP clock counts 8 kHz (RFC 3551 section 4.5.2): octets,
 * timestamps and milliseconds go as in G.711. Both directions have a memory, so each
 * path of octets needs a state of its own; after a loss the two ends agree again by themselves. */
#define G722 2               /* beside G711_A and G711_U */
#define G722_MOST_OCTETS 480 /* 60 ms: the longest piece worked on at once */

struct g722_in;
/* NULL without memory. */
struct g722_in *g722_in_new(void);
void g722_in_free(struct g722_in *in);
void g722_in_reset(struct g722_in *in);
/* count octets become 2 * count samples of 16 kHz. */
void g722_in_wide(struct g722_in *in, const uint8_t *octets, int16_t *pcm, int count);
/* count octets become count samples of 8 kHz. */
void g722_in_narrow(struct g722_in *in, const uint8_t *octets, int16_t *pcm, int count);

struct g722_out;
struct g722_out *g722_out_new(void);
void g722_out_free(struct g722_out *out);
/* 2 * count samples of 16 kHz become count octets. */
void g722_out_wide(struct g722_out *out, const int16_t *pcm, uint8_t *octets, int count);
/* count samples of 8 kHz become count octets. */
void g722_out_narrow(struct g722_out *out, const int16_t *pcm, uint8_t *octets, int count);
