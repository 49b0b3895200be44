/* G.711: A-law and u-law, 16-bit linear, and one law into the other.
 * Values as in ITU-T G.711 tables 1 and 2, scaled to 16 bits: full scale is a
 * sine of +3.14 dBm0 (A-law) or +3.17 dBm0 (u-law). */
#define G711_A 0
#define G711_U 1
/* Peak of a sine of 0 dBm0 in 16-bit linear (G.711 clause 5, A-law). */
#define G711_PEAK_0DBM0 22827

/* Fills the tables; call once before anything else here. Calling again is harmless. */
void g711_init(void);
int16_t g711_decode(int law, uint8_t octet);
uint8_t g711_encode(int law, int16_t sample);
/* Idle code: 0xD5 A-law, 0xFF u-law. */
uint8_t g711_idle(int law);
void g711_decode_block(int law, const uint8_t *octets, int16_t *pcm, int count);
void g711_encode_block(int law, const int16_t *pcm, uint8_t *octets, int count);
/* In place; laws may be equal (then nothing changes, bit for bit). */
void g711_convert(int from_law, int to_law, uint8_t *octets, int count);
