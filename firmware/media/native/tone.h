/* Tones: sums of two sines or one modulated by the other, in segments, without clicks.
 *
 * The level is of all frequencies together, in dBm0. Every start, stop and
 * change of segment has a ramp of 5 ms; the phase runs on through segments. */
#define TONE_SEGMENTS 32
#define TONE_FOR_EVER -1
#define TONE_SINGLE 0
#define TONE_SUM 1
#define TONE_AM 2 /* the first frequency modulated 90 % by the second */

struct tone_segment {
    double hz[2];     /* 0: not used; both 0: silence */
    double dbm0[2];   /* level of each sine; for TONE_AM the first is of the whole */
    int ms;           /* TONE_FOR_EVER or at least 1 */
    int kind;
    int once;         /* only in the first round */
};

struct tone_spec {
    int count;        /* 1 to TONE_SEGMENTS */
    int repeat;       /* 0: ends after the last segment */
    struct tone_segment segment[TONE_SEGMENTS];
};

struct tone;
struct tone *tone_new(void);
void tone_free(struct tone *tone);
/* Starts over with spec (copied). Returns 0, or -1 when spec is out of range. */
int tone_start(struct tone *tone, const struct tone_spec *spec);
/* Fades out in 5 ms. */
void tone_stop(struct tone *tone);
/* Writes count samples (silence when idle). Returns 1 while playing. */
int tone_block(struct tone *tone, int16_t *pcm, int count);
/* Makes the spec of one DTMF digit: -9 dBm0 low, -7 dBm0 high group. ms as in a segment.
 * Returns 0, or -1 when the character is no digit (0-9 * # A-D). */
int tone_digit(struct tone_spec *spec, char digit, int ms);
