/* Threads for files: see file_thread.h. */
#define _GNU_SOURCE
#include "file_thread.h"

#include <errno.h>
#include <time.h>

#define ROUND_NS 250000000
#define STACK_OCTETS (128 * 1024)

static pthread_mutex_t count_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t count_falls = PTHREAD_COND_INITIALIZER;
static int count;

static struct timespec from_now(clockid_t clock, long long ns)
{
    struct timespec at;
    clock_gettime(clock, &at);
    ns += at.tv_nsec;
    at.tv_sec += (time_t)(ns / 1000000000);
    at.tv_nsec = (long)(ns % 1000000000);
    return at;
}

static void count_by(int change)
{
    pthread_mutex_lock(&count_mutex);
    count += change;
    pthread_cond_broadcast(&count_falls);
    pthread_mutex_unlock(&count_mutex);
}

/* Sleeps until something is to do. Returns 1 when the node is gone. */
static int rest(struct file_thread *self)
{
    struct timespec until = from_now(CLOCK_MONOTONIC, ROUND_NS);
    int passed = 0;
    pthread_mutex_lock(&self->mutex);
    while (!self->woken && !self->closing && !passed)
        passed = pthread_cond_clockwait(&self->wake, &self->mutex, CLOCK_MONOTONIC, &until);
    self->woken = 0;
    int last = self->closing;
    pthread_mutex_unlock(&self->mutex);
    return last;
}

static void *run(void *context)
{
    struct file_thread *self = context;
    int last = 0;
    for (;;) {
        self->work(self, last);
        if (last)
            break;
        last = rest(self);
    }
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    self->free(self);
    count_by(-1);
    return NULL;
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

int file_thread_start(struct file_thread *self, int stepped)
{
    if (stepped)
        return 0;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return -ENOMEM;
    pthread_attr_setstacksize(&attributes, STACK_OCTETS);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    init_mutex(&self->mutex);
    pthread_cond_init(&self->wake, NULL);
    self->runs = 1;
    count_by(1);
    int failed = pthread_create(&self->thread, &attributes, run, self);
    pthread_attr_destroy(&attributes);
    if (!failed)
        return 0;
    count_by(-1);
    self->runs = 0;
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->mutex);
    return -failed;
}

/* The thread may free everything as soon as the mutex is free. */
static void tell(struct file_thread *self, int *flag)
{
    pthread_mutex_lock(&self->mutex);
    *flag = 1;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
}

void file_thread_wake(struct file_thread *self)
{
    if (self->runs)
        tell(self, &self->woken);
}

void file_thread_step(struct file_thread *self)
{
    if (!self->runs)
        self->work(self, 0);
}

void file_thread_close(struct file_thread *self)
{
    if (self->runs) {
        tell(self, &self->closing);
        return;
    }
    self->work(self, 1);
    self->free(self);
}

void file_threads_wait(int ms)
{
    struct timespec until = from_now(CLOCK_REALTIME, ms * 1000000LL);
    pthread_mutex_lock(&count_mutex);
    while (count > 0 && pthread_cond_timedwait(&count_falls, &count_mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&count_mutex);
}
