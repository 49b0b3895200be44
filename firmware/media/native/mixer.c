/* The conference mixer: see mixer.h. The sum is 32 bits wide; who is silent is neither added nor taken off.
 *
 * The limiter has no memory: quiet parties are not turned down because one shouts, and what every
 * hearer gets is a pure function of the block. */
#include "mixer.h"

#include <stdlib.h>
#include <string.h>

#define KNEE 24576

struct mixer {
    struct endpoint end;
    struct ear ears[MIXER_PARTIES];
    int32_t sum[BLOCK_MOST_SAMPLES];
    const struct endpoint *party[MIXER_PARTIES]; /* whose block is in the sum; NULL: nothing of this ear */
    int16_t part[MIXER_PARTIES][BLOCK_MOST_SAMPLES];
};

struct mixer *mixer_new(int id)
{
    struct mixer *mixer = calloc(1, sizeof *mixer);
    if (!mixer)
        return NULL;
    mixer->end.id = id;
    mixer->end.kind = &mixer_kind;
    ears_init(&mixer->end, mixer->ears, MIXER_PARTIES);
    return mixer;
}

static void mixer_free(struct endpoint *end)
{
    free(end);
}

struct endpoint *mixer_end(struct mixer *mixer)
{
    return &mixer->end;
}

int16_t mixer_limit(int32_t sum)
{
    int32_t size = sum < 0 ? -sum : sum, room = INT16_MAX - KNEE;
    if (size <= KNEE)
        return (int16_t)sum;
    int32_t bent = KNEE + (int32_t)((int64_t)room * (size - KNEE) / (room + size - KNEE));
    return (int16_t)(sum < 0 ? -bent : bent);
}

static void limit(struct sound *sound, const int32_t *sum)
{
    for (int i = 0; i < sound->samples; i++)
        sound->pcm[i] = mixer_limit(sum[i]);
}

static void mixer_take(struct endpoint *end, const struct moment *moment)
{
    struct mixer *mixer = (struct mixer *)end;
    struct sound room;
    int n = BLOCK_SAMPLES, parts = 0;
    memset(mixer->sum, 0, sizeof mixer->sum);
    for (int i = 0; i < MIXER_PARTIES; i++) {
        struct ear *ear = &mixer->ears[i];
        const struct endpoint *party = ear->hears ? ear->hears : ear->leaves;
        const struct sound *heard = ear_hear(ear, &room, 0, moment);
        int silent = !heard || heard->silent;
        mixer->party[i] = silent ? NULL : party;
        if (silent)
            continue;
        parts++;
        memcpy(mixer->part[i], heard->pcm, sizeof(int16_t) * (size_t)n);
        for (int k = 0; k < n; k++)
            mixer->sum[k] += heard->pcm[k];
    }
    end->sound.samples = n;
    end->sound.silent = parts == 0;
    limit(&end->sound, mixer->sum);
}

const struct sound *mixer_said(struct endpoint *end, const struct ear *ear, struct sound *room)
{
    struct mixer *mixer = (struct mixer *)end;
    int own = 0;
    while (own < MIXER_PARTIES && mixer->party[own] != ear->owner)
        own++;
    if (own == MIXER_PARTIES)
        return &end->sound;
    int32_t rest[BLOCK_MOST_SAMPLES];
    for (int i = 0; i < end->sound.samples; i++)
        rest[i] = mixer->sum[i] - mixer->part[own][i];
    room->samples = end->sound.samples;
    room->silent = room->coded = room->digit = 0;
    limit(room, rest);
    return room;
}

const struct endpoint_kind mixer_kind = {.take = mixer_take, .free = mixer_free};
