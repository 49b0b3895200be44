/* Learns how a line returns what it is given: libspeexdsp's adaptive filter, in frames of 20 ms, in which it costs
 * least and diverges least. It only learns; echo.c takes the echo out. */
#ifndef TIPRING_ECHO_LEARNER_H
#define TIPRING_ECHO_LEARNER_H

#include <stdint.h>

#include "sound.h"

#define LEARNER_STAY 0   /* nothing new */
#define LEARNER_BETTER 1 /* it knows the line better than the filter that was used */
#define LEARNER_WORSE 2  /* that filter adds to the echo: this is another line */

#define LEARNER_USES_NOTHING 0
#define LEARNER_USES_OWN 1   /* its response, as it was when it was better */
#define LEARNER_USES_FINER 2 /* one that somebody else made of it */

struct echo_learner;
/* NULL without memory. */
struct echo_learner *echo_learner_new(int taps);
void echo_learner_free(struct echo_learner *learner);
/* A block from the line, of what may be its echo, and what the used filter left of it. Returns the verdict.
 * used: where that filter came from. */
int echo_learner_feed(struct echo_learner *learner, const int16_t *line, const int16_t *sent, const int16_t *left,
                      int used);
/* 1 once it has left less than -15 dB of what came from the line. */
int echo_learner_is_sure(const struct echo_learner *learner);
/* 1 while both it and the filter leave less than -8 dB: nobody speaks here, and it knows the line. */
int echo_learner_knows(const struct echo_learner *learner);
/* Samples from the line per sample sent, `taps` of them. */
void echo_learner_response(struct echo_learner *learner, float *out);

#endif
