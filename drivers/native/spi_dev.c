#include <errno.h>
#include <linux/spi/spidev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "spi.h"
#include "spi_dev.h"

#define NO_FD (-1)

struct spi_dev {
    struct spi_ops ops;
    pthread_mutex_t lock;
    int fds[SPI_DEV_MAX_CS];
    atomic_int interrupt; /* level, or -ENOTSUP when no such line was told of */
    struct spi_ioc_transfer segments[SPI_DEV_SEGMENTS];
};

static int valid(const struct spi_dev *dev, const struct spi_op *op)
{
    return op->cs < SPI_DEV_MAX_CS && dev->fds[op->cs] != NO_FD && op->count >= 1 && op->count <= SPI_OP_MAX;
}

static int add_segments(struct spi_ioc_transfer *segments, struct spi_op *op)
{
    for (int i = 0; i < op->count; i++)
        segments[i] = (struct spi_ioc_transfer){
            .tx_buf = (uintptr_t)&op->out[i],
            .rx_buf = (uintptr_t)&op->in[i],
            .len = 1,
            .cs_change = 1,
        };
    return op->count;
}

/* Sends as many accesses to one chip select as fit into an ioctl. Returns how many, or -errno. */
static int send_some(struct spi_dev *dev, struct spi_op *ops, int count)
{
    int octets = 0, sent = 0;
    for (; sent < count && ops[sent].cs == ops[0].cs; sent++) {
        if (!valid(dev, &ops[sent]))
            return -EINVAL;
        if (octets + ops[sent].count > SPI_DEV_SEGMENTS)
            break;
        octets += add_segments(&dev->segments[octets], &ops[sent]);
    }
    /* On the last segment cs_change would mean the opposite: leave the chip selected. */
    dev->segments[octets - 1].cs_change = 0;
    return ioctl(dev->fds[ops[0].cs], SPI_IOC_MESSAGE(octets), dev->segments) < 0 ? -errno : sent;
}

static int dev_transfer(void *self, struct spi_op *ops, int count)
{
    struct spi_dev *dev = self;
    int result = count < 1 ? -EINVAL : 0;
    pthread_mutex_lock(&dev->lock);
    for (int done = 0; result >= 0 && done < count; done += result)
        result = valid(dev, &ops[done]) ? send_some(dev, &ops[done], count - done) : -EINVAL;
    pthread_mutex_unlock(&dev->lock);
    return result < 0 ? result : 0;
}

static int dev_gpio_set(void *self, int line, int level)
{
    (void)self, (void)line, (void)level;
    return -ENOTSUP;
}

static int dev_gpio_get(void *self, int line)
{
    struct spi_dev *dev = self;
    return line == SPI_GPIO_INT ? atomic_load(&dev->interrupt) : -ENOTSUP;
}

void spi_dev_tell_interrupt(struct spi_dev *dev, int level)
{
    atomic_store(&dev->interrupt, level);
}

static void dev_wait_us(void *self, long us)
{
    (void)self;
    struct timespec left = {us / 1000000, us % 1000000 * 1000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static long long dev_now_us(void *self)
{
    (void)self;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

struct spi_dev *spi_dev_new(void)
{
    struct spi_dev *dev = calloc(1, sizeof *dev);
    if (!dev)
        return NULL;
    pthread_mutex_init(&dev->lock, NULL);
    for (int cs = 0; cs < SPI_DEV_MAX_CS; cs++)
        dev->fds[cs] = NO_FD;
    atomic_init(&dev->interrupt, -ENOTSUP);
    dev->ops = (struct spi_ops){dev, dev_transfer, dev_gpio_set, dev_gpio_get, dev_wait_us, dev_now_us};
    return dev;
}

void spi_dev_free(struct spi_dev *dev)
{
    if (!dev)
        return;
    pthread_mutex_destroy(&dev->lock);
    free(dev);
}

int spi_dev_add(struct spi_dev *dev, int cs, int fd)
{
    if (cs < 0 || cs >= SPI_DEV_MAX_CS || fd < 0)
        return -EINVAL;
    dev->fds[cs] = fd;
    return 0;
}

struct spi_ops *spi_dev_ops(struct spi_dev *dev)
{
    return &dev->ops;
}
