#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

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

int scanner_fd(struct scanner *scanner)
{
    return scanner_queue_fd(scanner->queue);
}

int scanner_take(struct scanner *scanner, struct scanner_event *out, int max)
{
    return scanner_queue_take(scanner->queue, out, max);
}

long scanner_dropped(struct scanner *scanner)
{
    return scanner_queue_dropped(scanner->queue);
}

int scanner_add(struct scanner *scanner, int cs, const struct hook_profile *profile, int linefeed)
{
    pthread_mutex_lock(&scanner->lock);
    int port = -ENOSPC;
    if (scanner->ports < SCANNER_MAX_PORTS) {
        port = scanner->ports++;
        struct line_watch *line = &scanner->lines[port];
        line->registers = scanner->registers;
        line->queue = scanner->queue;
        line->port = port;
        line->cs = cs;
        line->known = 1;
        line->hook.profile = *profile;
        line_watch_begin(line, scanner_board_us(scanner), linefeed);
    }
    pthread_mutex_unlock(&scanner->lock);
    return port;
}

/* Takes the lock and finds a port that was added; NULL, and no lock, when there is none. */
static struct line_watch *claim(struct scanner *scanner, int port)
{
    if (port < 0 || port >= SCANNER_MAX_PORTS)
        return NULL;
    pthread_mutex_lock(&scanner->lock);
    if (scanner->lines[port].known)
        return &scanner->lines[port];
    pthread_mutex_unlock(&scanner->lock);
    return NULL;
}

static struct line_watch *claim_serving(struct scanner *scanner, int port)
{
    struct line_watch *line = claim(scanner, port);
    if (!line || line->in_service)
        return line;
    pthread_mutex_unlock(&scanner->lock);
    return NULL;
}

static int release(struct scanner *scanner, int result)
{
    pthread_mutex_unlock(&scanner->lock);
    return result;
}

int scanner_rearm(struct scanner *scanner, int port, int linefeed)
{
    struct line_watch *line = claim(scanner, port);
    if (!line)
        return -ENODEV;
    line_watch_begin(line, scanner_board_us(scanner), linefeed);
    return release(scanner, 0);
}

int scanner_remove(struct scanner *scanner, int port)
{
    struct line_watch *line = claim(scanner, port);
    if (!line)
        return -ENODEV;
    line->in_service = 0;
    line->mode = LINE_FEEDING;
    return release(scanner, 0);
}

int scanner_set_profile(struct scanner *scanner, int port, const struct hook_profile *profile)
{
    struct line_watch *line = claim(scanner, port);
    if (!line)
        return -ENODEV;
    line->hook.profile = *profile;
    return release(scanner, 0);
}

int scanner_feed(struct scanner *scanner, int port, int linefeed)
{
    struct line_watch *line = claim_serving(scanner, port);
    return line ? release(scanner, line_watch_feed(line, scanner_board_us(scanner), linefeed)) : -ENODEV;
}

int scanner_ring(struct scanner *scanner, int port, const struct ring_plan *plan)
{
    struct line_watch *line = claim_serving(scanner, port);
    if (!line)
        return -ENODEV;
    long long now_us = scanner_board_us(scanner);
    int result = line_watch_ring(line, now_us, plan);
    if (!result)
        scanner_ring_due(scanner, now_us);
    return release(scanner, result);
}

int scanner_set_ring_most(struct scanner *scanner, int most)
{
    if (most < 1 || most > SCANNER_MAX_PORTS)
        return -EINVAL;
    pthread_mutex_lock(&scanner->lock);
    scanner->ring_most = most;
    return release(scanner, 0);
}

int scanner_stop_ring(struct scanner *scanner, int port)
{
    struct line_watch *line = claim_serving(scanner, port);
    return line ? release(scanner, line_watch_stop_ring(line, scanner_board_us(scanner))) : -ENODEV;
}

int scanner_open_interval(struct scanner *scanner, int port, int ms)
{
    struct line_watch *line = claim_serving(scanner, port);
    return line ? release(scanner, line_watch_open(line, scanner_board_us(scanner), ms)) : -ENODEV;
}

int scanner_ringing(struct scanner *scanner, int port)
{
    struct line_watch *line = claim_serving(scanner, port);
    return line ? release(scanner, line->mode == LINE_BURST || line->mode == LINE_PAUSE) : 0;
}
