/* ITU-T G.711 for the simulated chips: octets on the highway to and from 16-bit linear.
 *
 * The board has its own so that a slip in the media engine's cannot hide here. Linear scale: a
 * full-scale sine (32768 peak) is +3.14 dBm0 in A-law and +3.17 dBm0 in u-law. */
#ifndef COMPANDING_H
#define COMPANDING_H

#include <stdint.h>

uint8_t alaw_from_linear(int linear);
int alaw_to_linear(uint8_t octet);
uint8_t ulaw_from_linear(int linear);
int ulaw_to_linear(uint8_t octet);

#endif
