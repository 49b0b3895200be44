/* The bare relay the engine is measured against: one thread, epoll, recvfrom and sendto,
 * two sockets per call, nothing looked at. `relay CALLS PORT_A PORT_B` prints the ports of
 * its sockets (a b per line); what comes to an a goes out of its b to PORT_B, and back. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define CALLS_MAX 512
#define EVENTS 64

static int fds[2 * CALLS_MAX];

static int open_socket(int poller, unsigned index)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
        exit(1);
    getsockname(fd, (struct sockaddr *)&at, &length);
    printf("%d%c", ntohs(at.sin_port), index & 1 ? '\n' : ' ');
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int calls = atoi(argv[1]), poller = epoll_create1(0);
    struct sockaddr_in to[2];
    for (int side = 0; side < 2; side++)
        to[side] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2 + side])),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (calls < 1 || calls > CALLS_MAX)
        return 2;
    for (unsigned i = 0; i < 2u * (unsigned)calls; i++)
        fds[i] = open_socket(poller, i);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            char data[2048];
            struct sockaddr_in from;
            socklen_t length = sizeof from;
            unsigned index = events[i].data.u32;
            ssize_t size = recvfrom(fds[index], data, sizeof data, 0, (struct sockaddr *)&from, &length);
            if (size >= 0)
                sendto(fds[index ^ 1], data, (size_t)size, 0, (struct sockaddr *)&to[~index & 1], sizeof to[0]);
        }
    }
}
