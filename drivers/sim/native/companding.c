/* G.711 by segments: no tables, a few shifts a sample. See companding.h. */
#include "companding.h"

#define ALAW_EVEN_BITS 0x55 /* even bits are inverted on the wire, G.711 table 1a note */
#define ULAW_BIAS 33
#define ULAW_CLIP 8158

static int segment_of(int magnitude, int first_bits) {
    int segment = 0;
    while (magnitude >= 1 << (first_bits + segment) && segment < 7) segment++;
    return segment;
}

/* A-law works on 13-bit numbers: 12 bits of magnitude. */
uint8_t alaw_from_linear(int linear) {
    int positive = linear >= 0;
    int magnitude = positive ? linear >> 3 : (-linear - 1) >> 3;
    if (magnitude > 4095) magnitude = 4095;
    int segment = segment_of(magnitude, 5);
    int step = segment < 2 ? (magnitude >> 1) & 0x0F : (magnitude >> segment) & 0x0F;
    return (uint8_t)(((positive ? 0x80 : 0) | segment << 4 | step) ^ ALAW_EVEN_BITS);
}

int alaw_to_linear(uint8_t octet) {
    int code = octet ^ ALAW_EVEN_BITS;
    int segment = code >> 4 & 7;
    int magnitude = (code & 0x0F) * 2 + 1 + (segment ? 32 : 0);
    if (segment > 1) magnitude <<= segment - 1;
    return (code & 0x80 ? magnitude : -magnitude) * 8;
}

/* u-law works on 13 bits of magnitude: 14-bit numbers. */
uint8_t ulaw_from_linear(int linear) {
    int positive = linear >= 0;
    int magnitude = (positive ? linear : -linear) >> 2;
    if (magnitude > ULAW_CLIP) magnitude = ULAW_CLIP;
    magnitude += ULAW_BIAS;
    int segment = segment_of(magnitude, 6);
    int step = magnitude >> (segment + 1) & 0x0F;
    return (uint8_t)~((positive ? 0 : 0x80) | segment << 4 | step);
}

int ulaw_to_linear(uint8_t octet) {
    int code = (uint8_t)~octet;
    int segment = code >> 4 & 7;
    int magnitude = (((code & 0x0F) * 2 + ULAW_BIAS) << segment) - ULAW_BIAS;
    return (code & 0x80 ? -magnitude : magnitude) * 4;
}
