/* A conference: every party hears the others and not himself. Who only listens to it hears them all. */
#ifndef TIPRING_MIXER_H
#define TIPRING_MIXER_H

#include "ear.h"

#define MIXER_PARTIES 16

struct mixer;
struct mixer *mixer_new(int id);
struct endpoint *mixer_end(struct mixer *mixer);
/* What the mixer says to this ear: the sum, without what its owner says. */
const struct sound *mixer_said(struct endpoint *end, const struct ear *ear, struct sound *room);
/* One sample of a sum in 16 bits: as it is up to 24,576 (-2.5 dB of full scale), bent softly above. */
int16_t mixer_limit(int32_t sum);

#endif
