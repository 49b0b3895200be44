/* Call progress in raw pieces: silence, one or two steady tones, or anything else, each with its length.
 * What cadence they make is for Python to judge. Tones of 250 to 2,000 Hz from -40 dBm0 up, two of them at least
 * 75 Hz apart and within 12 dB. Nearer ones, and the side bands of a
 * modulated one, beat, and come as the one in their middle.
 * Frequencies within 8 Hz. Lengths within 20 ms. */
#define PROGRESS_SILENCE 0
#define PROGRESS_TONE 1
#define PROGRESS_SOUND 2      /* speech, music, noise */
#define PROGRESS_LONG_MS 1000 /* a piece that goes on is told then */
#define PROGRESS_LASTING_MS 3000 /* and then */

struct progress_segment {
    int kind;
    int ms;                   /* its length; so far, while it lasts */
    int lasts;                /* it goes on */
    double hz[2];             /* of a tone, the lower first; 0: there is none */
    double dbm0;              /* of everything in it */
};

struct progress;
struct progress *progress_new(void);
void progress_free(struct progress *progress);
/* count: at most 160 samples of 8 kHz. Returns 1 when a piece is over, or is long, which is then in *out. */
int progress_feed(struct progress *progress, const int16_t *pcm, int count, struct progress_segment *out);
