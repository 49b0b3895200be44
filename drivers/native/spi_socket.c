#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "spi.h"
#include "spi_socket.h"

#define REQUEST_MAX (2 + SPI_SOCKET_MAX_OPS * sizeof(struct spi_op))
#define REPLY_MAX (4 + SPI_SOCKET_MAX_OPS * sizeof(struct spi_op))

struct spi_socket {
    struct spi_ops ops;
    pthread_mutex_t lock; /* one request and its reply */
    int fd;
    int broken;
    unsigned char request[REQUEST_MAX];
    unsigned char reply[REPLY_MAX];
};

/* Sends `length` octets of request and receives a reply of `want` octets, descriptors into `control`.
 * Anything else than that reply breaks the connection: later replies would answer earlier requests. */
static int exchange(struct spi_socket *socket, size_t length, size_t want, struct msghdr *message)
{
    if (socket->broken)
        return -EPIPE;
    ssize_t got = send(socket->fd, socket->request, length, MSG_NOSIGNAL);
    if (got == (ssize_t)length) {
        struct iovec part = {socket->reply, sizeof socket->reply};
        message->msg_iov = &part;
        message->msg_iovlen = 1;
        do
            got = recvmsg(socket->fd, message, MSG_CMSG_CLOEXEC);
        while (got < 0 && errno == EINTR);
    }
    int timed_out = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    int32_t result = -EPIPE;
    if (got >= 4)
        memcpy(&result, socket->reply, 4);
    if (got >= 4 && (result < 0 || got == (ssize_t)want))
        return result;
    socket->broken = 1;
    return timed_out ? -ETIMEDOUT : -EPIPE;
}

static int socket_transfer(void *self, struct spi_op *ops, int count)
{
    struct spi_socket *socket = self;
    if (count < 1 || count > SPI_SOCKET_MAX_OPS)
        return -EINVAL;
    size_t octets = (size_t)count * sizeof *ops;
    struct msghdr message = {0};
    pthread_mutex_lock(&socket->lock);
    socket->request[0] = SPI_SOCKET_TRANSFER;
    socket->request[1] = (unsigned char)count;
    memcpy(socket->request + 2, ops, octets);
    int result = exchange(socket, 2 + octets, 4 + octets, &message);
    if (result >= 0)
        memcpy(ops, socket->reply + 4, octets);
    pthread_mutex_unlock(&socket->lock);
    return result < 0 ? result : 0;
}

static int short_request(struct spi_socket *socket, int kind, int line, int level, size_t length)
{
    struct msghdr message = {0};
    pthread_mutex_lock(&socket->lock);
    socket->request[0] = (unsigned char)kind;
    socket->request[1] = (unsigned char)line;
    socket->request[2] = (unsigned char)level;
    int result = exchange(socket, length, 4, &message);
    pthread_mutex_unlock(&socket->lock);
    return result;
}

static int socket_gpio_set(void *self, int line, int level)
{
    return short_request(self, SPI_SOCKET_GPIO_SET, line, level, 3);
}

static int socket_gpio_get(void *self, int line)
{
    return short_request(self, SPI_SOCKET_GPIO_GET, line, 0, 2);
}

static void socket_wait_us(void *self, long us)
{
    (void)self;
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static long long socket_now_us(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int spi_socket_open_pcm(struct spi_socket *socket, int fds[2])
{
    union {
        char octets[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct msghdr message = {.msg_control = control.octets, .msg_controllen = sizeof control.octets};
    pthread_mutex_lock(&socket->lock);
    socket->request[0] = SPI_SOCKET_OPEN_PCM;
    int result = exchange(socket, 1, 4, &message);
    pthread_mutex_unlock(&socket->lock);
    if (result < 0)
        return result;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(2 * sizeof(int)))
        return -EPROTO;
    memcpy(fds, CMSG_DATA(header), 2 * sizeof(int));
    return 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    struct timeval limit = {SPI_SOCKET_REPLY_LIMIT_MS / 1000, SPI_SOCKET_REPLY_LIMIT_MS % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

struct spi_socket *spi_socket_new(const char *path, int *error)
{
    int fd = connect_to(path);
    struct spi_socket *socket = fd < 0 ? NULL : calloc(1, sizeof *socket);
    if (!socket) {
        *error = fd < 0 ? fd : -ENOMEM;
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    socket->fd = fd;
    pthread_mutex_init(&socket->lock, NULL);
    socket->ops = (struct spi_ops){socket, socket_transfer, socket_gpio_set, socket_gpio_get, socket_wait_us, socket_now_us};
    *error = 0;
    return socket;
}

void spi_socket_free(struct spi_socket *socket)
{
    if (!socket)
        return;
    close(socket->fd);
    pthread_mutex_destroy(&socket->lock);
    free(socket);
}

struct spi_ops *spi_socket_ops(struct spi_socket *socket)
{
    return &socket->ops;
}
