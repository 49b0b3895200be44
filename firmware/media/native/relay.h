/* Streams that hear a stream: each packet goes on the moment it arrives, rewritten where it lies. */
#ifndef TIPRING_RELAY_H
#define TIPRING_RELAY_H

#include <stdint.h>

struct stream;
struct rtp_view;
struct moment;

/* Sends one packet of `from`, audio, event or comfort noise in data, on to the far end of every stream that hears it:
 * with payload type, SSRC and time line of that stream; recoded where codecs differ, cut into other lengths where
 * the far end asks for that, sound ramped where the edge is new or its mute changed. anew: from's time line began anew. The data is changed. */
void relay_packet(const struct stream *from, uint8_t *data, const struct rtp_view *view, int anew,
                  const struct moment *moment);

#endif
