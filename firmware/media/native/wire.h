/* Where packets go: UDP sockets, or in stepped mode a queue that the test takes them from. */
#ifndef TIPRING_WIRE_H
#define TIPRING_WIRE_H

#include <stdint.h>

struct wire;
struct wire *wire_new(int stepped);
void wire_free(struct wire *wire);
/* A bound, nonblocking UDP socket marked EF (RFC 3246). ip in host order. Returns it or -errno. */
int wire_open(uint32_t ip, int port);
/* Sends, or drops when the kernel or the queue is full. Returns 1 when sent. */
int wire_send(struct wire *wire, int fd, int endpoint, uint32_t ip, uint16_t port, const uint8_t *data, int size);
/* Stepped mode: takes the oldest packet. Returns its size (at most max), or -1 when there is none. */
int wire_take(struct wire *wire, int *endpoint, uint32_t *ip, uint16_t *port, uint8_t *out, int max);

#endif
