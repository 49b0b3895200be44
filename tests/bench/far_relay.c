/* Packets of far ends: numbered, timed, known again. See far_relay.h. */
#include "far_relay.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HEADER = 12, FRAME = 160 };

static uint8_t noise[4096];

double clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void relay_send(struct relay *relay, int call, int side)
{
    struct flow *flow = &relay->flow[call][side];
    uint16_t number = flow->next++;
    uint32_t timestamp = htonl((uint32_t)number * FRAME), ssrc = htonl(0x7A000000u + (uint32_t)(2 * call + side));
    uint8_t packet[HEADER + FRAME] = {0x80, (uint8_t)relay->type[side], (uint8_t)(number >> 8), (uint8_t)number};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)relay->port[call][side]),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &ssrc, 4);
    memcpy(packet + HEADER, noise + (number * 97 + call) % (int)(sizeof noise - FRAME), FRAME);
    flow->sent_us[number % RING] = clock_us(CLOCK_REALTIME);
    relay->sent++;
    sendto(relay->fd[side], packet, sizeof packet, 0, (struct sockaddr *)&to, sizeof to);
}

static void note_late(struct relay *relay, double late_us)
{
    if (relay->late_count == relay->late_room) {
        relay->late_room = relay->late_room ? 2 * relay->late_room : 4096;
        relay->late_us = realloc(relay->late_us, relay->late_room * sizeof *relay->late_us);
        if (!relay->late_us)
            exit(1);
    }
    relay->late_us[relay->late_count++] = (float)late_us;
}

/* Of a sum nothing is known but its numbers. */
static void arrive_mixed(struct relay *relay, struct flow *flow, uint16_t sequence)
{
    int16_t step = (int16_t)(sequence - flow->highest);
    if (flow->known && step <= 0) {
        relay->doubled += step == 0;
        relay->gaps -= step < 0;
        relay->received += step < 0;
        return;
    }
    relay->gaps += flow->known ? step - 1 : 0;
    flow->highest = sequence;
    flow->known = 1;
    relay->received++;
}

static void arrive(struct relay *relay, struct flow *flow, uint16_t sequence, double at_us)
{
    uint16_t last = (uint16_t)(flow->next - 1);
    if (!flow->known) /* it is alone: see learn */
        flow->offset = (uint16_t)(sequence - last);
    flow->known = 1;
    uint16_t number = (uint16_t)(sequence - flow->offset), age = (uint16_t)(last - number);
    if (age >= RING || (int16_t)(number - flow->first) < 0)
        return;
    double *sent_us = &flow->sent_us[number % RING];
    if (*sent_us < 0) {
        relay->doubled++;
        return;
    }
    note_late(relay, at_us - *sent_us);
    *sent_us = -1;
    relay->received++;
}

static double arrival_us(struct msghdr *message)
{
    struct timespec at = {0};
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&at, CMSG_DATA(part), sizeof at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

void relay_receive(struct relay *relay, int side)
{
    for (;;) {
        uint8_t packet[2048], control[64];
        struct sockaddr_in from;
        struct iovec piece = {packet, sizeof packet};
        struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &piece, .msg_iovlen = 1,
                                 .msg_control = control, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(relay->fd[side], &message, MSG_DONTWAIT);
        if (size < 0)
            return;
        int at = relay->call_at[ntohs(from.sin_port)] - 1;
        if (at < 0 || (at & 1) != side || size < HEADER || (packet[1] & 127) != relay->type[side])
            continue;
        uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
        if (relay->mixed)
            arrive_mixed(relay, &relay->flow[at >> 1][side], sequence);
        else
            arrive(relay, &relay->flow[at >> 1][!side], sequence, arrival_us(&message));
    }
}

void relay_begin(struct relay *relay)
{
    relay->sent = relay->received = relay->doubled = relay->gaps = 0;
    relay->late_count = 0;
    for (int call = 0; call < CALLS; call++)
        for (int side = 0; side < 2; side++)
            relay->flow[call][side].first = relay->flow[call][side].next;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void relay_report(struct relay *relay)
{
    size_t n = relay->late_count;
    float none = 0, *late_us = n ? relay->late_us : &none;
    qsort(late_us, n, sizeof *late_us, by_size);
    long lost = relay->mixed ? relay->gaps : relay->sent - relay->received;
    printf("%ld %ld %ld %ld %.1f %.1f %.1f\n", relay->sent, relay->received, lost, relay->doubled, late_us[n / 2],
           late_us[n * 99 / 100], late_us[n ? n - 1 : 0]);
}

/* Returns its port. */
static int open_end(int *fd)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int on = 1, room = 4 << 20;
    *fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(*fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(*fd, (struct sockaddr *)&own, sizeof own) || getsockname(*fd, (struct sockaddr *)&own, &size))
        exit(1);
    return ntohs(own.sin_port);
}

int relay_open(struct relay *relay, const char *kind)
{
    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)rand();
    if (sscanf(kind, "%d:%d", &relay->type[0], &relay->type[1]) != 2)
        return 0;
    relay->mixed = strstr(kind, "mixed") != NULL;
    int a = open_end(&relay->fd[0]), b = open_end(&relay->fd[1]);
    printf("%d %d\n", a, b);
    return 1;
}
