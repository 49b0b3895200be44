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
#include "news.h"
#include "stream.h"

#define DEAF_BLOCKS 20 /* 100 ms after a digit of our own: echo of the line and of the far end */

static void slot_free(struct endpoint *end)
{
    struct slot *slot = (struct slot *)end;
    tone_source_free(end->tones);
    dtmf_rx_free(slot->rx);
    free(slot);
}

struct slot *slot_new(int id, int number)
{
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    slot->end.id = id;
    slot->end.kind = &slot_kind;
    ears_init(&slot->end, &slot->ear, 1);
    slot->end.tones = tone_source_new();
    slot->rx = dtmf_rx_new();
    slot->number = number;
    if (slot->end.tones && slot->rx)
        return slot;
    slot_free(&slot->end);
    return NULL;
}

/* -- digits ------------------------------------------------------------------------------- */

/* The stream behind the ear when it takes digits as events, or NULL. */
static struct stream *event_taker(const struct ear *ear)
{
    struct stream *stream = (struct stream *)ear->owner;
    return ear->owner->kind == &stream_kind && stream_has_events(stream) ? stream : NULL;
}

static int has_event_takers(const struct slot *slot)
{
    for (const struct ear *ear = slot->end.hearers; ear; ear = ear->next)
        if (event_taker(ear))
            return 1;
    return 0;
}

static void end_events(struct slot *slot)
{
    for (struct ear *ear = slot->end.hearers; slot->event_on && ear; ear = ear->next)
        if (event_taker(ear))
            event_tx_end(&event_taker(ear)->events_out);
    slot->event_on = 0;
}

static void forget_digit(struct slot *slot)
{
    end_events(slot);
    dtmf_rx_reset(slot->rx);
}

/* A digit half heard does not go on at the next one who hears the line. */
static void slot_unheard(struct endpoint *end, const struct ear *ear)
{
    if (event_taker(ear))
        forget_digit((struct slot *)end);
}

static void tell_digit(const struct slot *slot, char digit, const struct moment *moment)
{
    struct media_news item = {
        .kind = ENGINE_DIGIT, .endpoint = slot->end.id, .digit = digit, .ms = dtmf_rx_ms(slot->rx)};
    if (slot->listens)
        news_tell(moment->news, &item);
}

/* Begins or ends the digit's events, and marks the sound for those who take them. */
static void turn_into_events(struct slot *slot, char digit)
{
    int state = dtmf_rx_state(slot->rx);
    if (digit || state != DTMF_HEARD)
        end_events(slot);
    slot->end.sound.digit = state != DTMF_QUIET;
    for (struct ear *ear = slot->end.hearers; ear; ear = ear->next) {
        struct stream *stream = event_taker(ear);
        if (stream && digit)
            slot->event_on |= event_tx_digit(&stream->events_out, digit, EVENT_OPEN) == 0;
        if (stream && slot->end.sound.digit)
            stream_hush(stream);
    }
}

static void hear_digits(struct slot *slot, const struct moment *moment)
{
    int to_events = has_event_takers(slot), wanted = slot->listens || to_events;
    if (!wanted && slot->hearing)
        dtmf_rx_reset(slot->rx);
    slot->hearing = wanted;
    if (!wanted)
        return;
    if (tone_source_in_digit(slot->end.tones))
        slot->deaf_blocks = DEAF_BLOCKS;
    if (slot->deaf_blocks > 0) {
        if (slot->deaf_blocks-- == DEAF_BLOCKS)
            forget_digit(slot);
        return;
    }
    char digit = 0;
    if (dtmf_rx_feed(slot->rx, slot->end.sound.pcm, BLOCK_SAMPLES, &digit, 1))
        tell_digit(slot, digit, moment);
    if (to_events)
        turn_into_events(slot, digit);
}

/* -- blocks ------------------------------------------------------------------------------- */

static void slot_take(struct endpoint *end, const struct moment *moment)
{
    struct slot *slot = (struct slot *)end;
    uint8_t octets[BLOCK_SAMPLES];
    moment->highway->read(moment->highway->self, slot->number, octets);
    sound_from_octets(&end->sound, moment->highway_law, octets);
    hear_digits(slot, moment);
}

static void slot_give(struct endpoint *end, const struct moment *moment)
{
    struct sound room;
    uint8_t octets[BLOCK_SAMPLES];
    const struct sound *heard = endpoint_output(end, &room, moment);
    if (!heard)
        return;
    sound_to_octets(heard, moment->highway_law, octets);
    moment->highway->write(moment->highway->self, ((struct slot *)end)->number, octets);
}

const struct endpoint_kind slot_kind = {
    .take = slot_take, .always_takes = 1, .give = slot_give, .unheard = slot_unheard, .free = slot_free};
