/* A PCM slot: see slot.h.
 *
 * Digits towards a stream with telephone-event: from the first suspicion the audio is
 * silenced, also what still waits in the packet begun; once it is sure, an RTP event
 * is sent in its place (RFC 4733 section 2.5). */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "dtmf_rx.h"
#include "engine_types.h"
#include "g711.h"
#include "highway_types.h"
#include "jitter.h"
#include "news.h"
#include "stream.h"

#define DEAF_BLOCKS 20 /* 100 ms after a digit of our own: echo of the line and of the far end */

struct slot *slot_new(int id, int number)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->end.id = id;
    slot->end.kind = ENDPOINT_SLOT;
    slot->end.player = player_new();
    slot->rx = dtmf_rx_new();
    slot->number = number;
    if (slot->end.player && slot->rx)
        return slot;
    slot_free(slot);
    return NULL;
}

void slot_free(struct slot *slot)
{
    if (!slot)
        return;
    player_free(slot->end.player);
    dtmf_rx_free(slot->rx);
    free(slot);
}

static struct stream *peer_stream(const struct slot *slot)
{
    struct endpoint *peer = slot->end.peer;
    return peer && peer->kind == ENDPOINT_STREAM ? (struct stream *)peer : NULL;
}

static void end_event(struct slot *slot)
{
    struct stream *stream = peer_stream(slot);
    if (slot->event_on && stream)
        event_tx_end(&stream->events_out);
    slot->event_on = 0;
}

void slot_part(struct slot *slot)
{
    end_event(slot);
    dtmf_rx_reset(slot->rx);
}

static void tell_digit(const struct slot *slot, char digit, const struct moment *moment)
{
    struct media_news item = {
        .kind = ENGINE_DIGIT, .endpoint = slot->end.id, .digit = digit, .ms = dtmf_rx_ms(slot->rx)};
    if (slot->listens)
        news_tell(moment->news, &item);
}

/* Silences the digit on its way to the stream, and begins or ends its event. */
static void turn_into_event(struct slot *slot, struct stream *stream, char digit, int law)
{
    int state = dtmf_rx_state(slot->rx);
    if (digit) {
        end_event(slot);
        slot->event_on = event_tx_digit(&stream->events_out, digit, EVENT_OPEN) == 0;
    } else if (state != DTMF_HEARD) {
        end_event(slot);
    }
    if (state == DTMF_QUIET)
        return;
    memset(slot->in, g711_idle(law), BLOCK_SAMPLES);
    stream_hush(stream);
}

static void hear_digits(struct slot *slot, const struct moment *moment)
{
    struct stream *stream = peer_stream(slot);
    int to_events = stream && stream_has_events(stream);
    if (!slot->listens && !to_events)
        return;
    if (player_in_digit(slot->end.player))
        slot->deaf_blocks = DEAF_BLOCKS;
    if (slot->deaf_blocks > 0) {
        if (slot->deaf_blocks-- == DEAF_BLOCKS)
            slot_part(slot);
        return;
    }
    int16_t pcm[BLOCK_SAMPLES];
    char digit = 0;
    g711_decode_block(moment->highway_law, slot->in, pcm, BLOCK_SAMPLES);
    if (dtmf_rx_feed(slot->rx, pcm, BLOCK_SAMPLES, &digit, 1))
        tell_digit(slot, digit, moment);
    if (to_events)
        turn_into_event(slot, stream, digit, moment->highway_law);
}

void slot_take(struct slot *slot, const struct highway *highway, const struct moment *moment)
{
    highway->read(highway->self, slot->number, slot->in);
    hear_digits(slot, moment);
}

/* What the joined end says now, in the highway's law. Returns 0 when there is none. */
static int from_peer(const struct slot *slot, uint8_t *out, const struct moment *moment)
{
    struct stream *stream = peer_stream(slot);
    if (!slot->end.peer)
        return 0;
    if (!stream) {
        memcpy(out, ((const struct slot *)slot->end.peer)->in, BLOCK_SAMPLES);
        return 1;
    }
    jitter_get(stream->jitter, out);
    g711_convert(stream->law, moment->highway_law, out, BLOCK_SAMPLES);
    return 1;
}

void slot_give(struct slot *slot, const struct highway *highway, const struct moment *moment)
{
    uint8_t out[BLOCK_SAMPLES];
    int16_t pcm[BLOCK_SAMPLES];
    int heard = from_peer(slot, out, moment);
    if (player_block(slot->end.player, pcm)) {
        g711_encode_block(moment->highway_law, pcm, out, BLOCK_SAMPLES);
        heard = 1;
    }
    if (heard)
        highway->write(highway->self, slot->number, out);
    struct stream *stream = peer_stream(slot);
    if (!stream || player_busy(stream->end.player))
        return;
    memcpy(out, slot->in, BLOCK_SAMPLES);
    g711_convert(moment->highway_law, stream->law, out, BLOCK_SAMPLES);
    stream_push(stream, out, moment);
}
