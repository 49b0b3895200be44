/* One relay as its far ends see it: what they sent through it, what came back, and how late. */
#ifndef TIPRING_FAR_RELAY_H
#define TIPRING_FAR_RELAY_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { CALLS = 128, RING = 512 };

/* What one end sends. sent_us of what has arrived is negative. */
struct flow {
    uint16_t next, first, offset, highest;
    int known; /* how the relay numbers it */
    double sent_us[RING];
};

/* mixed: its ends hear a sum and not each other. */
struct relay {
    int fd[2], type[2], mixed;
    int port[CALLS][2];
    uint16_t call_at[65536]; /* by the port it sends from: 2 * call + side + 1 */
    struct flow flow[CALLS][2];
    long sent, received, doubled, gaps;
    float *late_us;
    size_t late_count, late_room;
};

double clock_us(clockid_t clock);
/* kind: as on the command line of far_ends. Prints the ports of its two sockets. Returns 0: there is no such kind. */
int relay_open(struct relay *relay, const char *kind);
/* Whatever is still under way counts no more. */
void relay_begin(struct relay *relay);
void relay_send(struct relay *relay, int call, int side);
/* Takes all that has come to that side. */
void relay_receive(struct relay *relay, int side);
/* One line, see far_ends.c. */
void relay_report(struct relay *relay);

#endif
