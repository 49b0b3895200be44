/* A player: the sound of a file for any number of hearers. While nobody hears it, it rests. */
#ifndef TIPRING_PLAYER_H
#define TIPRING_PLAYER_H

#include "ear.h"

struct media_file;
struct player;
/* Returns NULL without memory or thread; then the fd is left alone. */
struct player *player_new(const struct media_file *file, int stepped);
struct endpoint *player_end(struct player *player);
void player_pause(struct player *player, int on);
/* Goes on from there; behind the end it has ended. */
void player_seek(struct player *player, int ms);

#endif
