/* UDP sockets and their stepped stand-in: see wire.h. */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE 2048
#define PACKET_MAX 1500

struct queued_packet {
    int endpoint;
    struct ip_address ip;
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

union place {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Returns the length of what it wrote. */
static socklen_t write_place(union place *at, struct ip_address ip, int port)
{
    memset(at, 0, sizeof *at);
    if (ip_is_v4(ip)) {
        at->v4.sin_family = AF_INET;
        at->v4.sin_port = htons((uint16_t)port);
        memcpy(&at->v4.sin_addr, ip.octets + 12, 4);
        return sizeof at->v4;
    }
    at->v6.sin6_family = AF_INET6;
    at->v6.sin6_port = htons((uint16_t)port);
    memcpy(&at->v6.sin6_addr, ip.octets, sizeof ip.octets);
    return sizeof at->v6;
}

static void read_place(const union place *at, struct wire_place *place)
{
    if (at->any.sa_family == AF_INET) {
        place->ip = (struct ip_address){{[10] = 0xff, [11] = 0xff}};
        memcpy(place->ip.octets + 12, &at->v4.sin_addr, 4);
        place->port = ntohs(at->v4.sin_port);
    } else {
        memcpy(place->ip.octets, &at->v6.sin6_addr, sizeof place->ip.octets);
        place->port = ntohs(at->v6.sin6_port);
    }
}

/* IPv6 sockets take no IPv4, so that every address has one form. */
static void mark(int fd, int family, int dscp)
{
    int traffic_class = dscp << 2, on = 1;
    if (family == AF_INET) {
        setsockopt(fd, IPPROTO_IP, IP_TOS, &traffic_class, sizeof traffic_class);
    } else {
        setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class, sizeof traffic_class);
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
}

int wire_open(struct ip_address ip, int port, int dscp)
{
    union place at;
    socklen_t length = write_place(&at, ip, port);
    int fd = socket(at.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    mark(fd, at.any.sa_family, dscp);
    if (bind(fd, &at.any, length) == 0)
        return fd;
    int failed = errno;
    close(fd);
    return -failed;
}

int wire_receive(int fd, uint8_t *out, int max, struct wire_place *from)
{
    union place at;
    socklen_t length = sizeof at;
    int size = (int)recvfrom(fd, out, (size_t)max, MSG_DONTWAIT, &at.any, &length);
    if (size >= 0)
        read_place(&at, from);
    return size;
}

static int queue(struct wire *wire, int endpoint, struct ip_address ip, uint16_t port, const uint8_t *data,
              int size)
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

int wire_send(struct wire *wire, int fd, int endpoint, struct ip_address ip, uint16_t port, const uint8_t *data,
              int size)
{
    if (wire->stepped)
        return queue(wire, endpoint, ip, port, data, size);
    union place to;
    socklen_t length = write_place(&to, ip, port);
    return sendto(fd, data, (size_t)size, MSG_DONTWAIT, &to.any, length) == size;
}

int wire_take(struct wire *wire, int *endpoint, struct ip_address *ip, uint16_t *port, uint8_t *out, int max)
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
