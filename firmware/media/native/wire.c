/* UDP sockets and their stepped stand-in: see wire.h. */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE 2048
#define PACKET_MAX 1500

struct queued_packet {
    int endpoint;
    uint32_t ip;
    uint16_t port;
    int size;
    uint8_t data[PACKET_MAX];
};

struct wire {
    int stepped;
    int first, count;
    struct queued_packet queue[];
};

struct wire *wire_new(int stepped)
{
    struct wire *wire = calloc(1, sizeof *wire + (stepped ? QUEUE * sizeof(struct queued_packet) : 0));
    if (wire)
        wire->stepped = stepped;
    return wire;
}

void wire_free(struct wire *wire)
{
    free(wire);
}

static struct sockaddr_in address(uint32_t ip, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(ip);
    return at;
}

int wire_open(uint32_t ip, int port)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int expedited = IPTOS_DSCP_EF;
    setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
    struct sockaddr_in at = address(ip, port);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    int failed = errno;
    close(fd);
    return -failed;
}

static int queue(struct wire *wire, int endpoint, uint32_t ip, uint16_t port, const uint8_t *data, int size)
{
    if (wire->count == QUEUE || size > PACKET_MAX)
        return 0;
    struct queued_packet *packet = &wire->queue[(wire->first + wire->count++) % QUEUE];
    packet->endpoint = endpoint;
    packet->ip = ip;
    packet->port = port;
    packet->size = size;
    memcpy(packet->data, data, (size_t)size);
    return 1;
}

int wire_send(struct wire *wire, int fd, int endpoint, uint32_t ip, uint16_t port, const uint8_t *data, int size)
{
    if (wire->stepped)
        return queue(wire, endpoint, ip, port, data, size);
    struct sockaddr_in to = address(ip, port);
    return sendto(fd, data, (size_t)size, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof to) == size;
}

int wire_take(struct wire *wire, int *endpoint, uint32_t *ip, uint16_t *port, uint8_t *out, int max)
{
    if (!wire->stepped || wire->count == 0)
        return -1;
    const struct queued_packet *packet = &wire->queue[wire->first];
    wire->first = (wire->first + 1) % QUEUE;
    wire->count--;
    *endpoint = packet->endpoint;
    *ip = packet->ip;
    *port = packet->port;
    int size = packet->size < max ? packet->size : max;
    memcpy(out, packet->data, (size_t)size);
    return size;
}
