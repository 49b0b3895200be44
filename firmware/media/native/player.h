/* What an endpoint plays of its own: one call tone, and a queue of DTMF digits that goes before it. */
#ifndef TIPRING_PLAYER_H
#define TIPRING_PLAYER_H

#include <stdint.h>

#define PLAYER_UNTIL_ENDED (-1)

struct tone_spec;
struct player;
struct player *player_new(void);
void player_free(struct player *player);
int player_tone(struct player *player, const struct tone_spec *spec); /* 0, or -1 bad spec */
void player_stop_tone(struct player *player);
/* ms: 40 to 60000, or PLAYER_UNTIL_ENDED. Returns 0, or -1 no digit or queue full. */
int player_digit(struct player *player, char digit, int ms);
/* Ends the digit queued last with PLAYER_UNTIL_ENDED so that it lasts ms in all (40 at least). */
void player_end_digit(struct player *player, int ms);
/* Writes 40 samples. Returns 0, and writes nothing, when there is nothing to play. */
int player_block(struct player *player, int16_t *pcm);
int player_busy(const struct player *player);
int player_in_digit(const struct player *player);

#endif
