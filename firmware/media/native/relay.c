/* The relay: see relay.h. Loss and order stay visible to the far end: sequence numbers and
 * timestamps keep their distances, only their origin is moved onto our own time line. */
#include "relay.h"

#include <string.h>

#include "g711.h"
#include "recode.h"
#include "stream.h"
#include "wire.h"

static void take_line(const struct stream *from, struct stream *to, const struct rtp_view *view,
                      const struct moment *moment)
{
    if (to->audible && to->relay.from == 0) /* the end of a tone of its own */
        stream_flush(to, moment);
    stream_begin_run(to, view->size, moment->now_us);
    to->relay.from = from->end.id;
    to->relay.ssrc = view->ssrc;
    to->relay.sequence_offset = (uint16_t)(to->sequence - view->sequence);
    to->relay.timestamp_offset = to->timestamp - view->timestamp;
    to->relay.repacks = 0;
}

static void advance_line(struct stream *to, uint16_t sequence, uint32_t end, long long now_us)
{
    if ((int16_t)(sequence + 1 - to->sequence) > 0)
        to->sequence = (uint16_t)(sequence + 1);
    if ((int32_t)(end - to->timestamp) > 0) {
        to->timestamp = end;
        to->sent_us = now_us;
    }
}

/* Mute, and the first 5 ms after it changed or the edge is new. A far end that never heard us needs no ramp; G.722,
 * which cannot be turned down octet by octet, is cut over. */
static void shade(struct ear *ear, struct stream *to, uint8_t *octets, int count)
{
    int open = !ear->muted, was = ear->open || to->packets_sent == 0;
    int ramped = open == was || recode_is_wide(to->codec) ? 0 : count < BLOCK_SAMPLES ? count : BLOCK_SAMPLES;
    for (int i = 0; i < ramped; i++) {
        int gain = open ? i : ramped - i;
        octets[i] = g711_encode(to->codec, (int16_t)(g711_decode(to->codec, octets[i]) * gain / ramped));
    }
    if (!open)
        stream_silence(to, octets + ramped, count - ramped);
    ear->open = open;
}

/* Octets into packets of the length that the far end asked for. Lost packets leave a hole in the sequence numbers, so
 * that the far end conceals them; late ones, whose place has been sent, are dropped. One that is next in sequence but
 * earlier in time, as after a single wrong timestamp, goes on where we are. */
static void repack(const struct stream *from, struct stream *to, const uint8_t *octets, const struct rtp_view *view,
                   const struct moment *moment)
{
    int length = to->packet_samples, lost = to->relay.repacks ? (int16_t)(view->sequence - to->relay.taken - 1) : 0;
    uint32_t timestamp = view->timestamp + to->relay.timestamp_offset;
    int gap = (int32_t)(timestamp - to->timestamp - (uint32_t)to->filled);
    if (gap < 0 && lost < 0)
        return;
    if (gap < 0) {
        stream_flush(to, moment);
        take_line(from, to, view, moment);
    } else if (gap > 0) {
        stream_flush(to, moment);
        to->sequence = (uint16_t)(to->sequence + (lost > 0 ? gap < length ? 1 : gap / length : 0));
        to->timestamp = timestamp;
    }
    to->relay.repacks = 1;
    to->relay.taken = view->sequence;
    to->marker |= view->marker;
    for (int at = 0, piece; at < view->size; at += piece) {
        piece = length - to->filled < view->size - at ? length - to->filled : view->size - at;
        memcpy(to->packet + RTP_HEADER_OCTETS + to->filled, octets + at, (size_t)piece);
        to->filled += piece;
        to->audible = 1;
        if (to->filled == length)
            stream_flush(to, moment);
    }
}

/* What is no audio, events and noise, keeps its packets also where audio does not. */
static uint16_t sequence_of(struct stream *to, const struct rtp_view *view, const struct moment *moment)
{
    if (!to->relay.repacks)
        return (uint16_t)(view->sequence + to->relay.sequence_offset);
    if (to->filled)
        stream_flush(to, moment);
    to->relay.taken = view->sequence;
    return to->sequence;
}

/* The payload lies at `payload`, with room for a header before it. */
static void relay_to(const struct stream *from, struct ear *ear, uint8_t *payload, const struct rtp_view *view,
                     int anew, struct recoding *recoding, const struct moment *moment)
{
    struct stream *to = (struct stream *)ear->owner;
    int event = view->payload_type == from->event_type, audio = view->payload_type == from->payload_type && !event;
    if (!stream_can_send(to) || (event && !stream_sends_events(to)) || (!audio && ear->muted) || stream_busy(to))
        return;
    if (anew || to->relay.from != from->end.id || to->relay.ssrc != view->ssrc)
        take_line(from, to, view, moment);
    uint32_t timestamp = view->timestamp + to->relay.timestamp_offset;
    if (audio) {
        recode(recoding, from, to, payload);
        if (ear->muted || !ear->open)
            shade(ear, to, payload, view->size);
        if (to->relay.repacks || (to->ptime_asked && view->size != to->packet_samples)) {
            repack(from, to, payload, view, moment);
            return;
        }
    }
    uint16_t sequence = sequence_of(to, view, moment);
    int type = event ? to->event_type : audio ? to->payload_type : COMFORT_NOISE;
    rtp_write(payload - RTP_HEADER_OCTETS, view->marker | to->marker, type, sequence, timestamp, to->ssrc);
    to->marker = 0;
    wire_send(moment->wire, to->fd, to->end.id, to->source.ip, to->source.port, payload - RTP_HEADER_OCTETS,
              RTP_HEADER_OCTETS + view->size);
    to->packets_sent++;
    to->octets_sent += view->size;
    advance_line(to, sequence, timestamp + (uint32_t)(audio ? view->size : 0), moment->now_us);
}

/* From this ear on, the first one that takes packets on arrival. */
static struct ear *next_relay(struct ear *ear)
{
    while (ear && !ear_relays(ear))
        ear = ear->next;
    return ear;
}

void relay_packet(const struct stream *from, uint8_t *data, const struct rtp_view *view, int anew,
                  const struct moment *moment)
{
    uint8_t copy[RTP_HEADER_OCTETS + RECODE_MOST_OCTETS];
    struct recoding recoding;
    recoding_begin(&recoding, data + view->offset, view->size);
    struct ear *next, *ear = next_relay(from->end.hearers);
    for (; ear; ear = next) {
        next = next_relay(ear->next);
        if (!next) {
            relay_to(from, ear, data + view->offset, view, anew, &recoding, moment);
        } else if (view->size <= RECODE_MOST_OCTETS) {
            memcpy(copy + RTP_HEADER_OCTETS, data + view->offset, (size_t)view->size);
            relay_to(from, ear, copy + RTP_HEADER_OCTETS, view, anew, &recoding, moment);
        }
    }
}
