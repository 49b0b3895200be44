/* Refines a line's echo response where the learner has found it: least squares over the last two seconds, each frame of
 * 20 ms weighted by how little else was heard in it. So somebody who speaks here hardly moves it, and after one
 * second of speech it leaves less than the learner does after many. 46 KB. */
#include "sound.h"

#define REFINER_TAPS 144   /* 18 ms: a hybrid and its cable */

enum refiner_verdict { REFINER_STAY, REFINER_BETTER, REFINER_POOR };

struct echo_refiner;

struct echo_refiner *echo_refiner_new(void);
void echo_refiner_free(struct echo_refiner *refiner);
/* Begin anew, REFINER_TAPS from tap `first` on. */
void echo_refiner_place(struct echo_refiner *refiner, int first);
int echo_refiner_first(const struct echo_refiner *refiner);
/* Blocks were left out: the frame begun is none. */
void echo_refiner_interrupt(struct echo_refiner *refiner);
/* A block. sent: what was sent now, the samples before it in front of it, first + REFINER_TAPS at least. line: what came;
 * left: what the filter in use left of it. REFINER_BETTER: this one leaves less. REFINER_POOR: for long it left
 * much, and what it knows counts little from now on. */
enum refiner_verdict echo_refiner_feed(struct echo_refiner *refiner, const float *sent, const int16_t *line,
                                       const int16_t *left);
/* REFINER_TAPS of them. */
const float *echo_refiner_response(const struct echo_refiner *refiner);
/* It leaves less than -20 dB of what comes while the far end speaks alone. */
int echo_refiner_is_sure(const struct echo_refiner *refiner);
