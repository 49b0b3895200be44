/* Edges of the graph: making and cutting them without a click, and what comes through them. */
#ifndef TIPRING_EAR_H
#define TIPRING_EAR_H

#include "endpoint.h"

/* Names the owner of an endpoint's ears; once, when it is made. */
void ears_init(struct endpoint *end, struct ear *ears, int count);
/* The ear hears `to` from the next block or packet on. Hearing it already, it goes on as it was. */
void ear_listen(struct ear *ear, struct endpoint *to, int joined);
/* The ear hears nothing any more; what it heard fades out in the next block. */
void ear_cut(struct ear *ear);
/* `end`, cut off from everything, is about to be freed: the ear, if it is leaving it, keeps how that fades out. */
void ear_survive(struct ear *ear, struct endpoint *end, const struct moment *moment);
/* The ear of `end` that hears `to`, or NULL. */
struct ear *ear_that_hears(struct endpoint *end, const struct endpoint *to);
/* 1 when packets pass on arrival: a stream hears a stream, and no digits are to be taken out. */
int ear_relays(const struct ear *ear);
/* 1 when its owner must be given blocks. */
int ear_needs_blocks(const struct ear *ear);
/* 1 when somebody hears `end` by blocks, or signals are listened for at it. */
int endpoint_is_wanted(const struct endpoint *end);
/* Makes the block's sound of `end`, unless it is made already. */
void endpoint_take(struct endpoint *end, const struct moment *moment);
/* Call once a block. What comes through the ear, faded where the edge or its mute changed; covered: the
 * owner plays something over it, which counts as muted. The answer is `room` or the node's own sound, or NULL
 * when there is no edge. */
const struct sound *ear_hear(struct ear *ear, struct sound *room, int covered, const struct moment *moment);
/* Call once a block: what a slot or stream sends out: its own tone, or what it hears. NULL: nothing. */
const struct sound *endpoint_output(struct endpoint *end, struct sound *room, const struct moment *moment);

#endif
