/* The sending side of an RTP stream: see stream.h. Blocks become packets on one time line, whatever their source. */
#include "stream.h"

#include <string.h>

#include "g711.h"
#include "g722.h"
#include "wideband.h"
#include "wire.h"

void stream_begin_run(struct stream *stream, int samples, long long now_us)
{
    long long passed = stream->sent_us == 0 ? 0 : (now_us - stream->sent_us) / 125 - samples;
    if (passed > 0)
        stream->timestamp += (uint32_t)passed;
    stream->marker = 1;
    stream->filled = 0;
    stream->audible = 0;
    stream->relay.from = 0;
}

static void send_packet(struct stream *stream, int type, uint32_t timestamp, int octets, const struct moment *moment)
{
    rtp_write(stream->packet, stream->marker, type, stream->sequence, timestamp, stream->ssrc);
    if (!stream_can_send(stream))
        return;
    wire_send(moment->wire, stream->fd, stream->end.id, stream->source.ip, stream->source.port, stream->packet,
              RTP_HEADER_OCTETS + octets);
    stream->sequence++;
    stream->marker = 0;
    stream->packets_sent++;
    stream->octets_sent += octets;
}

void stream_flush(struct stream *stream, const struct moment *moment)
{
    uint8_t event[EVENT_PAYLOAD];
    uint32_t stamp;
    int marker;
    if (event_tx_packet(&stream->events_out, stream->timestamp, stream->filled, event, &stamp, &marker)) {
        memcpy(stream->packet + RTP_HEADER_OCTETS, event, EVENT_PAYLOAD);
        stream->marker = marker;
        send_packet(stream, stream->event_type, stamp, EVENT_PAYLOAD, moment);
    } else if (stream->audible) {
        send_packet(stream, stream->payload_type, stream->timestamp, stream->filled, moment);
    }
    stream->timestamp += (uint32_t)stream->filled;
    stream->sent_us = moment->now_us;
    stream->filled = 0;
    stream->audible = 0;
}

void stream_silence(struct stream *stream, uint8_t *octets, int count)
{
    static const int16_t none[G722_MOST_OCTETS];
    if (stream->codec != G722) {
        memset(octets, g711_idle(stream->codec), (size_t)count);
        return;
    }
    for (int piece; count > 0; octets += piece, count -= piece) {
        piece = count < G722_MOST_OCTETS ? count : G722_MOST_OCTETS;
        g722_out_narrow(stream->wide->out, none, octets, piece);
    }
}

void stream_push(struct stream *stream, const uint8_t *octets, const struct moment *moment)
{
    if (!stream->ready)
        return;
    if (moment->block != stream->pushed_block + 1 || stream->relay.from != 0)
        stream_begin_run(stream, BLOCK_SAMPLES, moment->now_us);
    stream->pushed_block = moment->block;
    uint8_t *at = stream->packet + RTP_HEADER_OCTETS + stream->filled;
    if (octets)
        memcpy(at, octets, BLOCK_SAMPLES);
    else
        stream_silence(stream, at, BLOCK_SAMPLES);
    stream->audible |= octets != NULL;
    stream->filled += BLOCK_SAMPLES;
    if (stream->filled >= stream->packet_samples)
        stream_flush(stream, moment);
}

void stream_hush(struct stream *stream)
{
    stream_silence(stream, stream->packet + RTP_HEADER_OCTETS, stream->filled);
}
