/* FSK: see fsk.h. Time is counted in twentieths of a bit: a sample is three of them (8000 Hz, 1200 bit/s). */
#include <math.h>
#include <stdint.h>

#include "fsk.h"
#include "g711.h"

#define BIT_PARTS 20
#define SAMPLE_PARTS 3

int fsk_samples(int bits)
{
    return (bits * BIT_PARTS + SAMPLE_PARTS - 1) / SAMPLE_PARTS;
}

void fsk_render(const uint8_t *bit, int bits, double mark_hz, double space_hz, double dbm0, int16_t *pcm)
{
    const double turn[2] = {2 * M_PI * space_hz / 8000 / SAMPLE_PARTS, 2 * M_PI * mark_hz / 8000 / SAMPLE_PARTS};
    const double peak = G711_PEAK_0DBM0 * pow(10, dbm0 / 20);
    double phase = 0;
    int samples = fsk_samples(bits);
    for (int i = 0, part = 0; i < samples; i++) {
        pcm[i] = (int16_t)lrint(fmin(peak, INT16_MAX) * sin(phase));
        for (int end = part + SAMPLE_PARTS; part < end; part++)
            if (part < bits * BIT_PARTS)
                phase += turn[bit[part / BIT_PARTS] != 0];
    }
}
