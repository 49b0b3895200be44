/* The relay: see relay.h. Loss and order stay visible to the far end: sequence numbers and
 * timestamps keep their distances, only their origin is moved onto our own time line. */
#include "relay.h"

#include <string.h>

#include "g711.h"
#include "stream.h"
#include "wire.h"

#define RELAY_MOST_OCTETS 2048

static void take_line(const struct stream *from, struct stream *to, const struct rtp_view *view, long long now_us)
{
    stream_begin_run(to, view->size, now_us);
    to->relay.from = from->end.id;
    to->relay.ssrc = view->ssrc;
    to->relay.sequence_offset = (uint16_t)(to->sequence - view->sequence);
    to->relay.timestamp_offset = to->timestamp - view->timestamp;
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

/* Mute, and the first 5 ms after it changed or the edge is new. A far end that never heard us needs no ramp. */
static void shade(struct ear *ear, const struct stream *to, uint8_t *octets, int count)
{
    int open = !ear->muted, was = ear->open || to->packets_sent == 0;
    int ramped = open == was ? 0 : count < BLOCK_SAMPLES ? count : BLOCK_SAMPLES;
    for (int i = 0; i < ramped; i++) {
        int gain = open ? i : ramped - i;
        octets[i] = g711_encode(to->law, (int16_t)(g711_decode(to->law, octets[i]) * gain / ramped));
    }
    if (!open)
        memset(octets + ramped, g711_idle(to->law), (size_t)(count - ramped));
    ear->open = open;
}

/* The payload lies at `payload`, with room for a header before it. */
static void relay_to(const struct stream *from, struct ear *ear, uint8_t *payload, const struct rtp_view *view,
                     int anew, const struct moment *moment)
{
    struct stream *to = (struct stream *)ear->owner;
    int event = view->payload_type == from->event_type;
    if (!stream_can_send(to) || (event && (!stream_has_events(to) || ear->muted)) || stream_busy(to))
        return;
    if (anew || to->relay.from != from->end.id || to->relay.ssrc != view->ssrc)
        take_line(from, to, view, moment->now_us);
    uint16_t sequence = (uint16_t)(view->sequence + to->relay.sequence_offset);
    uint32_t timestamp = view->timestamp + to->relay.timestamp_offset;
    if (!event) {
        g711_convert(from->law, to->law, payload, view->size);
        if (ear->muted || !ear->open)
            shade(ear, to, payload, view->size);
    }
    rtp_write(payload - RTP_HEADER_OCTETS, view->marker | to->marker, event ? to->event_type : to->payload_type,
              sequence, timestamp, to->ssrc);
    to->marker = 0;
    wire_send(moment->wire, to->fd, to->end.id, to->source.ip, to->source.port, payload - RTP_HEADER_OCTETS,
              RTP_HEADER_OCTETS + view->size);
    to->packets_sent++;
    to->octets_sent += view->size;
    advance_line(to, sequence, timestamp + (uint32_t)(event ? 0 : view->size), moment->now_us);
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
    uint8_t copy[RTP_HEADER_OCTETS + RELAY_MOST_OCTETS];
    struct ear *next, *ear = next_relay(from->end.hearers);
    for (; ear; ear = next) {
        next = next_relay(ear->next);
        if (!next) {
            relay_to(from, ear, data + view->offset, view, anew, moment);
        } else if (view->size <= RELAY_MOST_OCTETS) {
            memcpy(copy + RTP_HEADER_OCTETS, data + view->offset, (size_t)view->size);
            relay_to(from, ear, copy + RTP_HEADER_OCTETS, view, anew, moment);
        }
    }
}
