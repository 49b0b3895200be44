/* G.711 by table for decoding and conversion, by segment search for encoding. */
#include <stdint.h>
#include <string.h>

#include "g711.h"

static int16_t linear_of[2][256];
static uint8_t other_of[2][256]; /* [law][octet]: the nearest octet of the other law */

static int16_t a_linear(uint8_t octet)
{
    int code = octet ^ 0x55;
    int segment = code >> 4 & 7;
    int step = code & 15;
    int magnitude = segment ? (step * 2 + 33) << (segment - 1) : step * 2 + 1;
    return (int16_t)(code & 0x80 ? magnitude * 8 : -magnitude * 8);
}

static int16_t u_linear(uint8_t octet)
{
    int code = ~octet & 0xFF;
    int magnitude = (((code & 15) * 2 + 33) << (code >> 4 & 7)) - 33;
    return (int16_t)(code & 0x80 ? -magnitude * 4 : magnitude * 4);
}

static int highest_bit(unsigned value)
{
    return 31 - __builtin_clz(value);
}

static uint8_t a_octet(int16_t sample)
{
    int magnitude = (sample < 0 ? ~sample : sample) >> 4; /* 11 bits */
    int code = magnitude;
    if (magnitude > 15) {
        int segment = highest_bit((unsigned)magnitude) - 3;
        code = segment << 4 | (magnitude >> (segment - 1) & 15);
    }
    return (uint8_t)((sample < 0 ? code : code | 0x80) ^ 0x55);
}

static uint8_t u_octet(int16_t sample)
{
    int magnitude = ((sample < 0 ? ~sample : sample) >> 2) + 33; /* bias of the 14-bit form */
    if (magnitude > 0x1FFF)
        magnitude = 0x1FFF;
    int segment = highest_bit((unsigned)magnitude) - 5;
    int code = segment << 4 | (magnitude >> (segment + 1) & 15);
    return (uint8_t)~(sample < 0 ? code | 0x80 : code);
}

void g711_init(void)
{
    for (int octet = 0; octet < 256; octet++) {
        linear_of[G711_A][octet] = a_linear((uint8_t)octet);
        linear_of[G711_U][octet] = u_linear((uint8_t)octet);
        other_of[G711_A][octet] = u_octet(a_linear((uint8_t)octet));
        other_of[G711_U][octet] = a_octet(u_linear((uint8_t)octet));
    }
}

int16_t g711_decode(int law, uint8_t octet)
{
    return linear_of[law][octet];
}

uint8_t g711_encode(int law, int16_t sample)
{
    return law == G711_A ? a_octet(sample) : u_octet(sample);
}

uint8_t g711_idle(int law)
{
    return law == G711_A ? 0xD5 : 0xFF;
}

void g711_decode_block(int law, const uint8_t *octets, int16_t *pcm, int count)
{
    for (int i = 0; i < count; i++)
        pcm[i] = linear_of[law][octets[i]];
}

void g711_encode_block(int law, const int16_t *pcm, uint8_t *octets, int count)
{
    for (int i = 0; i < count; i++)
        octets[i] = g711_encode(law, pcm[i]);
}

void g711_convert(int from_law, int to_law, uint8_t *octets, int count)
{
    if (from_law == to_law)
        return;
    const uint8_t *table = other_of[from_law];
    for (int i = 0; i < count; i++)
        octets[i] = table[octets[i]];
}
