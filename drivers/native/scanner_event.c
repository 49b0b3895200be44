#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "scanner_event.h"

struct scanner_queue {
    pthread_mutex_t lock;
    int fd;
    unsigned head; /* next to take */
    unsigned count;
    long dropped;
    struct scanner_event events[SCANNER_QUEUE_EVENTS];
};

struct scanner_queue *scanner_queue_new(void)
{
    struct scanner_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return NULL;
    queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->fd < 0) {
        free(queue);
        return NULL;
    }
    pthread_mutex_init(&queue->lock, NULL);
    return queue;
}

void scanner_queue_free(struct scanner_queue *queue)
{
    if (!queue)
        return;
    close(queue->fd);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

int scanner_queue_fd(struct scanner_queue *queue)
{
    return queue->fd;
}

void scanner_queue_put(struct scanner_queue *queue, const struct scanner_event *event)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->count == SCANNER_QUEUE_EVENTS) {
        queue->dropped++;
    } else {
        queue->events[(queue->head + queue->count++) % SCANNER_QUEUE_EVENTS] = *event;
        eventfd_write(queue->fd, 1);
    }
    pthread_mutex_unlock(&queue->lock);
}

int scanner_queue_take(struct scanner_queue *queue, struct scanner_event *out, int max)
{
    int taken = 0;
    pthread_mutex_lock(&queue->lock);
    while (taken < max && queue->count) {
        out[taken++] = queue->events[queue->head];
        queue->head = (queue->head + 1) % SCANNER_QUEUE_EVENTS;
        queue->count--;
    }
    if (!queue->count) {
        eventfd_t passed;
        eventfd_read(queue->fd, &passed);
    }
    pthread_mutex_unlock(&queue->lock);
    return taken;
}

long scanner_queue_dropped(struct scanner_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    long dropped = queue->dropped;
    pthread_mutex_unlock(&queue->lock);
    return dropped;
}
