/* The engine's own state, shared by the engine_*.c files. */
#ifndef TIPRING_ENGINE_PARTS_H
#define TIPRING_ENGINE_PARTS_H

#include <pthread.h>
#include <stdint.h>

#include "endpoint.h"
#include "engine_types.h"
#include "slot.h"
#include "stream.h"

#define ENGINE_HOUSE_US 100000 /* from one housekeeping to the next */
#define ENGINE_ENDPOINTS 1024 /* a power of two: an id's low bits are its place in the table */

struct ports;

struct engine {
    pthread_mutex_t mutex;    /* held for every command and every batch of the thread's work */
    const struct highway *highway;
    struct ports *ports;
    struct moment moment;
    int stepped;
    unsigned seed;
    int dscp;                 /* of sockets opened from now on */
    int next_id;
    struct endpoint *table[ENGINE_ENDPOINTS];
    struct endpoint *open[ENGINE_ENDPOINTS]; /* the first open_count, in no order */
    int open_count;
    long long stepped_tick_us; /* when the next block is due without a highway; 0: not yet known */
    long long house_us;        /* when house was kept last */
    long socket_errors;
    long worst_tick_us;
    pthread_t thread;
    int running, stopping;
    int epoll_fd, tick_fd, house_fd, wake_fd;
    int ticking;               /* tick_fd is armed */
};

long long engine_clock_us(void);
/* Every command lies between these two: the mutex, and what time it is. engine_leave returns result. */
void engine_enter(struct engine *engine);
int engine_leave(struct engine *engine, int result);
struct endpoint *engine_find(struct engine *engine, int id);
/* An id not used before whose place is free, or -ENFILE. */
int engine_fresh_id(struct engine *engine);
/* Takes the new node in. Returns its id. */
int engine_enlist(struct engine *engine, struct endpoint *end);
/* It hears nobody and nobody hears it: it may be freed. */
void engine_isolate(struct engine *engine, struct endpoint *end);
/* The mutex is held. One block of 5 ms; all blocks that are due on the highway. */
void engine_block(struct engine *engine);
void engine_catch_up(struct engine *engine);
void engine_keep_house(struct engine *engine);
/* Without a highway: runs or rests the 5 ms timer as something needs it. */
void engine_set_ticking(struct engine *engine);
/* engine_sockets.c: the stream's sockets in the thread's epoll set. Return 0 or -errno. */
int engine_open_sockets(struct engine *engine, struct stream *stream, struct ip_address local_ip);
void engine_close_sockets(struct engine *engine, struct stream *stream);

#endif
