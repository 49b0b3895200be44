/* The recorder: see recorder.h. The engine's thread puts frames of two octets into a ring with one writer and one
 * reader; the file's thread writes them away, first the sound and then the header that counts it, so that
 * whoever is killed between the two leaves a file that is true. */
#include "recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_types.h"
#include "file_thread.h"
#include "g711.h"
#include "news.h"

#define RING 262144u          /* octets, 16 s; a power of two */
#define BLOCK_OCTETS (2 * BLOCK_SAMPLES)
#define HEADER 58
#define HEADER_EVERY 16000u   /* octets of sound: 1 s */
#define MOST_OCTETS (0xFFFFFFFFu - HEADER - RING) /* a WAV file counts in 32 bits: 74 hours */

_Static_assert(RING >= RECORDER_RING_MS * 16u, "the ring is too small");

struct recording {
    struct file_thread thread; /* first: the whole is freed through it */
    int fd;
    unsigned put, taken;     /* octets so far, modulo 2^32; put is the engine's, taken the file thread's */
    int fault;               /* errno of the file thread; nothing is written any more */
    uint32_t written, counted; /* octets of sound in the file; in its header */
    uint8_t ring[RING];
};

struct recorder {
    struct endpoint end;
    struct ear ears[2];
    struct recording *recording;
    int paused, shut;        /* shut: the pause has been faded in */
    long lost_blocks, seen_blocks, told_blocks; /* that the ring had no room for; at the last look; as told */
    int told_fault;
};

/* -- the file's thread ---------------------------------------------------------------------- */

static void put_le(uint8_t *at, uint32_t value, int octets)
{
    for (int i = 0; i < octets; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static int write_all(int fd, const uint8_t *data, size_t size, off_t at)
{
    while (size > 0) {
        ssize_t done = pwrite(fd, data, size, at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        data += done;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

static int write_header(struct recording *recording)
{
    uint8_t head[HEADER] = "RIFF....WAVEfmt ";
    put_le(head + 4, HEADER - 8 + recording->written, 4);
    put_le(head + 16, 18, 4);
    put_le(head + 20, 6, 2);          /* A-law */
    put_le(head + 22, 2, 2);          /* channels */
    put_le(head + 24, 8000, 4);
    put_le(head + 28, 16000, 4);      /* octets a second */
    put_le(head + 32, 2, 2);          /* octets a frame */
    put_le(head + 34, 8, 2);          /* bits a sample; then no extension */
    memcpy(head + 38, "fact", 4);
    put_le(head + 42, 4, 4);
    put_le(head + 46, recording->written / 2, 4);
    memcpy(head + 50, "data", 4);
    put_le(head + 54, recording->written, 4);
    recording->counted = recording->written;
    return write_all(recording->fd, head, HEADER, 0);
}

static int write_ring(struct recording *recording)
{
    unsigned put = __atomic_load_n(&recording->put, __ATOMIC_ACQUIRE);
    while (recording->taken != put) {
        unsigned at = recording->taken & (RING - 1), size = put - recording->taken;
        if (size > RING - at)
            size = RING - at;
        if (recording->written > MOST_OCTETS)
            return EFBIG;
        int fault = write_all(recording->fd, recording->ring + at, size, HEADER + (off_t)recording->written);
        if (fault)
            return fault;
        recording->written += size;
        __atomic_store_n(&recording->taken, recording->taken + size, __ATOMIC_RELEASE);
    }
    return 0;
}

static void work(struct file_thread *thread, int last)
{
    struct recording *recording = (struct recording *)thread;
    if (recording->fault)
        return;
    int fault = recording->written == 0 ? write_header(recording) : 0;
    if (!fault)
        fault = write_ring(recording);
    if (!fault && (last ? recording->counted != recording->written
                        : recording->written - recording->counted >= HEADER_EVERY))
        fault = write_header(recording);
    __atomic_store_n(&recording->fault, fault, __ATOMIC_RELEASE);
}

static void free_recording(struct file_thread *thread)
{
    close(((struct recording *)thread)->fd);
    free(thread);
}

/* -- the engine's thread ------------------------------------------------------------------ */

static void put_block(struct recorder *recorder, const uint8_t *octets)
{
    struct recording *recording = recorder->recording;
    unsigned at = recording->put & (RING - 1);
    if (RING - (recording->put - __atomic_load_n(&recording->taken, __ATOMIC_ACQUIRE)) < BLOCK_OCTETS) {
        recorder->lost_blocks++;
        return;
    }
    for (unsigned i = 0; i < BLOCK_OCTETS; i++)
        recording->ring[(at + i) & (RING - 1)] = octets[i];
    __atomic_store_n(&recording->put, recording->put + BLOCK_OCTETS, __ATOMIC_RELEASE);
}

static void recorder_give(struct endpoint *end, const struct moment *moment)
{
    struct recorder *recorder = (struct recorder *)end;
    uint8_t both[BLOCK_OCTETS], one[BLOCK_SAMPLES];
    struct sound room;
    for (int channel = 0; channel < 2; channel++) {
        const struct sound *heard = ear_hear(&recorder->ears[channel], &room, recorder->paused, moment);
        if (heard)
            sound_to_octets(heard, G711_A, one);
        else
            memset(one, g711_idle(G711_A), sizeof one);
        for (int i = 0; i < BLOCK_SAMPLES; i++)
            both[2 * i + channel] = one[i];
    }
    if (!recorder->paused || !recorder->shut)
        put_block(recorder, both);
    recorder->shut = recorder->paused;
    file_thread_step(&recorder->recording->thread);
}

static void recorder_free(struct endpoint *end)
{
    struct recorder *recorder = (struct recorder *)end;
    file_thread_close(&recorder->recording->thread);
    free(recorder);
}

struct recorder *recorder_new(int fd, int stepped)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    struct recording *recording = calloc(1, sizeof *recording);
    if (recorder && recording) {
        recording->thread.work = work;
        recording->thread.free = free_recording;
        recording->fd = fd;
        recorder->recording = recording;
        recorder->end.kind = &recorder_kind;
        ears_init(&recorder->end, recorder->ears, 2);
        if (file_thread_start(&recording->thread, stepped) == 0)
            return recorder;
    }
    free(recorder);
    free(recording);
    return NULL;
}

struct endpoint *recorder_end(struct recorder *recorder)
{
    return &recorder->end;
}

void recorder_pause(struct recorder *recorder, int on)
{
    recorder->paused = on;
}

/* Lost sound is told when it begins, and again in full when it ends. */
static void recorder_keep_house(struct endpoint *end, const struct moment *moment)
{
    struct recorder *recorder = (struct recorder *)end;
    int fault = __atomic_load_n(&recorder->recording->fault, __ATOMIC_ACQUIRE);
    long untold = recorder->lost_blocks - recorder->told_blocks;
    int ended = recorder->lost_blocks == recorder->seen_blocks;
    recorder->seen_blocks = recorder->lost_blocks;
    int news = fault ? !recorder->told_fault : untold > 0 && (ended || recorder->told_blocks == 0);
    if (!news)
        return;
    struct media_news item = {
        .kind = ENGINE_RECORDER_ERROR, .endpoint = recorder->end.id, .fault = fault, .ms = (int)untold * 5};
    news_tell(moment->news, &item);
    recorder->told_fault = fault;
    recorder->told_blocks = recorder->lost_blocks;
}

const struct endpoint_kind recorder_kind = {
    .give = recorder_give, .keep_house = recorder_keep_house, .free = recorder_free};
