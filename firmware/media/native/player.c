/* Call tone and digits of one endpoint: see player.h. Time is counted in blocks of 5 ms. */
#include "player.h"

#include <stdlib.h>
#include <string.h>

#include "tone.h"

#define BLOCK_SAMPLES 40
#define BLOCK_MS 5
#define QUEUE 32
#define LEAST_MS 40
#define GAP_MS 50

struct queued {
    char digit;
    int ms;
};

struct player {
    struct tone *tone;
    struct tone *pair;
    int tone_on;
    int pair_on;
    struct queued queue[QUEUE];
    int first, count;       /* the first is the one that sounds while pair_on */
    int played_ms, gap_ms;
};

struct player *player_new(void)
{
    struct player *player = calloc(1, sizeof *player);
    if (!player)
        return NULL;
    player->tone = tone_new();
    player->pair = tone_new();
    if (!player->tone || !player->pair) {
        player_free(player);
        return NULL;
    }
    return player;
}

void player_free(struct player *player)
{
    if (!player)
        return;
    tone_free(player->tone);
    tone_free(player->pair);
    free(player);
}

int player_tone(struct player *player, const struct tone_spec *spec)
{
    int failed = tone_start(player->tone, spec);
    player->tone_on = !failed || player->tone_on;
    return failed;
}

void player_stop_tone(struct player *player)
{
    tone_stop(player->tone);
}

int player_digit(struct player *player, char digit, int ms)
{
    struct tone_spec spec;
    if (player->count == QUEUE || tone_digit(&spec, digit, 1) != 0)
        return -1;
    if (ms != PLAYER_UNTIL_ENDED && ms < LEAST_MS)
        ms = LEAST_MS;
    player->queue[(player->first + player->count++) % QUEUE] = (struct queued){digit, ms};
    return 0;
}

void player_end_digit(struct player *player, int ms)
{
    for (int i = player->count - 1; i >= 0; i--) {
        struct queued *item = &player->queue[(player->first + i) % QUEUE];
        if (item->ms == PLAYER_UNTIL_ENDED) {
            item->ms = ms < LEAST_MS ? LEAST_MS : ms;
            return;
        }
    }
}

int player_busy(const struct player *player)
{
    return player->count > 0 || player->tone_on;
}

int player_in_digit(const struct player *player)
{
    return player->count > 0;
}

/* One block of the digit at the head of the queue, or of the gap after the one before it. */
static void digit_block(struct player *player, int16_t *pcm)
{
    struct queued *item = &player->queue[player->first];
    if (player->gap_ms > 0) {
        player->gap_ms -= BLOCK_MS;
        memset(pcm, 0, sizeof(int16_t) * BLOCK_SAMPLES);
        return;
    }
    if (!player->pair_on) {
        struct tone_spec spec;
        tone_digit(&spec, item->digit, TONE_FOR_EVER);
        tone_start(player->pair, &spec);
        player->pair_on = 1;
        player->played_ms = 0;
    }
    player->played_ms += BLOCK_MS;
    if (item->ms != PLAYER_UNTIL_ENDED && player->played_ms >= item->ms) {
        tone_stop(player->pair); /* this block is the fade */
        player->pair_on = 0;
        player->first = (player->first + 1) % QUEUE;
        player->count--;
        player->gap_ms = GAP_MS;
    }
    tone_block(player->pair, pcm, BLOCK_SAMPLES);
}

int player_block(struct player *player, int16_t *pcm)
{
    if (player->count > 0) {
        digit_block(player, pcm);
        return 1;
    }
    if (player->gap_ms > 0)
        player->gap_ms -= BLOCK_MS;
    if (!player->tone_on)
        return 0;
    player->tone_on = tone_block(player->tone, pcm, BLOCK_SAMPLES);
    return player->tone_on;
}
