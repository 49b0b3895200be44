/* A recorder: two ears, the two channels of a WAV file.
 *
 * A-law, 8 kHz: what telephones say in it is kept bit for bit at half the size of linear samples, and
 * everything that plays WAV plays it. The header is true at any moment but for the last second. */
#ifndef TIPRING_RECORDER_H
#define TIPRING_RECORDER_H

#include "ear.h"

#define RECORDER_RING_MS 10000 /* what a blocked disk may hold up at the least */

struct recorder;
/* fd: of a new file that can be sought; closed with the recorder, left alone when this fails. Returns NULL without
 * memory or thread. */
struct recorder *recorder_new(int fd, int stepped);
struct endpoint *recorder_end(struct recorder *recorder);
/* Time passes unrecorded meanwhile: it is cut out. */
void recorder_pause(struct recorder *recorder, int on);

#endif
