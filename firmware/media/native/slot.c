/* A PCM slot: see slot.h. */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include "g711.h"
#include "highway_types.h"
#include "modem_watch.h"
#include "signals.h"
#include "stream.h"

static void slot_free(struct endpoint *end)
{
    struct slot *slot = (struct slot *)end;
    tone_source_free(end->tones);
    digits_free(&slot->digits);
    echo_free(slot->echo);
    modem_watch_free(slot->modems);
    signals_free(end->signals);
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
    slot->number = number;
    if (digits_init(&slot->digits) == 0 && slot->end.tones)
        return slot;
    slot_free(&slot->end);
    return NULL;
}

int slot_set_echo(struct slot *slot, int tail_ms)
{
    struct echo *echo = tail_ms ? echo_new(tail_ms) : NULL;
    if (tail_ms && !echo)
        return -1;
    echo_free(slot->echo);
    slot->echo = echo;
    return 0;
}

int slot_watch_modems(struct slot *slot, int on)
{
    struct modem_watch *watch = on ? modem_watch_new() : NULL;
    if (on && !watch)
        return -1;
    modem_watch_free(slot->modems);
    slot->modems = watch;
    return 0;
}

/* A digit half heard does not go on at the next one who hears the line. */
static void slot_unheard(struct endpoint *end, const struct ear *ear)
{
    struct slot *slot = (struct slot *)end;
    digits_unheard(&slot->digits, end, ear);
    if (end->hearers != ear || ear->next)
        return;
    if (slot->echo)
        echo_call_over(slot->echo);
    if (slot->modems)
        modem_watch_call_over(slot->modems);
}

/* -- blocks ------------------------------------------------------------------------------- */

/* Without its echo, unless nobody hears it. */
static void take_echo_out(struct slot *slot)
{
    int16_t pcm[BLOCK_SAMPLES];
    if (!slot->echo || !(slot->digits.listens || slot->end.hearers))
        return;
    memcpy(pcm, slot->end.sound.pcm, sizeof pcm);
    if (echo_cancel(slot->echo, pcm))
        sound_from_pcm(&slot->end.sound, pcm);
}

static void remember_given(struct slot *slot, int law, const uint8_t *octets)
{
    int16_t pcm[BLOCK_SAMPLES];
    int watched = slot->modems && slot->end.hearers;
    if (octets && (slot->echo || watched))
        g711_decode_block(law, octets, pcm, BLOCK_SAMPLES);
    if (slot->echo)
        echo_sent(slot->echo, octets ? pcm : NULL);
    if (watched)
        modem_watch_to_line(slot->modems, slot, octets ? pcm : NULL);
}

static void slot_take(struct endpoint *end, const struct moment *moment)
{
    struct slot *slot = (struct slot *)end;
    uint8_t octets[BLOCK_SAMPLES];
    moment->highway->read(moment->highway->self, slot->number, octets);
    sound_from_octets(&end->sound, moment->highway_law, octets);
    take_echo_out(slot);
    digits_hear(&slot->digits, end, 0, moment);
    if (tone_source_in_clip(end->tones)) /* its answer and its echo are for nobody else */
        sound_set_silent(&end->sound, BLOCK_SAMPLES);
    if (slot->modems && end->hearers)
        modem_watch_from_line(slot->modems, slot, end->sound.pcm);
    if (end->signals)
        signals_hear(end->signals, end, moment);
}

/* A stream may be joined long before its far end sends: what is between is not yet something to hear. */
static int hears_something(const struct slot *slot)
{
    const struct endpoint *heard = slot->ear.hears;
    return heard && (heard->kind != &stream_kind || ((const struct stream *)heard)->reception.received > 0);
}

static void slot_give(struct endpoint *end, const struct moment *moment)
{
    struct slot *slot = (struct slot *)end;
    if (slot->yields && hears_something(slot)) {
        tone_source_stop(end->tones);
        slot->yields = 0;
    }
    struct sound room;
    uint8_t octets[BLOCK_SAMPLES];
    const struct sound *heard = endpoint_output(end, &room, moment);
    if (heard) {
        sound_to_octets(heard, moment->highway_law, octets);
        moment->highway->write(moment->highway->self, slot->number, octets);
    }
    remember_given(slot, moment->highway_law, heard ? octets : NULL);
}

const struct endpoint_kind slot_kind = {
    .take = slot_take, .always_takes = 1, .give = slot_give, .unheard = slot_unheard, .free = slot_free};
