#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spi.h"
#include "spi_trace.h"

#define TEXT_MAX 8192
#define READ_BIT 0x80
#define US_PER_S 1000000

struct spi_trace {
    struct spi_ops ops;
    struct spi_ops *inner;
    int fd;
    pthread_mutex_t lock; /* keeps the lines of one transfer together */
    size_t length;
    char text[TEXT_MAX];
};

static void flush(struct spi_trace *trace)
{
    /* A full disk costs lines of the trace, nothing else. */
    ssize_t written = write(trace->fd, trace->text, trace->length);
    (void)written;
    trace->length = 0;
}

static void add_line(struct spi_trace *trace, long long now_us, const char *text)
{
    if (trace->length + SPI_TRACE_LINE_MAX + 32 > TEXT_MAX)
        flush(trace);
    trace->length += (size_t)snprintf(trace->text + trace->length, TEXT_MAX - trace->length, "%6lld.%06lld %s\n",
                                      now_us / US_PER_S, now_us % US_PER_S, text);
}

static void describe(const struct spi_op *op, char *text)
{
    if (op->count == 2 && op->out[0] & READ_BIT) {
        snprintf(text, SPI_TRACE_LINE_MAX, "cs%d DR%d -> 0x%02X", op->cs, op->out[0] & ~READ_BIT, op->in[1]);
    } else if (op->count == 2) {
        snprintf(text, SPI_TRACE_LINE_MAX, "cs%d DR%d <- 0x%02X", op->cs, op->out[0], op->out[1]);
    } else {
        int length = snprintf(text, SPI_TRACE_LINE_MAX, "cs%d", op->cs);
        for (int i = 0; i < op->count && i < SPI_OP_MAX; i++)
            length += snprintf(text + length, (size_t)(SPI_TRACE_LINE_MAX - length), " %02X/%02X", op->out[i], op->in[i]);
    }
}

static int trace_transfer(void *self, struct spi_op *ops, int count)
{
    struct spi_trace *trace = self;
    pthread_mutex_lock(&trace->lock);
    int result = trace->inner->transfer(trace->inner->self, ops, count);
    long long now_us = trace->inner->now_us(trace->inner->self);
    char text[SPI_TRACE_LINE_MAX];
    for (int i = 0; i < count; i++) {
        describe(&ops[i], text);
        add_line(trace, now_us, text);
    }
    if (result < 0) {
        snprintf(text, sizeof text, "transfer failed: %s", strerror(-result));
        add_line(trace, now_us, text);
    }
    flush(trace);
    pthread_mutex_unlock(&trace->lock);
    return result;
}

static void trace_line(struct spi_trace *trace, int line, const char *arrow, int level)
{
    char text[SPI_TRACE_LINE_MAX];
    const char *name = line == SPI_GPIO_RESET ? "RESET" : line == SPI_GPIO_INT ? "INT" : "LIFELINE";
    snprintf(text, sizeof text, "%s %s %d", name, arrow, level);
    pthread_mutex_lock(&trace->lock);
    add_line(trace, trace->inner->now_us(trace->inner->self), text);
    flush(trace);
    pthread_mutex_unlock(&trace->lock);
}

static int trace_gpio_set(void *self, int line, int level)
{
    struct spi_trace *trace = self;
    int result = trace->inner->gpio_set(trace->inner->self, line, level);
    trace_line(trace, line, result < 0 ? "<- failed" : "<-", level);
    return result;
}

static int trace_gpio_get(void *self, int line)
{
    struct spi_trace *trace = self;
    int result = trace->inner->gpio_get(trace->inner->self, line);
    trace_line(trace, line, "->", result);
    return result;
}

static void trace_wait_us(void *self, long us)
{
    struct spi_trace *trace = self;
    trace->inner->wait_us(trace->inner->self, us);
}

static long long trace_now_us(void *self)
{
    struct spi_trace *trace = self;
    return trace->inner->now_us(trace->inner->self);
}

struct spi_trace *spi_trace_new(struct spi_ops *inner, int fd)
{
    struct spi_trace *trace = calloc(1, sizeof *trace);
    if (!trace)
        return NULL;
    trace->inner = inner;
    trace->fd = fd;
    pthread_mutex_init(&trace->lock, NULL);
    trace->ops = (struct spi_ops){trace, trace_transfer, trace_gpio_set, trace_gpio_get, trace_wait_us, trace_now_us};
    return trace;
}

void spi_trace_free(struct spi_trace *trace)
{
    if (!trace)
        return;
    pthread_mutex_destroy(&trace->lock);
    free(trace);
}

struct spi_ops *spi_trace_ops(struct spi_trace *trace)
{
    return &trace->ops;
}
