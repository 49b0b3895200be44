/* The nodes of the engine's graph, and its edges: who hears whom.
 *
 * Sound flows at two speeds. A stream that hears a stream gets its packets on arrival (relay.c). Everything
 * else goes in blocks of 5 ms: first every node that is so heard makes its sound, once; then every
 * node gives what it hears to card, network, file or sum. Edges (`struct ear`) are changed between two
 * blocks, and every change is faded over one block. */
#ifndef TIPRING_ENDPOINT_H
#define TIPRING_ENDPOINT_H

#include <stdint.h>

#include "sound.h"
#include "tone_source.h"

#define BLOCK_US 5000

/* One edge: what its owner hears. */
struct ear {
    struct endpoint *owner;
    struct endpoint *hears;  /* NULL: nothing */
    struct ear *next;        /* of those who hear the same */
    int joined;              /* made by a join, so that either end parts it */
    int muted;
    int open;                /* the last block, or packet, was let through in full */
    struct endpoint *leaves; /* what it heard before: fades out in the next block */
    int tail_samples;        /* 0, or `leaves` was closed since and this is its last block, faded already */
    int16_t tail[BLOCK_MOST_SAMPLES];
};

struct moment;

/* What a kind of node does. Functions may be NULL. */
struct endpoint_kind {
    /* Fills endpoint.sound. Called at most once a block, only while somebody hears it by blocks. */
    void (*take)(struct endpoint *end, const struct moment *moment);
    int always_takes;        /* take is called in every block */
    int looks_ahead;         /* take may be called between two blocks, for the last time */
    /* Second half of a block: consumes what the ears hear. */
    void (*give)(struct endpoint *end, const struct moment *moment);
    /* An ear is about to stop hearing it. */
    void (*unheard)(struct endpoint *end, const struct ear *ear);
    /* 1 while it needs blocks although it hears nothing by blocks. */
    int (*busy)(const struct endpoint *end);
    /* Every 100 ms or so. */
    void (*keep_house)(struct endpoint *end, const struct moment *moment);
    void (*free)(struct endpoint *end);
};

extern const struct endpoint_kind slot_kind, stream_kind, mixer_kind, player_kind, recorder_kind;

struct endpoint {
    int id;
    const struct endpoint_kind *kind;
    struct ear *ears;        /* of the kind's own: one for slots and streams */
    int ear_count;
    struct ear *hearers;     /* the first ear that hears this */
    int flowing;             /* its sound was wanted, without a gap, until now */
    struct signals *signals; /* slots and streams: what it listens for besides digits, or NULL */
    struct tone_source *tones; /* slots and streams: what it plays of its own, over what it hears */
    struct sound sound;
};

struct highway;

/* The engine's side of the work: where things go, and what time it is. */
struct moment {
    const struct highway *highway;
    struct wire *wire;
    struct news *news;
    long long now_us;
    long long ntp_offset_us; /* NTP time is now_us plus this */
    long block;              /* number of the 5 ms block being made, or made last */
    int highway_law;
    long long media_timeout_us;
};

#endif
