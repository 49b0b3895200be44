/* Data on a resting telephone line, as exchanges tell who calls: FSK of 1200 bit/s (Bell 202, ITU-T V.23), octets
 * between a start and a stop bit, -3 to -44 dBm0; or DTMF digits from -3 to -38 dBm0 in all. What the octets mean:
 * `firmware/lines/caller_id/receiving.py`. */
#ifndef TIPRING_DATA_RX_H
#define TIPRING_DATA_RX_H

#include <stdint.h>

#define DATA_RX_BELL_202 0
#define DATA_RX_V23 1
#define DATA_RX_DTMF 2
/* Told in place of an octet: the carrier, or the train of digits, is over. */
#define DATA_RX_END 256
/* Told before a digit that came so late that one before it was not understood. */
#define DATA_RX_MISSED '?'

struct data_rx;
/* kind: DATA_RX_... Returns NULL without memory. */
struct data_rx *data_rx_new(int kind);
void data_rx_free(struct data_rx *rx);
/* Returns how many octets (of DTMF: ASCII digits) or DATA_RX_END were written to out, at most max. 8 are enough for
 * 5 ms. */
int data_rx_feed(struct data_rx *rx, const int16_t *pcm, int count, int *out, int max);

#endif
