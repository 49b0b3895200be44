/* Transcoding of relayed packets: see recode.h. */
#include "recode.h"

#include "g711.h"
#include "g722.h"
#include "stream.h"
#include "wideband.h"

int recode_is_wide(int codec)
{
    return codec == G722;
}

static int piece_at(const struct recoding *recoding, int at)
{
    return recoding->size - at < G722_MOST_OCTETS ? recoding->size - at : G722_MOST_OCTETS;
}

static void decode(struct recoding *recoding, const struct stream *from)
{
    int piece;
    for (int at = 0; at < recoding->size; at += piece) {
        piece = piece_at(recoding, at);
        if (from->codec == G722)
            g722_in_narrow(from->wide->packets, recoding->payload + at, recoding->pcm + at, piece);
        else
            g711_decode_block(from->codec, recoding->payload + at, recoding->pcm + at, piece);
    }
    recoding->decoded = 1;
}

void recode(struct recoding *recoding, const struct stream *from, struct stream *to, uint8_t *octets)
{
    if (from->codec == to->codec)
        return;
    if (from->codec != G722 && to->codec != G722) {
        g711_convert(from->codec, to->codec, octets, recoding->size);
        return;
    }
    if (!recoding->decoded)
        decode(recoding, from);
    int piece;
    for (int at = 0; at < recoding->size; at += piece) {
        piece = piece_at(recoding, at);
        if (to->codec == G722)
            g722_out_narrow(to->wide->out, recoding->pcm + at, octets + at, piece);
        else
            g711_encode_block(to->codec, recoding->pcm + at, octets + at, piece);
    }
}
