/* DTMF that arrives as tones at a slot or stream: told to Python where it listens, and taken out of the sound
 * for those hearers whose far end gets digits beside the audio (RFC 4733 section 2.5, SIP INFO).
 *
 * From the first suspicion on their sound is silenced, also what still waits in the packet begun; once the
 * digit is sure it begins as an event, which gets the digit's length at its end. */
#ifndef TIPRING_DIGITS_H
#define TIPRING_DIGITS_H

#include "endpoint.h"

struct dtmf_rx;

struct digits {
    struct dtmf_rx *rx;
    int listens;             /* Python wants them */
    int hearing;             /* the listener heard the last block too */
    int deaf_blocks;         /* the listener rests: a digit of our own echoes */
    char on;                 /* the digit that was begun at the hearers, or 0 */
};

/* Returns 0, or -1 without memory. */
int digits_init(struct digits *digits);
void digits_free(struct digits *digits);
void digits_listen(struct digits *digits, int on);
/* The block just made in end->sound. lost: its samples never arrived. */
void digits_hear(struct digits *digits, struct endpoint *end, int lost, const struct moment *moment);
/* The ear stops hearing `end`: a digit half heard does not go on at the next one. */
void digits_unheard(struct digits *digits, struct endpoint *end, const struct ear *ear);
/* A digit at `end`, of ms in all: tells Python to send it to the far end of the ear's stream. */
void digits_tell_due(const struct ear *ear, char digit, int ms, const struct moment *moment);

#endif
