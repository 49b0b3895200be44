/* A card without Python: one chip of bare registers that notes when DR64 is written. Loaded by ctypes. */
#include <pthread.h>
#include <time.h>

#include "spi.h"

#define WRITES_MAX 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char registers[128] = {[64] = 1};
static int writes;
static long polls;
static long long written_us[WRITES_MAX];
static unsigned char written[WRITES_MAX];

static long long now_us(void *self)
{
    struct timespec now;
    (void)self;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int transfer(void *self, struct spi_op *ops, int count)
{
    pthread_mutex_lock(&lock);
    polls++;
    for (int i = 0; i < count; i++) {
        int number = ops[i].out[0] & 0x7F;
        if (ops[i].out[0] & 0x80) {
            ops[i].in[1] = number == 64 ? (unsigned char)(registers[64] * 0x11) : registers[number];
        } else {
            registers[number] = ops[i].out[1];
            if (number == 64 && writes < WRITES_MAX) {
                written_us[writes] = now_us(self);
                written[writes++] = ops[i].out[1];
            }
        }
    }
    pthread_mutex_unlock(&lock);
    return 0;
}

static int gpio_set(void *self, int line, int level)
{
    (void)self, (void)line, (void)level;
    return 0;
}

static int gpio_get(void *self, int line)
{
    (void)self, (void)line;
    return 1;
}

static void wait_us(void *self, long us)
{
    (void)self, (void)us;
}

struct spi_ops bare_card = {0, transfer, gpio_set, gpio_get, wait_us, now_us};

void bare_card_set(int number, int value)
{
    pthread_mutex_lock(&lock);
    registers[number] = (unsigned char)value;
    pthread_mutex_unlock(&lock);
}

/* Returns how many DR64 writes there were; copies times and values. */
int bare_card_writes(long long *times_us, unsigned char *values)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < writes; i++) {
        times_us[i] = written_us[i];
        values[i] = written[i];
    }
    int count = writes;
    writes = 0;
    pthread_mutex_unlock(&lock);
    return count;
}

long bare_card_polls(void)
{
    pthread_mutex_lock(&lock);
    long count = polls;
    pthread_mutex_unlock(&lock);
    return count;
}
