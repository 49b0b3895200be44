/* The far ends of all calls that the relays of the bench carry, in one light process.
 *
 * Every relay has two sockets here, the A ends and the B ends of its calls. Each end sends a packet of 20 ms of noise
 * every 20 ms, call by call through all relays, so that all see the same machine. A packet is known again by its sequence number: relays keep the distances. When it came is the kernel's
 * word (SO_TIMESTAMPNS), so that this process may be late itself.
 *
 *     far_ends CALLS KIND...   a relay for each KIND, "8:0": the payload types of its A and B ends; "8:8:mixed" when
 *                              its ends hear a sum and not each other, so that only gaps can be counted.
 *
 * Prints "A B", the ports of the two sockets, for each relay; reads a line "A B" with the relay's own ports for each
 * call of each relay; then sends for ever. Orders: "begin" counts anew; "count" answers packets received for each
 * relay; "end" stops sending and answers a line for each relay: sent, received, lost, doubled, and the times from
 * socket to socket in us: median, 99th percentile, longest. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { RELAYS = 12, CALLS = 128, HEADER = 12, FRAME = 160, RING = 512, PERIOD_US = 20000, DRAIN_US = 300000 };

/* What one end sends. sent_us of what has arrived is negative. */
struct flow {
    uint16_t next, first, offset, highest;
    int known; /* how the relay numbers it */
    double sent_us[RING];
};

struct relay {
    int fd[2], type[2], mixed;
    int port[CALLS][2];
    uint16_t call_at[65536]; /* by the port it sends from: 2 * call + side + 1 */
    struct flow flow[CALLS][2];
    long sent, received, doubled, gaps;
    float *late_us;
    size_t late_count, late_room;
};

static struct relay relays[RELAYS];
static int relay_count, calls;
static uint8_t noise[4096];

static double clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void send_packet(struct relay *relay, int call, int side)
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
    if (!flow->known || (int16_t)(sequence - flow->offset - last) > 0) /* it cannot be one that is not yet sent */
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

static void receive_all(struct relay *relay, int side)
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

static void begin(void)
{
    for (struct relay *relay = relays; relay < relays + relay_count; relay++) {
        relay->sent = relay->received = relay->doubled = relay->gaps = 0;
        relay->late_count = 0;
        for (int call = 0; call < calls; call++)
            for (int side = 0; side < 2; side++)
                relay->flow[call][side].first = relay->flow[call][side].next;
    }
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(struct relay *relay)
{
    size_t n = relay->late_count;
    float none = 0, *late_us = n ? relay->late_us : &none;
    qsort(late_us, n, sizeof *late_us, by_size);
    long lost = relay->mixed ? relay->gaps : relay->sent - relay->received;
    printf("%ld %ld %ld %ld %.1f %.1f %.1f\n", relay->sent, relay->received, lost, relay->doubled, late_us[n / 2],
           late_us[n * 99 / 100], late_us[n ? n - 1 : 0]);
}

/* Returns 0 at the end of everything, and sets *ending after "end". */
static int obey(int *ending)
{
    char order[64];
    if (!fgets(order, sizeof order, stdin))
        return 0;
    if (!strcmp(order, "begin\n"))
        begin();
    else if (!strcmp(order, "count\n"))
        for (int i = 0; i < relay_count; i++)
            printf("%ld%c", relays[i].received, i + 1 < relay_count ? ' ' : '\n');
    else if (!strcmp(order, "end\n"))
        *ending = 1;
    return 1;
}

/* One call of one relay; for each call the relays come in an order of chance, so that none is always behind the same. */
static void send_turn(long turn)
{
    static int order[RELAYS];
    int call = (int)(turn / relay_count % calls), at = (int)(turn % relay_count);
    for (int i = 0; at == 0 && i < relay_count; i++) {
        int place = rand() % (i + 1);
        order[i] = order[place];
        order[place] = i;
    }
    send_packet(&relays[order[at]], call, 0);
    send_packet(&relays[order[at]], call, 1);
}

static void run(void)
{
    struct pollfd polled[2 * RELAYS + 1] = {{.fd = 0, .events = POLLIN}};
    double turn_us = (double)PERIOD_US / (relay_count * calls), next_us = clock_us(CLOCK_MONOTONIC), stop_us = 0;
    int ending = 0;
    for (int i = 0; i < 2 * relay_count; i++)
        polled[i + 1] = (struct pollfd){.fd = relays[i / 2].fd[i & 1], .events = POLLIN};
    for (long turn = 0; !ending || next_us < stop_us; turn++, next_us += turn_us) {
        struct timespec until = {(time_t)(next_us / 1e6), (long)(next_us - (double)(time_t)(next_us / 1e6) * 1e6) * 1000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        if (!ending)
            send_turn(turn);
        if (poll(polled, (nfds_t)(2 * relay_count + 1), 0) <= 0)
            continue;
        for (int i = 0; i < 2 * relay_count; i++)
            if (polled[i + 1].revents)
                receive_all(&relays[i / 2], i & 1);
        if (!ending && polled[0].revents) {
            if (!obey(&ending))
                return;
            stop_us = next_us + DRAIN_US;
        }
    }
    for (int i = 0; i < relay_count; i++)
        report(&relays[i]);
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

static int open_relay(struct relay *relay, const char *kind)
{
    if (sscanf(kind, "%d:%d", &relay->type[0], &relay->type[1]) != 2)
        return 0;
    relay->mixed = strstr(kind, "mixed") != NULL;
    int a = open_end(&relay->fd[0]), b = open_end(&relay->fd[1]);
    printf("%d %d\n", a, b);
    return 1;
}

static int read_ports(struct relay *relay)
{
    char line[64];
    for (int call = 0; call < calls; call++) {
        int *port = relay->port[call];
        if (!fgets(line, sizeof line, stdin) || sscanf(line, "%d %d", &port[0], &port[1]) != 2)
            return 0;
        for (int side = 0; side < 2; side++)
            relay->call_at[port[side] & 0xFFFF] = (uint16_t)(2 * call + side + 1);
    }
    return 1;
}

int main(int argc, char **argv)
{
    calls = argc > 2 ? atoi(argv[1]) : 0;
    relay_count = argc - 2;
    if (calls < 1 || calls > CALLS || relay_count > RELAYS)
        return 2;
    setvbuf(stdin, NULL, _IONBF, 0); /* what poll does not see must not lie in a buffer */
    setvbuf(stdout, NULL, _IOLBF, 0);
    prctl(PR_SET_TIMERSLACK, 1000);
    for (unsigned i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)rand();
    for (int i = 0; i < relay_count; i++)
        if (!open_relay(&relays[i], argv[i + 2]))
            return 2;
    for (int i = 0; i < relay_count; i++)
        if (!read_ports(&relays[i]))
            return 2;
    run();
    return 0;
}
