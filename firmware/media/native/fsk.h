/* Frequency-shift keying at 1200 bit/s, as caller ID uses it (Bell 202, V.23): bits in, samples out. */
/* Samples that `bits` bits take. */
int fsk_samples(int bits);
/* Writes fsk_samples(bits) samples; bit: one octet each, 0 is a space. Phase runs on across bits, whose edges fall
 * where they fall between two samples. Levels and frequencies as in tone.h. */
void fsk_render(const uint8_t *bit, int bits, double mark_hz, double space_hz, double dbm0, int16_t *pcm);
