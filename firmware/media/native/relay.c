/* The relay: see relay.h. Loss and order stay visible to the far end: sequence numbers and
 * timestamps keep their distances, only their origin is moved onto our own time line. */
#include "relay.h"

#include "g711.h"
#include "stream.h"
#include "wire.h"

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

void relay_packet(const struct stream *from, struct stream *to, uint8_t *data, const struct rtp_view *view, int anew,
                  const struct moment *moment)
{
    int event = view->payload_type == from->event_type;
    if (!stream_can_send(to) || (event && !stream_has_events(to)) || stream_busy(to))
        return;
    if (anew || to->relay.from != from->end.id || to->relay.ssrc != view->ssrc)
        take_line(from, to, view, moment->now_us);
    uint8_t *packet = data + view->offset - RTP_HEADER_OCTETS;
    uint16_t sequence = (uint16_t)(view->sequence + to->relay.sequence_offset);
    uint32_t timestamp = view->timestamp + to->relay.timestamp_offset;
    if (!event)
        g711_convert(from->law, to->law, data + view->offset, view->size);
    rtp_write(packet, view->marker | to->marker, event ? to->event_type : to->payload_type, sequence, timestamp,
              to->ssrc);
    to->marker = 0;
    wire_send(moment->wire, to->fd, to->end.id, to->source.ip, to->source.port, packet,
              RTP_HEADER_OCTETS + view->size);
    to->packets_sent++;
    to->octets_sent += view->size;
    advance_line(to, sequence, timestamp + (uint32_t)(event ? 0 : view->size), moment->now_us);
}
