/* The media engine: making it, opening and closing nodes; see engine.h. Who hears whom is in engine_edges.c,
 * what endpoints are told in engine_commands.c, the work itself in engine_run.c. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine_parts.h"
#include "file_thread.h"
#include "g711.h"
#include "highway_types.h"
#include "jitter.h"
#include "news.h"
#include "ports.h"
#include "wire.h"

#define LAST_FILES_MS 2000 /* a blocked disk holds up the end of the house no longer */
#define NTP_1900_TO_1970_S 2208988800LL

long long engine_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long ntp_offset_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec + NTP_1900_TO_1970_S) * 1000000LL + now.tv_nsec / 1000 - engine_clock_us();
}

/* Who holds it runs at the priority of the thread that waits for it. */
static void init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(mutex, &kind);
    pthread_mutexattr_destroy(&kind);
}

struct engine *engine_new(long long highway, int first_port, int last_port, int stepped, unsigned seed,
                          int media_timeout_ms)
{
    g711_init();
    jitter_init();
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return NULL;
    init_mutex(&engine->mutex);
    engine->highway = (const struct highway *)(intptr_t)highway;
    engine->ports = ports_new(first_port, last_port);
    engine->moment.wire = wire_new(stepped);
    engine->moment.news = news_new();
    engine->moment.highway = engine->highway;
    engine->moment.highway_law = engine->highway ? engine->highway->law : G711_A;
    engine->moment.media_timeout_us = media_timeout_ms * 1000LL;
    engine->moment.ntp_offset_us = stepped ? NTP_1900_TO_1970_S * 1000000LL : ntp_offset_us();
    engine->moment.now_us = stepped ? 0 : engine_clock_us();
    engine->stepped = stepped;
    engine->seed = seed;
    engine->dscp = WIRE_EXPEDITED;
    engine->epoll_fd = engine->tick_fd = engine->house_fd = engine->wake_fd = -1;
    if (engine->ports && engine->moment.wire && engine->moment.news)
        return engine;
    engine_free(engine);
    return NULL;
}

static void free_endpoint(struct engine *engine, struct endpoint *end)
{
    if (end->kind == &stream_kind)
        engine_close_sockets(engine, (struct stream *)end);
    end->kind->free(end);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine);
    while (engine->open_count > 0)
        free_endpoint(engine, engine->open[--engine->open_count]);
    file_threads_wait(LAST_FILES_MS);
    ports_free(engine->ports);
    wire_free(engine->moment.wire);
    news_free(engine->moment.news);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}

int engine_set_dscp(struct engine *engine, int dscp)
{
    if (dscp < 0 || dscp > 63)
        return -EINVAL;
    engine_enter(engine);
    engine->dscp = dscp;
    return engine_leave(engine, 0);
}

int engine_news_fd(const struct engine *engine)
{
    return news_fd(engine->moment.news);
}

void engine_enter(struct engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    if (!engine->stepped)
        engine->moment.now_us = engine_clock_us();
}

int engine_leave(struct engine *engine, int result)
{
    engine_set_ticking(engine);
    pthread_mutex_unlock(&engine->mutex);
    return result;
}

int engine_drain(struct engine *engine, struct media_news *out, int max)
{
    engine_enter(engine);
    return engine_leave(engine, news_take(engine->moment.news, out, max));
}

void engine_trim(void)
{
    malloc_trim(0);
}

/* -- endpoints -------------------------------------------------------------------------- */

struct endpoint *engine_find(struct engine *engine, int id)
{
    struct endpoint *end = id > 0 ? engine->table[id % ENGINE_ENDPOINTS] : NULL;
    return end && end->id == id ? end : NULL;
}

int engine_fresh_id(struct engine *engine)
{
    for (int tried = 0; tried < ENGINE_ENDPOINTS; tried++) {
        engine->next_id = engine->next_id >= 0x3FFFFFFF ? 1 : engine->next_id + 1;
        if (!engine->table[engine->next_id % ENGINE_ENDPOINTS])
            return engine->next_id;
    }
    return -ENFILE;
}

int engine_enlist(struct engine *engine, struct endpoint *end)
{
    engine->table[end->id % ENGINE_ENDPOINTS] = end;
    engine->open[engine->open_count++] = end;
    return end->id;
}

static int count_kind(const struct engine *engine, const struct endpoint_kind *kind)
{
    int count = 0;
    for (int i = 0; i < engine->open_count; i++)
        count += engine->open[i]->kind == kind;
    return count;
}

void engine_debug(struct engine *engine, struct engine_debug *out)
{
    engine_enter(engine);
    *out = (struct engine_debug){
        .slots = count_kind(engine, &slot_kind), .streams = count_kind(engine, &stream_kind),
        .mixers = count_kind(engine, &mixer_kind), .players = count_kind(engine, &player_kind),
        .recorders = count_kind(engine, &recorder_kind),
        .ports = ports_count(engine->ports),
        .blocks = engine->moment.block, .slips = engine->highway ? engine->highway->slips(engine->highway->self) : 0,
        .news_dropped = news_dropped(engine->moment.news), .socket_errors = engine->socket_errors,
        .worst_tick_us = engine->worst_tick_us,
    };
    engine_leave(engine, 0);
}

static uint32_t dice(struct engine *engine)
{
    uint32_t value;
    if (engine->seed == 0 && getrandom(&value, sizeof value, GRND_NONBLOCK) == (ssize_t)sizeof value)
        return value;
    engine->seed = engine->seed * 1664525u + 1013904223u;
    return engine->seed ^ engine->seed >> 16;
}

static int slot_is_open(const struct engine *engine, int number)
{
    for (int i = 0; i < engine->open_count; i++)
        if (engine->open[i]->kind == &slot_kind && ((const struct slot *)engine->open[i])->number == number)
            return 1;
    return 0;
}

int engine_open_slot(struct engine *engine, int number)
{
    if (!engine->highway || number < 0 || number >= engine->highway->slots)
        return -EINVAL;
    engine_enter(engine);
    if (slot_is_open(engine, number))
        return engine_leave(engine, -EBUSY);
    int id = engine_fresh_id(engine);
    if (id < 0)
        return engine_leave(engine, id);
    struct slot *slot = slot_new(id, number);
    return engine_leave(engine, slot ? engine_enlist(engine, &slot->end) : -ENOMEM);
}

int engine_open_stream(struct engine *engine, const uint8_t *local_ip)
{
    engine_enter(engine);
    int id = engine_fresh_id(engine);
    if (id < 0)
        return engine_leave(engine, id);
    uint32_t ssrc = dice(engine);
    struct stream *stream = stream_new(id, ssrc, dice(engine));
    if (!stream)
        return engine_leave(engine, -ENOMEM);
    int failed = engine_open_sockets(engine, stream, ip_from(local_ip));
    if (failed) {
        stream->end.kind->free(&stream->end);
        return engine_leave(engine, failed);
    }
    return engine_leave(engine, engine_enlist(engine, &stream->end));
}

int engine_close(struct engine *engine, int id)
{
    engine_enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (!end)
        return engine_leave(engine, -ENOENT);
    engine_isolate(engine, end);
    if (end->kind == &stream_kind)
        stream_say_bye((struct stream *)end, &engine->moment);
    engine->table[id % ENGINE_ENDPOINTS] = NULL;
    int at = 0;
    while (engine->open[at] != end)
        at++;
    engine->open[at] = engine->open[--engine->open_count];
    free_endpoint(engine, end);
    return engine_leave(engine, 0);
}
