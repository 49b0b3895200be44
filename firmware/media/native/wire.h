/* Where packets go: UDP sockets, or in stepped mode a queue that the test takes them from. */
#ifndef TIPRING_WIRE_H
#define TIPRING_WIRE_H

#include <stdint.h>

#include "ip.h"

struct wire;
struct wire *wire_new(int stepped);
void wire_free(struct wire *wire);
struct wire_place {
    struct ip_address ip;
    uint16_t port;
};
#define WIRE_EXPEDITED 46 /* the DSCP of RFC 3246 */
/* A bound, nonblocking UDP socket of the address's family, marked with the DSCP (0 to 63). Returns it or -errno. */
int wire_open(struct ip_address ip, int port, int dscp);
/* One datagram, cut to max. Returns its size, or -1 with errno. */
int wire_receive(int fd, uint8_t *out, int max, struct wire_place *from);
/* Sends, or drops when the kernel or the queue is full. Returns 1 when sent. */
int wire_send(struct wire *wire, int fd, int endpoint, struct ip_address ip, uint16_t port, const uint8_t *data,
              int size);
/* Stepped mode: takes the oldest packet. Returns its size (at most max), or -1 when there is none. */
int wire_take(struct wire *wire, int *endpoint, struct ip_address *ip, uint16_t *port, uint8_t *out, int max);

#endif
