/* The board as a process's hardware: a clock thread that runs frames and completes a PCM block
 * every 5 ms, and the SPI socket (serve_spi.c). Neither asks for any privilege. */
#define _GNU_SOURCE
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* When the block in progress ends; with the PCM clock lost, some block of time. */
static double block_end_us(const struct simboard *board) {
    return board->next_us + (PCM_SHM_SAMPLES - 1 - board->frame_in_block) * board->period_us;
}

static void *clock_run(void *arg) {
    struct board_server *server = arg;
    while (!atomic_load(&server->stopping)) {
        board_lock(server->board);
        double wake_us = block_end_us(server->board) + 1.0;
        board_unlock(server->board);
        struct timespec wake = {(time_t)(wake_us / 1e6), (long)((long long)wake_us % 1000000 * 1000)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
    }
    return NULL;
}

static int open_memory(const char *shm_path) {
    int fd = *shm_path ? open(shm_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                       : memfd_create("tipring-pcm", MFD_CLOEXEC);
    if (fd < 0) return -errno;
    if (ftruncate(fd, sizeof(struct pcm_shm)) == 0) return fd;
    int error = -errno;
    close(fd);
    return error;
}

static int open_listener(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, SERVE_CLIENTS) == 0) return fd;
    int error = -errno;
    close(fd);
    return error;
}

static void close_all(struct board_server *server) {
    int fds[] = {server->stop_fd, server->listen_fd, server->shm_fd};
    for (int i = 0; i < 3; i++)
        if (fds[i] >= 0) close(fds[i]);
}

/* Opens what the server needs; on failure closes it again. */
static int open_all(struct board_server *server, const char *socket_path, const char *shm_path) {
    server->shm_fd = server->listen_fd = -1;
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    int error = server->stop_fd < 0 ? -errno : 0;
    if (!error && (server->shm_fd = open_memory(shm_path)) < 0) error = server->shm_fd;
    if (!error && (server->listen_fd = open_listener(socket_path)) < 0) error = server->listen_fd;
    if (error) close_all(server);
    else strcpy(server->socket_path, socket_path);
    return error;
}

static int share_pcm(struct simboard *board, int shm_fd) {
    struct pcm_shm *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, shm_fd, 0);
    if (shared == MAP_FAILED) return -errno;
    board->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (board->event_fd < 0) {
        munmap(shared, sizeof *shared);
        return -EMFILE;
    }
    board_pcm_format(shared);
    free(board->pcm);
    board->pcm = shared;
    return 0;
}

static int start_threads(struct board_server *server) {
    int error = -pthread_create(&server->clock, NULL, clock_run, server);
    if (error) return error;
    error = -pthread_create(&server->bus, NULL, serve_spi_run, server);
    if (!error) return 0;
    atomic_store(&server->stopping, true);
    pthread_join(server->clock, NULL);
    return error;
}

int simboard_serve(struct simboard *board, const char *socket_path, const char *shm_path) {
    if (board->server) return -EALREADY;
    struct board_server *server = calloc(1, sizeof *server);
    if (!server) return -ENOMEM;
    int error = open_all(server, socket_path, shm_path);
    if (!error && (error = share_pcm(board, server->shm_fd)) < 0) close_all(server);
    if (error) {
        free(server);
        return error;
    }
    server->board = board;
    board->server = server;
    board->served = true;
    board->frame_in_block = 0;
    board->next_us = (double)board_now_us(board) + board->period_us;
    error = start_threads(server);
    if (error) atomic_store(&server->stopping, true);
    return error;
}

void simboard_stop(struct simboard *board) {
    struct board_server *server = board->server;
    uint64_t one = 1;
    if (!server || atomic_exchange(&server->stopping, true)) return;
    if (write(server->stop_fd, &one, sizeof one) < 0) return;
    pthread_join(server->bus, NULL);
    pthread_join(server->clock, NULL);
    for (int i = 0; i < server->clients; i++) close(server->client[i]);
    server->clients = 0;
    unlink(server->socket_path);
}

void board_server_free(struct simboard *board) {
    if (!board->server) return;
    close_all(board->server);
    close(board->event_fd);
    munmap(board->pcm, sizeof *board->pcm);
    free(board->server);
}
