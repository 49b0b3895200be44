/* What the two files of the board's server share. Private. */
#ifndef SERVE_H
#define SERVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "board.h"

#define SERVE_CLIENTS 16
#define SERVE_PATH_MAX 108 /* sun_path */

struct board_server {
    struct simboard *board;
    pthread_t clock, bus;
    atomic_bool stopping;
    int stop_fd, listen_fd, shm_fd;
    int clients;
    int client[SERVE_CLIENTS];
    char socket_path[SERVE_PATH_MAX];
};

/* serve_spi.c: the bus thread: answers clients until stop_fd is readable. */
void *serve_spi_run(void *server);

#endif
