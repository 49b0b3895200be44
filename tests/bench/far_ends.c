/* The far ends of all calls that the relays of the bench carry, in one light process.
 *
 * Every relay has two sockets here, the A ends and the B ends of its calls. Each end sends a packet of 20 ms of noise
 * every 20 ms, call by call through all relays, so that all see the same machine. A packet is known again by its
 * sequence number: relays keep the distances. When it came is the kernel's word (SO_TIMESTAMPNS), so that this process
 * may be late itself.
 *
 *     far_ends CALLS KIND...   a relay for each KIND, "8:0": the payload types of its A and B ends; "8:8:mixed" when
 *                              its ends hear a sum and not each other, so that only gaps can be counted.
 *
 * Prints "A B", the ports of the two sockets, for each relay; reads a line "A B" with the relay's own ports for each
 * call of each relay; then sends for ever. Orders: "begin" counts anew; "count" answers packets received for each
 * relay; "end" stops sending and answers a line for each relay: sent, received, lost, doubled, and the times from
 * socket to socket in us: median, 99th percentile, longest. */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "far_relay.h"

enum { RELAYS = 12, PERIOD_US = 20000, LEARN_MS = 2000, MOST_TRIES = 5, DRAIN_US = 300000, QUIET_US = 2000000 };

static struct relay relays[RELAYS];
static int relay_count, calls;
static double came_us; /* when anything came last */

static void begin(void)
{
    for (int i = 0; i < relay_count; i++)
        relay_begin(&relays[i]);
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

/* One call of one relay; for each call the relays come in an order of chance: none is always behind the same. */
static void send_turn(long turn)
{
    static int order[RELAYS];
    int call = (int)(turn / relay_count % calls), at = (int)(turn % relay_count);
    for (int i = 0; at == 0 && i < relay_count; i++) {
        int place = rand() % (i + 1);
        order[i] = order[place];
        order[place] = i;
    }
    relay_send(&relays[order[at]], call, 0);
    relay_send(&relays[order[at]], call, 1);
}

/* Takes what has come, and says whether there are orders. */
static int receive_ready(void)
{
    struct pollfd polled[2 * RELAYS + 1] = {{.fd = 0, .events = POLLIN}};
    for (int i = 0; i < 2 * relay_count; i++)
        polled[i + 1] = (struct pollfd){.fd = relays[i / 2].fd[i & 1], .events = POLLIN};
    if (poll(polled, (nfds_t)(2 * relay_count + 1), 0) <= 0)
        return 0;
    for (int i = 0; i < 2 * relay_count; i++) {
        if (!polled[i + 1].revents)
            continue;
        relay_receive(&relays[i / 2], i & 1);
        came_us = clock_us(CLOCK_MONOTONIC);
    }
    return polled[0].revents != 0;
}

/* How many packets are still under way; of sums, how many ends have heard nothing. */
static long awaited(void)
{
    long count = 0;
    for (struct relay *relay = relays; relay < relays + relay_count; relay++) {
        count += relay->mixed ? 0 : relay->sent - relay->received;
        for (int end = 0; end < 2 * calls; end++)
            count += !relay->flow[end / 2][end & 1].known;
    }
    return count;
}

/* One packet of every end alone, so that its number afterwards is known; again where it was swallowed. */
static void learn(void)
{
    for (int tried = 0; tried < MOST_TRIES && awaited(); tried++) {
        begin();
        for (int i = 0; i < relay_count * calls; i++)
            for (int side = 0; side < 2; side++)
                if (!relays[i / calls].flow[i % calls][side].known)
                    relay_send(&relays[i / calls], i % calls, side);
        for (int ms = 0; ms < LEARN_MS && awaited(); ms++) {
            receive_ready();
            usleep(1000);
        }
    }
}

static void run(void)
{
    double turn_us = (double)PERIOD_US / (relay_count * calls), next_us, least_us = 0;
    int ending = 0;
    learn();
    next_us = clock_us(CLOCK_MONOTONIC);
    for (long turn = 0; !ending || next_us < (awaited() ? came_us + QUIET_US : least_us); turn++, next_us += turn_us) {
        time_t second = (time_t)(next_us / 1e6);
        struct timespec until = {second, (long)((next_us - (double)second * 1e6) * 1000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        if (!ending)
            send_turn(turn);
        if (receive_ready() && !ending) {
            if (!obey(&ending))
                return;
            least_us = next_us + DRAIN_US;
        }
    }
    for (int i = 0; i < relay_count; i++)
        relay_report(&relays[i]);
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
    for (int i = 0; i < relay_count; i++)
        if (!relay_open(&relays[i], argv[i + 2]))
            return 2;
    for (int i = 0; i < relay_count; i++)
        if (!read_ports(&relays[i]))
            return 2;
    run();
    return 0;
}
