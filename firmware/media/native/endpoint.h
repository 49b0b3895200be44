/* What slots and streams have in common, and what the engine gives them to work with. */
#ifndef TIPRING_ENDPOINT_H
#define TIPRING_ENDPOINT_H

#include <stdint.h>

#include "player.h"

#define BLOCK_SAMPLES 40
#define BLOCK_US 5000

enum endpoint_kind { ENDPOINT_SLOT, ENDPOINT_STREAM };

struct endpoint {
    int id;
    enum endpoint_kind kind;
    struct endpoint *peer;   /* the other end of the join, or NULL */
    struct player *player;
};

/* The engine's side of the work: where things go, and what time it is. */
struct moment {
    struct wire *wire;
    struct news *news;
    long long now_us;
    long long ntp_offset_us; /* NTP time is now_us plus this */
    long block;              /* number of the 5 ms block being made */
    int highway_law;
    long long media_timeout_us;
};

#endif
