#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "spi.h"
#include "registers.h"
#include "hook.h"
#include "ring_heard.h"
#include "scanner_event.h"
#include "scanner.h"
#include "scanner_daa.h"
#include "line_loop.h"
#include "line_watch.h"
#include "daa_watch.h"
#include "scanner_state.h"

void scanner_tick_daas(struct scanner *scanner, long long now_us)
{
    for (int i = 0; i < scanner->daas; i++)
        if (scanner->daa[i].in_service)
            daa_watch_tick(&scanner->daa[i], now_us);
}

void scanner_poll_daas(struct scanner *scanner, long long now_us)
{
    struct spi_op ops[SCANNER_MAX_DAAS * DAA_POLL_OPS];
    int polled[SCANNER_MAX_DAAS], count = 0;
    for (int i = 0; i < scanner->daas; i++)
        if (scanner->daa[i].in_service) {
            daa_watch_poll_ops(&scanner->daa[i], &ops[count * DAA_POLL_OPS]);
            polled[count++] = i;
        }
    if (!count)
        return;
    int result = registers_transfer(scanner->registers, ops, count * DAA_POLL_OPS);
    for (int n = 0; n < count; n++)
        daa_watch_polled(&scanner->daa[polled[n]], now_us, &ops[n * DAA_POLL_OPS], result);
}

int scanner_add_daa(struct scanner *scanner, int cs, const struct daa_profile *profile)
{
    pthread_mutex_lock(&scanner->lock);
    int number = -ENOSPC;
    if (scanner->daas < SCANNER_MAX_DAAS) {
        struct daa_watch *line = &scanner->daa[scanner->daas];
        number = SCANNER_DAA_FIRST + scanner->daas++;
        line->registers = scanner->registers;
        line->queue = scanner->queue;
        line->port = number;
        line->cs = cs;
        line->known = 1;
        line->profile = *profile;
        daa_watch_begin(line, scanner_board_us(scanner));
    }
    pthread_mutex_unlock(&scanner->lock);
    return number;
}

/* Takes the lock and finds a line; NULL, and no lock, when there is none. */
static struct daa_watch *claim(struct scanner *scanner, int port, int serving)
{
    int number = port - SCANNER_DAA_FIRST;
    if (number < 0 || number >= SCANNER_MAX_DAAS)
        return NULL;
    pthread_mutex_lock(&scanner->lock);
    struct daa_watch *line = &scanner->daa[number];
    if (line->known && (line->in_service || !serving))
        return line;
    pthread_mutex_unlock(&scanner->lock);
    return NULL;
}

static int release(struct scanner *scanner, int result)
{
    pthread_mutex_unlock(&scanner->lock);
    return result;
}

int scanner_daa_rearm(struct scanner *scanner, int port, const struct daa_profile *profile)
{
    struct daa_watch *line = claim(scanner, port, 0);
    if (!line)
        return -ENODEV;
    line->profile = *profile;
    daa_watch_begin(line, scanner_board_us(scanner));
    return release(scanner, 0);
}

int scanner_daa_remove(struct scanner *scanner, int port)
{
    struct daa_watch *line = claim(scanner, port, 0);
    if (!line)
        return -ENODEV;
    line->in_service = 0;
    return release(scanner, 0);
}

int scanner_daa_seize(struct scanner *scanner, int port, int quick)
{
    struct daa_watch *line = claim(scanner, port, 1);
    return line ? release(scanner, daa_watch_seize(line, scanner_board_us(scanner), quick)) : -ENODEV;
}

int scanner_daa_release(struct scanner *scanner, int port)
{
    struct daa_watch *line = claim(scanner, port, 1);
    return line ? release(scanner, daa_watch_release(line, scanner_board_us(scanner))) : -ENODEV;
}

int scanner_daa_dial(struct scanner *scanner, int port, const char *digits)
{
    struct daa_watch *line = claim(scanner, port, 1);
    return line ? release(scanner, daa_watch_dial(line, scanner_board_us(scanner), digits)) : -ENODEV;
}

int scanner_daa_flash(struct scanner *scanner, int port, int ms)
{
    struct daa_watch *line = claim(scanner, port, 1);
    return line ? release(scanner, daa_watch_flash(line, scanner_board_us(scanner), ms)) : -ENODEV;
}

int scanner_daa_ringing(struct scanner *scanner, int port)
{
    struct daa_watch *line = claim(scanner, port, 1);
    return line ? release(scanner, line->ring.ringing) : 0;
}
