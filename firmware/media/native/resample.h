/* Half and double the sampling rate: 16 kHz to 8 kHz and back, whole blocks in, whole blocks out.
 * Passes 0 to 3.4 kHz within 0.5 dB; what 8 kHz cannot hold is 40 dB down. */
#define RESAMPLE_HALVE 0
#define RESAMPLE_DOUBLE 1

struct resample;
/* NULL without memory. */
struct resample *resample_new(int direction);
void resample_free(struct resample *resample);
/* Forgets what was heard before. */
void resample_reset(struct resample *resample);
/* narrow: how many samples of 8 kHz this piece is, at either end. */
void resample_run(struct resample *resample, const int16_t *in, int16_t *out, int narrow);
