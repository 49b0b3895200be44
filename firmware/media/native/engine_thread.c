/* The engine's thread: epoll over sockets and the card's clock.
 *
 * The clock is the card's. Without a card a timer ticks, but only while something
 * needs it: calls between SIP phones are driven by their packets alone. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "engine_parts.h"
#include "highway_types.h"
#include "wire.h"

#define EVENTS 64
#define MOST_BLOCKS 8        /* caught up at once; more than that is gone */
#define DATAGRAM_MAX 2048
#define CLOCK_DATA 0xFFFFFFFFu
#define TICK_DATA 0xFFFFFFFEu
#define HOUSE_DATA 0xFFFFFFFDu
#define WAKE_DATA 0xFFFFFFFCu

static void set_timer(int fd, long long every_us)
{
    struct timespec period = {every_us / 1000000, every_us % 1000000 * 1000};
    struct itimerspec setting = {period, period};
    timerfd_settime(fd, 0, &setting, NULL);
}

static int needs_blocks(const struct endpoint *end)
{
    for (int i = 0; i < end->ear_count; i++)
        if (ear_needs_blocks(&end->ears[i]))
            return 1;
    return end->signals || (end->kind->busy && end->kind->busy(end));
}

static int anything_busy(const struct engine *engine)
{
    for (int i = 0; i < engine->open_count; i++)
        if (needs_blocks(engine->open[i]))
            return 1;
    return 0;
}

void engine_set_ticking(struct engine *engine)
{
    if (engine->highway || engine->tick_fd < 0)
        return;
    int needed = anything_busy(engine);
    if (needed != engine->ticking)
        set_timer(engine->tick_fd, needed ? BLOCK_US : 0);
    engine->ticking = needed;
}

static void timer_blocks(struct engine *engine)
{
    uint64_t passed = 0;
    if (read(engine->tick_fd, &passed, sizeof passed) != (ssize_t)sizeof passed)
        return;
    if (passed > MOST_BLOCKS) {
        engine->moment.block += (long)(passed - MOST_BLOCKS);
        passed = MOST_BLOCKS;
    }
    while (passed-- > 0)
        engine_block(engine);
    engine_set_ticking(engine);
}

/* A digit it sent is now to be played by a stream that hears it. */
static int woke_hearer(const struct endpoint *end)
{
    for (const struct ear *ear = end->hearers; ear; ear = ear->next)
        if (ear->owner->kind->busy && ear->owner->kind->busy(ear->owner))
            return 1;
    return 0;
}

static void receive(struct engine *engine, unsigned data)
{
    uint8_t datagram[DATAGRAM_MAX];
    struct wire_place from;
    struct endpoint *end = engine_find(engine, (int)(data >> 1));
    if (!end || end->kind != &stream_kind)
        return; /* closed since the kernel told us */
    struct stream *stream = (struct stream *)end;
    int rtcp = data & 1;
    int size = wire_receive(rtcp ? stream->rtcp_fd : stream->fd, datagram, sizeof datagram, &from);
    if (size < 0) {
        engine->socket_errors += errno != EAGAIN;
        return;
    }
    if (!rtcp)
        stream_receive(stream, datagram, size, from.ip, from.port, &engine->moment);
    else if (ip_same(from.ip, stream->source.ip))
        stream_receive_rtcp(stream, datagram, size, &engine->moment);
    if (!engine->ticking && woke_hearer(end))
        engine_set_ticking(engine);
}

static void clock_blocks(struct engine *engine)
{
    long long began_us = engine_clock_us();
    engine_catch_up(engine);
    long took_us = (long)(engine_clock_us() - began_us);
    if (took_us > engine->worst_tick_us)
        engine->worst_tick_us = took_us;
}

static void serve(struct engine *engine, unsigned data)
{
    uint64_t count;
    switch (data) {
    case CLOCK_DATA:
        clock_blocks(engine);
        break;
    case TICK_DATA:
        timer_blocks(engine);
        break;
    case HOUSE_DATA:
        if (read(engine->house_fd, &count, sizeof count) == (ssize_t)sizeof count)
            engine_keep_house(engine);
        break;
    case WAKE_DATA:
        break;
    default:
        receive(engine, data);
    }
}

static void *run(void *context)
{
    struct engine *engine = context;
    struct epoll_event events[EVENTS];
    struct sched_param priority = {.sched_priority = 20};
    if (engine->highway) /* a card's block has a deadline; refused on a desktop, works without */
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    while (!__atomic_load_n(&engine->stopping, __ATOMIC_ACQUIRE)) {
        int count = epoll_wait(engine->epoll_fd, events, EVENTS, -1);
        pthread_mutex_lock(&engine->mutex);
        engine->moment.now_us = engine_clock_us();
        for (int i = 0; i < count; i++)
            serve(engine, events[i].data.u32);
        pthread_mutex_unlock(&engine->mutex);
    }
    return NULL;
}

static void close_all(struct engine *engine)
{
    int *fds[] = {&engine->epoll_fd, &engine->tick_fd, &engine->house_fd, &engine->wake_fd};
    for (unsigned i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0)
            close(*fds[i]);
        *fds[i] = -1;
    }
}

static int watch(struct engine *engine, int fd, unsigned data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = data};
    return epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_all(struct engine *engine)
{
    engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    engine->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    engine->house_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    engine->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (engine->epoll_fd < 0 || engine->tick_fd < 0 || engine->house_fd < 0 || engine->wake_fd < 0)
        return -1;
    set_timer(engine->house_fd, ENGINE_HOUSE_US);
    if (watch(engine, engine->tick_fd, TICK_DATA) || watch(engine, engine->house_fd, HOUSE_DATA) ||
        watch(engine, engine->wake_fd, WAKE_DATA))
        return -1;
    if (!engine->highway || engine->highway->clock_fd < 0)
        return 0;
    return watch(engine, engine->highway->clock_fd, CLOCK_DATA);
}

int engine_start(struct engine *engine)
{
    if (engine->stepped || engine->running)
        return -EINVAL;
    if (open_all(engine) != 0) {
        int failed = errno;
        close_all(engine);
        return -failed;
    }
    engine->stopping = 0;
    int failed = pthread_create(&engine->thread, NULL, run, engine);
    if (failed) {
        close_all(engine);
        return -failed;
    }
    engine->running = 1;
    return 0;
}

void engine_stop(struct engine *engine)
{
    if (!engine->running)
        return;
    __atomic_store_n(&engine->stopping, 1, __ATOMIC_RELEASE);
    eventfd_write(engine->wake_fd, 1);
    pthread_join(engine->thread, NULL);
    close_all(engine);
    engine->running = 0;
}
