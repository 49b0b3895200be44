#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "scanner_event.h"
#include "scanner.h"
#include "line_loop.h"
#include "line_watch.h"
#include "ring_heard.h"
#include "scanner_daa.h"
#include "daa_watch.h"
#include "scanner_state.h"

#define INTERRUPT_CHECK_US 50000
#define INTERRUPT_STUCK_CHECKS 10
#define THREAD_PRIORITY 20

long long scanner_board_us(struct scanner *scanner)
{
    struct spi_ops *bus = registers_bus(scanner->registers);
    return bus->now_us(bus->self);
}

struct scanner *scanner_new(struct registers *registers)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (!scanner)
        return NULL;
    scanner->queue = scanner_queue_new();
    if (!scanner->queue) {
        free(scanner);
        return NULL;
    }
    scanner->registers = registers;
    scanner->ring_most = SCANNER_MAX_PORTS;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&scanner->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return scanner;
}

void scanner_free(struct scanner *scanner)
{
    if (!scanner)
        return;
    scanner_stop(scanner);
    scanner_queue_free(scanner->queue);
    pthread_mutex_destroy(&scanner->lock);
    free(scanner);
}

/* ---- ringing ------------------------------------------------------------------------ */

/* The one that has waited longest; full: of those that have their turn. */
static struct line_watch *next_to_ring(struct scanner *scanner, long long now_us, int full)
{
    struct line_watch *next = NULL;
    for (int i = 0; i < scanner->ports; i++) {
        struct line_watch *line = &scanner->lines[i];
        if (!line->in_service || !line_watch_wants_to_ring(line, now_us))
            continue;
        if (full && !line_watch_has_turn(line))
            continue;
        if (!next || line->due_us < next->due_us)
            next = line;
    }
    return next;
}

void scanner_ring_due(struct scanner *scanner, long long now_us)
{
    struct line_watch *next;
    do {
        int weighing = 0;
        for (int i = 0; i < scanner->ports; i++)
            weighing += scanner->lines[i].in_service && line_watch_weighs(&scanner->lines[i], now_us);
        next = next_to_ring(scanner, now_us, weighing >= scanner->ring_most);
        if (next)
            line_watch_go_on_ringing(next, now_us);
    } while (next);
}

/* ---- polling ------------------------------------------------------------------------ */

static void poll_lines(struct scanner *scanner, long long now_us)
{
    int count = 0;
    for (int i = 0; i < scanner->ports; i++)
        if (scanner->lines[i].in_service) {
            line_watch_poll_ops(&scanner->lines[i], &scanner->ops[count]);
            count += LINE_POLL_OPS;
        }
    if (!count)
        return;
    int result = registers_transfer(scanner->registers, scanner->ops, count);
    struct spi_op *ops = scanner->ops;
    for (int i = 0; i < scanner->ports; i++)
        if (scanner->lines[i].in_service) {
            line_watch_polled(&scanner->lines[i], now_us, ops, result);
            ops += LINE_POLL_OPS;
        }
}

/* Polling loses nothing when INT fails, so INT only tells of chips that cannot be quietened. Which chip holds
 * the common line without a status bit cannot be known, nor whether a failed one does. */
static void check_interrupt(struct scanner *scanner, long long now_us)
{
    struct spi_ops *bus = registers_bus(scanner->registers);
    int serving = 0, failed = 0, explained = 0;
    for (int i = 0; i < scanner->ports; i++) {
        serving |= scanner->lines[i].in_service;
        failed |= scanner->lines[i].known && !scanner->lines[i].in_service;
    }
    if (!serving || bus->gpio_get(bus->self, SPI_GPIO_INT) != 0) {
        scanner->interrupt_low = 0;
        return;
    }
    for (int i = 0; i < scanner->ports; i++)
        if (scanner->lines[i].in_service)
            explained |= line_watch_clear_interrupts(&scanner->lines[i], now_us);
    scanner->interrupt_low = failed || explained ? 0 : scanner->interrupt_low + 1;
    if (scanner->interrupt_low == INTERRUPT_STUCK_CHECKS) {
        struct scanner_event event = {now_us, -1, SCANNER_INTERRUPT, 0, 0};
        scanner_queue_put(scanner->queue, &event);
    }
}

/* Keeps to the grid of its period; after a long gap it starts a new one instead of catching up. */
static int due(long long *next_us, long long now_us, long long period_us)
{
    if (now_us < *next_us)
        return 0;
    *next_us += period_us;
    if (*next_us <= now_us)
        *next_us = now_us + period_us;
    return 1;
}

void scanner_step(void *ctx, long long now_us)
{
    struct scanner *scanner = ctx;
    pthread_mutex_lock(&scanner->lock);
    for (int i = 0; i < scanner->ports; i++)
        if (scanner->lines[i].in_service)
            line_watch_tick(&scanner->lines[i], now_us);
    scanner_ring_due(scanner, now_us);
    scanner_tick_daas(scanner, now_us);
    if (due(&scanner->next_poll_us, now_us, SCANNER_PERIOD_US)) {
        poll_lines(scanner, now_us);
        scanner_poll_daas(scanner, now_us);
    }
    if (due(&scanner->next_interrupt_us, now_us, INTERRUPT_CHECK_US))
        check_interrupt(scanner, now_us);
    pthread_mutex_unlock(&scanner->lock);
}

/* ---- thread ------------------------------------------------------------------------- */

static void *scan(void *argument)
{
    struct scanner *scanner = argument;
    struct timespec wake;
    /* Without the right to it the scanner runs at ordinary priority, which is no failure. */
    struct sched_param priority = {.sched_priority = THREAD_PRIORITY};
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority);
    clock_gettime(CLOCK_MONOTONIC, &wake);
    while (atomic_load(&scanner->running)) {
        scanner_step(scanner, scanner_board_us(scanner));
        wake.tv_nsec += SCANNER_PERIOD_US * 1000L;
        if (wake.tv_nsec >= 1000000000L) {
            wake.tv_nsec -= 1000000000L;
            wake.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
    }
    return NULL;
}

int scanner_start(struct scanner *scanner)
{
    if (scanner->started)
        return -EALREADY;
    atomic_store(&scanner->running, 1);
    int error = pthread_create(&scanner->thread, NULL, scan, scanner);
    scanner->started = !error;
    return -error;
}

void scanner_stop(struct scanner *scanner)
{
    if (!scanner->started)
        return;
    atomic_store(&scanner->running, 0);
    pthread_join(scanner->thread, NULL);
    scanner->started = 0;
}
