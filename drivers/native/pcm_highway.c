#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "highway.h"
#include "pcm_shm.h"
#include "pcm_highway.h"
#include "clock_drift.h"

#define BLOCK_US 5000.0
#define DRIFT_WINDOW_BLOCKS 800 /* 4 s */
#define LAG_MAX 14              /* a block stays readable while 16 more begin; two to be safe */
#define WRITE_AHEAD 2           /* block r is read while r+1 is on the wire, and r+2 written */

struct pcm_highway {
    struct highway face;
    struct pcm_shm *shm;
    int shm_fd;
    uint32_t next; /* block to read next */
    uint32_t seen; /* `done` at the last look */
    int begun;     /* begin_block has been called: from then on lateness counts */
    long slips;
    struct clock_drift drift;
};

static uint32_t blocks_done(struct pcm_highway *pcm)
{
    return __atomic_load_n(&pcm->shm->done, __ATOMIC_ACQUIRE);
}

static double monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int begin_block(void *self)
{
    struct pcm_highway *pcm = self;
    eventfd_t passed;
    eventfd_read(pcm->face.clock_fd, &passed); /* before the look: a block that ends after it makes it readable again */
    uint32_t done = blocks_done(pcm);
    if (done != pcm->seen) {
        clock_drift_feed(&pcm->drift, (int)(done - pcm->seen), monotonic_us());
        pcm->seen = done;
    }
    if (!pcm->begun && done != pcm->next)
        pcm->next = done - 1;
    pcm->begun = 1;
    uint32_t lag = done - pcm->next;
    if (lag == 0)
        return 0;
    if (lag > LAG_MAX) {
        pcm->slips += lag - 1;
        pcm->next = done - 1;
    } else if (lag > 1) {
        pcm->slips++; /* what is written now comes when its block has begun or passed */
    }
    pcm->next++;
    return 1;
}

static void read_slot(void *self, int slot, unsigned char *out)
{
    struct pcm_highway *pcm = self;
    if (slot < 0 || slot >= PCM_SHM_SLOTS)
        return;
    memcpy(out, pcm->shm->rx[(pcm->next - 1) % PCM_SHM_BLOCKS][slot], PCM_SHM_SAMPLES);
}

static void write_slot(void *self, int slot, const unsigned char *in)
{
    struct pcm_highway *pcm = self;
    uint32_t block = pcm->next - 1 + WRITE_AHEAD;
    if (slot < 0 || slot >= PCM_SHM_SLOTS || (int32_t)(block - blocks_done(pcm)) < 0)
        return;
    unsigned char *valid = &pcm->shm->tx_valid[block % PCM_SHM_BLOCKS][slot];
    memcpy(pcm->shm->tx[block % PCM_SHM_BLOCKS][slot], in, PCM_SHM_SAMPLES);
    __atomic_store_n(valid, 1, __ATOMIC_RELEASE);
    /* A mark left in a block that has just passed would play these octets again 80 ms later. */
    if ((int32_t)(block - blocks_done(pcm)) < 0)
        __atomic_store_n(valid, 0, __ATOMIC_RELEASE);
}

static long slips(void *self)
{
    return ((struct pcm_highway *)self)->slips;
}

static double drift_ppm(void *self)
{
    return clock_drift_ppm(&((struct pcm_highway *)self)->drift);
}

static int map(struct pcm_highway *pcm)
{
    struct stat status;
    if (fstat(pcm->shm_fd, &status) < 0)
        return -errno;
    if (status.st_size < (off_t)sizeof *pcm->shm)
        return -EPROTO;
    void *memory = mmap(NULL, sizeof *pcm->shm, PROT_READ | PROT_WRITE, MAP_SHARED, pcm->shm_fd, 0);
    if (memory == MAP_FAILED)
        return -errno;
    pcm->shm = memory;
    const struct pcm_shm *shm = memory;
    int ours = shm->magic == PCM_SHM_MAGIC && shm->version == PCM_SHM_VERSION && shm->slots == PCM_SHM_SLOTS &&
               shm->blocks == PCM_SHM_BLOCKS;
    return ours ? 0 : -EPROTO;
}

struct pcm_highway *pcm_highway_new(int shm_fd, int clock_fd, int *error)
{
    struct pcm_highway *pcm = calloc(1, sizeof *pcm);
    if (!pcm) {
        *error = -ENOMEM;
        close(shm_fd);
        close(clock_fd);
        return NULL;
    }
    pcm->shm_fd = shm_fd;
    pcm->face.clock_fd = clock_fd;
    *error = map(pcm);
    if (*error < 0) {
        pcm_highway_free(pcm);
        return NULL;
    }
    pcm->face = (struct highway){pcm,       PCM_SHM_SLOTS, (int)pcm->shm->law, clock_fd, begin_block,
                                 read_slot, write_slot,    slips,              drift_ppm};
    pcm->next = pcm->seen = blocks_done(pcm);
    clock_drift_start(&pcm->drift, BLOCK_US, DRIFT_WINDOW_BLOCKS);
    return pcm;
}

void pcm_highway_free(struct pcm_highway *pcm)
{
    if (!pcm)
        return;
    if (pcm->shm)
        munmap(pcm->shm, sizeof *pcm->shm);
    close(pcm->shm_fd);
    close(pcm->face.clock_fd);
    free(pcm);
}

struct highway *pcm_highway_face(struct pcm_highway *pcm)
{
    return &pcm->face;
}
