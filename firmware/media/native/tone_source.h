/* What an endpoint plays of its own: one call tone, a queue of DTMF digits that goes before it, and a clip of
 * samples that goes before both. */
#ifndef TIPRING_TONE_SOURCE_H
#define TIPRING_TONE_SOURCE_H

#include <stdint.h>

#define DIGIT_UNTIL_ENDED (-1)

struct tone_spec;
struct tone_source;
struct tone_source *tone_source_new(void);
void tone_source_free(struct tone_source *source);
int tone_source_play(struct tone_source *source, const struct tone_spec *spec); /* 0, or -1 bad spec */
void tone_source_stop(struct tone_source *source);
/* Plays `samples` of pcm, which was allocated and is the source's from now on, in place of a clip before it; NULL
 * ends that. Returns what it had to give back, to be freed. */
int16_t *tone_source_clip(struct tone_source *source, int16_t *pcm, int samples);
/* ms: 40 to 60000, or DIGIT_UNTIL_ENDED, which starts 40 ms later. Returns 0, or -1 no digit or queue full. */
int tone_source_digit(struct tone_source *source, char digit, int ms);
/* Ends the digit queued last with DIGIT_UNTIL_ENDED so that it lasts ms in all (40 at least). */
void tone_source_end_digit(struct tone_source *source, int ms);
/* Writes 40 samples. Returns 0, and writes nothing, when there is nothing to play. */
int tone_source_block(struct tone_source *source, int16_t *pcm);
int tone_source_busy(const struct tone_source *source);
int tone_source_in_clip(const struct tone_source *source);
int tone_source_in_digit(const struct tone_source *source);

#endif
