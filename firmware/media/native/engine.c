/* The media engine's making and commands: see engine.h. The work itself is in engine_run.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "engine_parts.h"
#include "dtmf_rx.h"
#include "g711.h"
#include "highway_types.h"
#include "jitter.h"
#include "news.h"
#include "ports.h"
#include "wire.h"

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

struct engine *engine_new(long long highway, int first_port, int last_port, int stepped, unsigned seed,
                          int media_timeout_ms)
{
    g711_init();
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return NULL;
    pthread_mutex_init(&engine->mutex, NULL);
    engine->highway = (const struct highway *)(intptr_t)highway;
    engine->ports = ports_new(first_port, last_port);
    engine->moment.wire = wire_new(stepped);
    engine->moment.news = news_new();
    engine->moment.highway_law = engine->highway ? engine->highway->law : G711_A;
    engine->moment.media_timeout_us = media_timeout_ms * 1000LL;
    engine->moment.ntp_offset_us = stepped ? NTP_1900_TO_1970_S * 1000000LL : ntp_offset_us();
    engine->moment.now_us = stepped ? 0 : engine_clock_us();
    engine->stepped = stepped;
    engine->seed = seed;
    engine->epoll_fd = engine->tick_fd = engine->house_fd = engine->wake_fd = -1;
    if (engine->ports && engine->moment.wire && engine->moment.news)
        return engine;
    engine_free(engine);
    return NULL;
}

static void free_endpoint(struct engine *engine, struct endpoint *end)
{
    if (end->kind == ENDPOINT_SLOT) {
        slot_free((struct slot *)end);
        return;
    }
    engine_close_sockets(engine, (struct stream *)end);
    stream_free((struct stream *)end);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine);
    while (engine->open_count > 0)
        free_endpoint(engine, engine->open[--engine->open_count]);
    ports_free(engine->ports);
    wire_free(engine->moment.wire);
    news_free(engine->moment.news);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}

int engine_news_fd(const struct engine *engine)
{
    return news_fd(engine->moment.news);
}

static void enter(struct engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    if (!engine->stepped)
        engine->moment.now_us = engine_clock_us();
}

static int leave(struct engine *engine, int result)
{
    engine_set_ticking(engine);
    pthread_mutex_unlock(&engine->mutex);
    return result;
}

int engine_drain(struct engine *engine, struct media_news *out, int max)
{
    enter(engine);
    return leave(engine, news_take(engine->moment.news, out, max));
}

void engine_debug(struct engine *engine, struct engine_debug *out)
{
    enter(engine);
    *out = (struct engine_debug){
        .slots = engine->slots, .streams = engine->streams, .ports = ports_count(engine->ports),
        .blocks = engine->moment.block, .slips = engine->highway ? engine->highway->slips(engine->highway->self) : 0,
        .news_dropped = news_dropped(engine->moment.news), .socket_errors = engine->socket_errors,
        .worst_tick_us = engine->worst_tick_us,
    };
    leave(engine, 0);
}

/* -- endpoints -------------------------------------------------------------------------- */

struct endpoint *engine_find(struct engine *engine, int id)
{
    struct endpoint *end = id > 0 ? engine->table[id % ENGINE_ENDPOINTS] : NULL;
    return end && end->id == id ? end : NULL;
}

static struct stream *find_stream(struct engine *engine, int id)
{
    struct endpoint *end = engine_find(engine, id);
    return end && end->kind == ENDPOINT_STREAM ? (struct stream *)end : NULL;
}

/* An id not used before whose place is free, or -ENFILE. */
static int fresh_id(struct engine *engine)
{
    for (int tried = 0; tried < ENGINE_ENDPOINTS; tried++) {
        engine->next_id = engine->next_id >= 0x3FFFFFFF ? 1 : engine->next_id + 1;
        if (!engine->table[engine->next_id % ENGINE_ENDPOINTS])
            return engine->next_id;
    }
    return -ENFILE;
}

static int enlist(struct engine *engine, struct endpoint *end)
{
    engine->table[end->id % ENGINE_ENDPOINTS] = end;
    engine->open[engine->open_count++] = end;
    *(end->kind == ENDPOINT_SLOT ? &engine->slots : &engine->streams) += 1;
    return end->id;
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
        if (engine->open[i]->kind == ENDPOINT_SLOT && ((const struct slot *)engine->open[i])->number == number)
            return 1;
    return 0;
}

int engine_open_slot(struct engine *engine, int number)
{
    if (!engine->highway || number < 0 || number >= engine->highway->slots)
        return -EINVAL;
    enter(engine);
    if (slot_is_open(engine, number))
        return leave(engine, -EBUSY);
    int id = fresh_id(engine);
    if (id < 0)
        return leave(engine, id);
    struct slot *slot = slot_new(id, number);
    return leave(engine, slot ? enlist(engine, &slot->end) : -ENOMEM);
}

int engine_open_stream(struct engine *engine, uint32_t local_ip)
{
    enter(engine);
    int id = fresh_id(engine);
    if (id < 0)
        return leave(engine, id);
    uint32_t ssrc = dice(engine);
    struct stream *stream = stream_new(id, ssrc, dice(engine));
    if (!stream)
        return leave(engine, -ENOMEM);
    int failed = engine_open_sockets(engine, stream, local_ip);
    if (failed) {
        stream_free(stream);
        return leave(engine, failed);
    }
    return leave(engine, enlist(engine, &stream->end));
}

static void part(struct endpoint *end)
{
    if (!end->peer)
        return;
    struct endpoint *pair[2] = {end, end->peer};
    for (int i = 0; i < 2; i++)
        if (pair[i]->kind == ENDPOINT_SLOT)
            slot_part((struct slot *)pair[i]);
    end->peer->peer = NULL;
    end->peer = NULL;
}

int engine_close(struct engine *engine, int id)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (!end)
        return leave(engine, -ENOENT);
    part(end);
    engine->table[id % ENGINE_ENDPOINTS] = NULL;
    int at = 0;
    while (engine->open[at] != end)
        at++;
    engine->open[at] = engine->open[--engine->open_count];
    *(end->kind == ENDPOINT_SLOT ? &engine->slots : &engine->streams) -= 1;
    free_endpoint(engine, end);
    return leave(engine, 0);
}

int engine_join(struct engine *engine, int a, int b)
{
    enter(engine);
    struct endpoint *pair[2] = {engine_find(engine, a), engine_find(engine, b)};
    if (!pair[0] || !pair[1])
        return leave(engine, -ENOENT);
    if (a == b)
        return leave(engine, -EINVAL);
    if (pair[0]->peer == pair[1])
        return leave(engine, 0);
    for (int i = 0; i < 2; i++) {
        part(pair[i]);
        if (pair[i]->kind == ENDPOINT_STREAM) {
            struct stream *stream = (struct stream *)pair[i];
            jitter_reset(stream->jitter, stream->law);
        }
    }
    pair[0]->peer = pair[1];
    pair[1]->peer = pair[0];
    return leave(engine, 0);
}

int engine_part(struct engine *engine, int id)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (end)
        part(end);
    return leave(engine, end ? 0 : -ENOENT);
}

/* -- what endpoints play ---------------------------------------------------------------- */

int engine_play_tone(struct engine *engine, int id, const struct tone_spec *spec)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    return leave(engine, !end ? -ENOENT : player_tone(end->player, spec) ? -EINVAL : 0);
}

int engine_stop_tone(struct engine *engine, int id)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (end)
        player_stop_tone(end->player);
    return leave(engine, end ? 0 : -ENOENT);
}

int engine_play_digit(struct engine *engine, int id, char digit, int ms)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    return leave(engine, !end ? -ENOENT : player_digit(end->player, digit, ms) ? -EINVAL : 0);
}

int engine_listen_digits(struct engine *engine, int id, int on)
{
    enter(engine);
    struct endpoint *end = engine_find(engine, id);
    if (!end || end->kind != ENDPOINT_SLOT)
        return leave(engine, -ENOENT);
    struct slot *slot = (struct slot *)end;
    if (on && !slot->listens)
        dtmf_rx_reset(slot->rx);
    slot->listens = on;
    return leave(engine, 0);
}

/* -- streams ------------------------------------------------------------------------------ */

int engine_local_port(struct engine *engine, int id)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    return leave(engine, stream ? stream->local_port : -ENOENT);
}

int engine_set_remote(struct engine *engine, int id, uint32_t ip, int port)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (!stream)
        return leave(engine, -ENOENT);
    if (port < 0 || port > 65535)
        return leave(engine, -EINVAL);
    stream_set_remote(stream, ip, (uint16_t)port, engine->moment.now_us);
    return leave(engine, 0);
}

int engine_set_codec(struct engine *engine, int id, int pt, int law, int event_pt, int ptime_ms)
{
    if (pt < 0 || pt > 127 || event_pt > 127 || event_pt == pt || (law != G711_A && law != G711_U))
        return -EINVAL;
    if (ptime_ms < 10 || ptime_ms > 60 || ptime_ms % 5)
        return -EINVAL;
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream_set_codec(stream, pt, law, event_pt < 0 ? STREAM_NO_EVENTS : event_pt, ptime_ms * 8);
    return leave(engine, stream ? 0 : -ENOENT);
}

int engine_set_direction(struct engine *engine, int id, int send, int receive)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream_set_direction(stream, send, receive, engine->moment.now_us);
    return leave(engine, stream ? 0 : -ENOENT);
}

int engine_relearn(struct engine *engine, int id)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream) {
        source_relearn(&stream->source);
        stream->refused_told = 0;
    }
    return leave(engine, stream ? 0 : -ENOENT);
}

int engine_send_digit(struct engine *engine, int id, char digit, int ms)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (!stream || ms < 1)
        return leave(engine, stream ? -EINVAL : -ENOENT);
    int failed = stream_has_events(stream) ? event_tx_digit(&stream->events_out, digit, ms)
                                           : player_digit(stream->end.player, digit, ms);
    return leave(engine, failed ? -EINVAL : 0);
}

int engine_stats(struct engine *engine, int id, struct media_stats *out)
{
    enter(engine);
    struct stream *stream = find_stream(engine, id);
    if (stream)
        stream_stats(stream, out);
    return leave(engine, stream ? 0 : -ENOENT);
}
