/* What became of the packets of one sender: order, loss, doubles, jitter (RFC 3550 A.1, A.3, A.8). */
#ifndef TIPRING_RECEPTION_H
#define TIPRING_RECEPTION_H

#include <stdint.h>

#include "rtp_types.h"

#define RECEPTION_TAKE 0
#define RECEPTION_DROP 1    /* a double, or the first packet after a jump */
#define RECEPTION_ANEW 2    /* take it; SSRC or sequence began anew */

struct reception {
    int started;
    uint32_t ssrc;
    uint32_t highest;       /* extended sequence number */
    uint32_t base;
    uint32_t here;          /* received since base */
    uint32_t seen;          /* bit n: packet highest - n came */
    uint16_t jumped_to;     /* the sequence number that would confirm a jump, when jumped */
    int jumped;
    double jitter;          /* in timestamp units */
    uint32_t transit;
    uint32_t expected_reported, here_reported; /* at the last report */
    long long last_us;
    long long max_gap_us;
    long received;
    long lost_before;       /* of senders before this one */
    long duplicates;
};

int reception_note(struct reception *reception, const struct rtp_view *view, long long now_us);
long reception_lost(const struct reception *reception);
/* Fraction lost since the last call, in 1/256. */
int reception_fraction(struct reception *reception);

#endif
