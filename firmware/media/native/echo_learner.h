/* Learns how a line returns what it is given: libspeexdsp's adaptive filter, in frames of 20 ms, in which it costs
 * least and diverges least. It only learns; echo.c takes the echo out. */
#ifndef TIPRING_ECHO_LEARNER_H
#define TIPRING_ECHO_LEARNER_H

#include <stdint.h>

#include "sound.h"

#define LEARNER_STAY 0   /* nothing new */
#define LEARNER_BETTER 1 /* it knows the line better than the filter that was used */
#define LEARNER_WORSE 2  /* that filter adds to the echo: this is another line */

struct echo_learner;
/* NULL without memory. */
struct echo_learner *echo_learner_new(int taps);
void echo_learner_free(struct echo_learner *learner);
/* A block from the line, of what may be its echo, and what the used filter left of it. Returns the verdict.
 * has_learnt: the filter came from here. */
int echo_learner_feed(struct echo_learner *learner, const int16_t *line, const int16_t *sent, const int16_t *left,
                      int has_learnt);
/* 1 once it has left less than -15 dB of what came from the line. */
int echo_learner_is_sure(const struct echo_learner *learner);
/* Samples from the line per sample sent, `taps` of them. */
void echo_learner_response(struct echo_learner *learner, float *out);

#endif
