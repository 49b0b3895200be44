/* Edges of the graph: see ear.h. Every change is faded over one block: what begins is ramped up; what ends is
 * heard one block longer and ramped down, though it may be freed meanwhile. */
#include "ear.h"

#include <string.h>

#include "mixer.h"
#include "stream.h"

void ears_init(struct endpoint *end, struct ear *ears, int count)
{
    end->ears = ears;
    end->ear_count = count;
    for (int i = 0; i < count; i++)
        ears[i].owner = end;
}

int ear_relays(const struct ear *ear)
{
    return ear->hears && ear->hears->kind == &stream_kind && ear->owner->kind == &stream_kind &&
           !stream_converts_digits((const struct stream *)ear->hears, (const struct stream *)ear->owner);
}

/* A mixer that nobody hears does not listen either: its parties cost nothing, and its players rest. */
static int owner_listens(const struct ear *ear)
{
    return ear->owner->kind != &mixer_kind || endpoint_is_wanted(ear->owner);
}

int ear_needs_blocks(const struct ear *ear)
{
    int something = ear->hears ? !ear_relays(ear) : ear->leaves || ear->tail_samples;
    return something && owner_listens(ear);
}

int endpoint_is_wanted(const struct endpoint *end)
{
    if (end->signals)
        return 1;
    for (const struct ear *ear = end->hearers; ear; ear = ear->next)
        if (!ear_relays(ear) && owner_listens(ear))
            return 1;
    return 0;
}

struct ear *ear_that_hears(struct endpoint *end, const struct endpoint *to)
{
    for (int i = 0; i < end->ear_count; i++)
        if (end->ears[i].hears == to)
            return &end->ears[i];
    return NULL;
}

/* -- what nodes say ------------------------------------------------------------------------ */

void endpoint_take(struct endpoint *end, const struct moment *moment)
{
    if (end->sound.block == moment->block)
        return;
    end->sound.block = moment->block;
    end->kind->take(end, moment);
}

/* What the node says to this ear; a mixer's answer may lie in `room`. */
static const struct sound *said(struct endpoint *from, const struct ear *ear, struct sound *room,
                                const struct moment *moment)
{
    endpoint_take(from, moment);
    return from->kind == &mixer_kind ? mixer_said(from, ear, room) : &from->sound;
}

/* -- edges -------------------------------------------------------------------------------- */

void ear_cut(struct ear *ear)
{
    struct endpoint *from = ear->hears;
    if (!from)
        return;
    if (from->kind->unheard)
        from->kind->unheard(from, ear);
    if (ear->open && !ear_relays(ear)) {
        ear->leaves = from;
        ear->tail_samples = 0;
    }
    struct ear **link = &from->hearers;
    while (*link != ear)
        link = &(*link)->next;
    *link = ear->next;
    ear->hears = NULL;
    ear->next = NULL;
    ear->joined = ear->muted = ear->open = 0;
    from->flowing = from->flowing && endpoint_is_wanted(from);
}

/* The block after the last one: as it is where it can be had, else the last one backwards. */
void ear_survive(struct ear *ear, struct endpoint *end, const struct moment *moment)
{
    if (ear->leaves != end)
        return;
    struct sound *sound = &end->sound;
    if (end->kind->looks_ahead && sound->block == moment->block) {
        sound->block++;
        end->kind->take(end, moment);
    }
    for (int i = 0; i < sound->samples; i++)
        ear->tail[i] = sound->pcm[end->kind->looks_ahead ? i : sound->samples - 1 - i];
    sound_ramp(ear->tail, sound->samples, 1, 0);
    ear->tail_samples = sound->samples;
    ear->leaves = NULL;
}

void ear_listen(struct ear *ear, struct endpoint *to, int joined)
{
    if (ear->hears != to) {
        ear_cut(ear);
        ear->hears = to;
        ear->next = to->hearers;
        to->hearers = ear;
    }
    ear->joined = joined;
}

/* -- what comes through -------------------------------------------------------------------- */

/* Adds what the ear is leaving to the block that it hears now. */
static void add_leaving(struct ear *ear, struct sound *room, const struct moment *moment)
{
    struct sound other;
    if (ear->leaves) {
        const struct sound *last = said(ear->leaves, ear, &other, moment);
        ear->tail_samples = last->samples;
        memcpy(ear->tail, last->pcm, sizeof ear->tail);
        sound_ramp(ear->tail, last->samples, 1, 0);
        ear->leaves = NULL;
    }
    if (ear->tail_samples == room->samples) /* else the rate has changed: there is no way to go on */
        sound_add(room->pcm, ear->tail, room->samples);
    ear->tail_samples = 0;
    room->silent = 0;
}

const struct sound *ear_hear(struct ear *ear, struct sound *room, int covered, const struct moment *moment)
{
    int leaving = ear->leaves || ear->tail_samples;
    const struct sound *heard = ear->hears ? said(ear->hears, ear, room, moment) : NULL;
    int open = heard && !ear->muted && !covered, was = ear->open;
    ear->open = open;
    if (!leaving && (!heard || (open && was)))
        return heard;
    if (heard && (open || was)) {
        if (heard != room)
            *room = *heard;
        room->coded = 0;
        if (open != was)
            sound_ramp(room->pcm, room->samples, was, open);
    } else {
        sound_set_silent(room, heard ? heard->samples : ear->leaves ? ear->leaves->sound.samples : ear->tail_samples);
    }
    if (leaving)
        add_leaving(ear, room, moment);
    return room;
}

const struct sound *endpoint_output(struct endpoint *end, struct sound *room, const struct moment *moment)
{
    int16_t tone[BLOCK_SAMPLES];
    int plays = tone_source_block(end->tones, tone);
    const struct sound *heard = NULL;
    if (ear_relays(end->ears)) {
        end->ears->leaves = NULL; /* the next packet comes when it comes */
        end->ears->tail_samples = 0;
    } else {
        heard = ear_hear(end->ears, room, plays, moment);
    }
    if (!plays)
        return heard; /* else it is in room, or NULL: it was covered */
    if (!heard)
        sound_set_silent(room, BLOCK_SAMPLES);
    sound_add(room->pcm, tone, BLOCK_SAMPLES);
    room->silent = room->coded = room->digit = 0;
    return room;
}
