/* A PCM slot: see slot.h. */
#include "slot.h"

#include <stdlib.h>
#include <string.h>

#include "highway_types.h"

static void slot_free(struct endpoint *end)
{
    struct slot *slot = (struct slot *)end;
    tone_source_free(end->tones);
    digits_free(&slot->digits);
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

/* A digit half heard does not go on at the next one who hears the line. */
static void slot_unheard(struct endpoint *end, const struct ear *ear)
{
    digits_unheard(&((struct slot *)end)->digits, end, ear);
}

/* -- blocks ------------------------------------------------------------------------------- */

static void slot_take(struct endpoint *end, const struct moment *moment)
{
    struct slot *slot = (struct slot *)end;
    uint8_t octets[BLOCK_SAMPLES];
    moment->highway->read(moment->highway->self, slot->number, octets);
    sound_from_octets(&end->sound, moment->highway_law, octets);
    digits_hear(&slot->digits, end, 0, moment);
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
