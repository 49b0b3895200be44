/* Two joined streams: each packet goes on the moment it arrives, rewritten where it lies. */
#ifndef TIPRING_RELAY_H
#define TIPRING_RELAY_H

#include <stdint.h>

struct stream;
struct rtp_view;
struct moment;

/* Sends one packet of `from`, an audio or event packet in data, on to the far end of `to`: payload type,
 * SSRC and time line of `to`; law changed by table where they differ. anew: from's time line began anew. */
void relay_packet(const struct stream *from, struct stream *to, uint8_t *data, const struct rtp_view *view, int anew,
                  const struct moment *moment);

#endif
