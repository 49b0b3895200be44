/* The SPI socket of the board, SEQPACKET, one request and one reply each:
 *
 *   {1, count, count * struct spi_op}  transfer   -> {int32 result, the ops}
 *   {2, line, level}                   GPIO set   -> {int32 result}
 *   {3, line}                          GPIO get   -> {int32 level}
 *   {4}                                open PCM   -> {int32 0} with two descriptors: memory, eventfd
 *
 * A client that dies changes nothing on the board: this is hardware. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve.h"

#define OP_OCTETS ((int)sizeof(struct spi_op))
#define OPS_MOST 255
#define REQUEST_MOST (2 + OPS_MOST * OP_OCTETS)

enum { TRANSFER = 1, GPIO_SET = 2, GPIO_GET = 3, OPEN_PCM = 4 };

static int reply(int fd, int32_t result, const void *tail, int tail_octets) {
    struct iovec parts[2] = {{&result, sizeof result}, {(void *)tail, (size_t)tail_octets}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = tail_octets ? 2 : 1};
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int reply_with_pcm(int fd, const struct board_server *server) {
    int32_t result = 0;
    int fds[2] = {server->shm_fd, server->board->event_fd};
    union {
        char octets[CMSG_SPACE(sizeof fds)];
        struct cmsghdr aligned;
    } control = {{0}};
    struct iovec part = {&result, sizeof result};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.octets, .msg_controllen = sizeof control.octets};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int answer_transfer(struct board_server *server, int fd, const uint8_t *request, int octets) {
    struct spi_op ops[OPS_MOST];
    int count = octets >= 2 ? request[1] : 0;
    if (octets != 2 + count * OP_OCTETS) return reply(fd, -EINVAL, NULL, 0);
    memcpy(ops, request + 2, (size_t)(count * OP_OCTETS));
    int result = board_transfer(server->board, ops, count);
    return reply(fd, result, ops, count * OP_OCTETS);
}

/* Returns -1 when the client is gone. */
static int serve_request(struct board_server *server, int fd) {
    uint8_t request[REQUEST_MOST];
    struct simboard *board = server->board;
    ssize_t octets = recv(fd, request, sizeof request, MSG_DONTWAIT);
    if (octets < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (octets == 0) return -1;
    if (request[0] == TRANSFER) return answer_transfer(server, fd, request, (int)octets);
    if (request[0] == GPIO_SET && octets == 3) return reply(fd, board_gpio_set(board, request[1], request[2]), NULL, 0);
    if (request[0] == GPIO_GET && octets == 2) return reply(fd, board_gpio_get(board, request[1]), NULL, 0);
    if (request[0] == OPEN_PCM && octets == 1) return reply_with_pcm(fd, server);
    return reply(fd, -EINVAL, NULL, 0);
}

static void accept_client(struct board_server *server) {
    int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    if (server->clients == SERVE_CLIENTS) {
        close(fd);
        return;
    }
    server->client[server->clients++] = fd;
}

static void drop_client(struct board_server *server, int index) {
    close(server->client[index]);
    server->client[index] = server->client[--server->clients];
}

void *serve_spi_run(void *arg) {
    struct board_server *server = arg;
    struct pollfd waits[2 + SERVE_CLIENTS];
    for (;;) {
        int clients = server->clients;
        waits[0] = (struct pollfd){server->stop_fd, POLLIN, 0};
        waits[1] = (struct pollfd){server->listen_fd, POLLIN, 0};
        for (int i = 0; i < clients; i++) waits[2 + i] = (struct pollfd){server->client[i], POLLIN, 0};
        if (poll(waits, (nfds_t)(2 + clients), -1) < 0 && errno != EINTR) return NULL;
        if (waits[0].revents) return NULL;
        for (int i = clients - 1; i >= 0; i--)
            if (waits[2 + i].revents && serve_request(server, server->client[i]) < 0) drop_client(server, i);
        if (waits[1].revents) accept_client(server);
    }
}
