/* The engine's work: blocks of 5 ms, housekeeping, and both of them in stepped mode.
 * The thread that does them in time is in engine_thread.c. */
#include <errno.h>
#include <string.h>

#include "engine_parts.h"
#include "highway_types.h"
#include "wire.h"

#define DATAGRAM_MAX 2048

/* -- blocks ------------------------------------------------------------------------------- */

void engine_block(struct engine *engine)
{
    struct moment *moment = &engine->moment;
    moment->block++;
    for (int i = 0; i < engine->open_count; i++) {
        struct endpoint *end = engine->open[i];
        if (end->kind->take && (end->kind->always_takes || endpoint_is_wanted(end)))
            endpoint_take(end, moment);
    }
    for (int i = 0; i < engine->open_count; i++)
        if (engine->open[i]->kind->give)
            engine->open[i]->kind->give(engine->open[i], moment);
}

void engine_catch_up(struct engine *engine)
{
    while (engine->highway->begin_block(engine->highway->self))
        engine_block(engine);
}

void engine_keep_house(struct engine *engine)
{
    engine->house_us = engine->moment.now_us;
    for (int i = 0; i < engine->open_count; i++)
        if (engine->open[i]->kind->keep_house)
            engine->open[i]->kind->keep_house(engine->open[i], &engine->moment);
}

/* -- stepped mode ------------------------------------------------------------------------- */

void engine_tick(void *context, long long now_us)
{
    struct engine *engine = context;
    pthread_mutex_lock(&engine->mutex);
    engine->moment.now_us = now_us;
    if (engine->highway) {
        engine_catch_up(engine);
    } else {
        if (engine->stepped_tick_us == 0)
            engine->stepped_tick_us = now_us;
        for (; engine->stepped_tick_us + BLOCK_US <= now_us; engine->stepped_tick_us += BLOCK_US)
            engine_block(engine);
    }
    if (now_us - engine->house_us >= ENGINE_HOUSE_US)
        engine_keep_house(engine);
    pthread_mutex_unlock(&engine->mutex);
}

long long engine_tick_address(void)
{
    return (long long)(intptr_t)engine_tick;
}

int engine_packet_in(struct engine *engine, int id, const uint8_t *ip, int port, const uint8_t *data, int size,
                     long long now_us)
{
    uint8_t copy[DATAGRAM_MAX];
    if (size < 0 || size > DATAGRAM_MAX)
        return -EMSGSIZE;
    pthread_mutex_lock(&engine->mutex);
    engine->moment.now_us = now_us;
    struct endpoint *end = engine_find(engine, id);
    int known = end && end->kind == &stream_kind;
    if (known) {
        memcpy(copy, data, (size_t)size);
        stream_receive((struct stream *)end, copy, size, ip_from(ip), (uint16_t)port, &engine->moment);
    }
    pthread_mutex_unlock(&engine->mutex);
    return known ? 0 : -ENOENT;
}

int engine_packet_out(struct engine *engine, int *id, uint8_t *ip, int *port, uint8_t *out, int max)
{
    uint16_t to = 0;
    pthread_mutex_lock(&engine->mutex);
    struct ip_address from = {{0}};
    int size = wire_take(engine->moment.wire, id, &from, &to, out, max);
    pthread_mutex_unlock(&engine->mutex);
    memcpy(ip, from.octets, sizeof from.octets);
    *port = to;
    return size;
}
