/* The engine with the n-th allocation, or the n-th thread, refused, for every n: linked with --wrap=calloc,
 * --wrap=pthread_create and so on, under the address sanitizer, which also finds what leaks.
 * `test_media_memory` prints how many places can fail; a crash, a leak or a wrong answer ends it with a status. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "g711.h"
#include "g722.h"
#include "highway_types.h"
#include "tone.h"

#include "engine.h"

static int left; /* allocations until one fails; 0: none fails */

static int fails(void)
{
    return left > 0 && --left == 0;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *kind, void *(*run)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *kind, void *(*run)(void *), void *context)
{
    return fails() ? EAGAIN : __real_pthread_create(thread, kind, run, context);
}

/* What the libraries allocate: making a coder, decoder or resampler fails as a whole. */
void *__real_g722_decode_init(void *state, int rate, int options);
void *__wrap_g722_decode_init(void *state, int rate, int options)
{
    return !state && fails() ? NULL : __real_g722_decode_init(state, rate, options);
}

void *__real_g722_encode_init(void *state, int rate, int options);
void *__wrap_g722_encode_init(void *state, int rate, int options)
{
    return !state && fails() ? NULL : __real_g722_encode_init(state, rate, options);
}

void *__real_speex_resampler_init(unsigned channels, unsigned in_hz, unsigned out_hz, int quality, int *error);
void *__wrap_speex_resampler_init(unsigned channels, unsigned in_hz, unsigned out_hz, int quality, int *error)
{
    return fails() ? NULL : __real_speex_resampler_init(channels, in_hz, out_hz, quality, error);
}

void *__real_speex_echo_state_init(int frame, int taps);
void *__wrap_speex_echo_state_init(int frame, int taps)
{
    return fails() ? NULL : __real_speex_echo_state_init(frame, taps);
}

void *__real_modem_connect_tones_rx_init(void *state, int type, void *note, void *context);
void *__wrap_modem_connect_tones_rx_init(void *state, int type, void *note, void *context)
{
    return fails() ? NULL : __real_modem_connect_tones_rx_init(state, type, note, context);
}

static int blocked;
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t size, off_t at)
{
    while (__atomic_load_n(&blocked, __ATOMIC_ACQUIRE))
        usleep(1000);
    return __real_pwrite(fd, data, size, at);
}

static int due;
static int begin(void *self)
{
    (void)self;
    return due-- > 0;
}
static void card_read(void *self, int slot, unsigned char *out)
{
    (void)self;
    for (int i = 0; i < HIGHWAY_BLOCK_SAMPLES; i++)
        out[i] = (unsigned char)(slot * 40 + i);
}
static void card_write(void *self, int slot, const unsigned char *in)
{
    (void)self;
    (void)slot;
    (void)in;
}
static long slips(void *self)
{
    (void)self;
    return 0;
}
static double drift(void *self)
{
    (void)self;
    return 0;
}

static void expect(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(3);
}

/* A refused file stays the caller's: closing it must work. */
static int open_file(struct engine *engine, int recorder)
{
    struct media_file file = {.fd = memfd_create("sound", 0), .octets = 4000, .rate = 16000, .channels = 1, .loop = 1};
    if (ftruncate(file.fd, 4000) != 0)
        abort();
    int id = recorder ? engine_open_recorder(engine, file.fd) : engine_open_player(engine, &file);
    if (id < 0)
        expect(close(file.fd) == 0, "a refused file was closed");
    return id;
}

static void live(struct engine *engine)
{
    static const uint8_t here[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    int ids[] = {engine_open_slot(engine, 0), engine_open_stream(engine, here), engine_open_mixer(engine),
                 open_file(engine, 0), open_file(engine, 1)};
    for (int i = 0; i < 5; i++)
        expect(ids[i] > 0 || ids[i] == -ENOMEM, "an open that fails says -ENOMEM");
    engine_set_codec(engine, ids[1], 8, G711_A, 101, 20, 0);
    int spoken = engine_set_codec(engine, ids[1], 9, G722, 101, 20, 0);
    expect(spoken == 0 || spoken == (ids[1] > 0 ? -ENOMEM : -ENOENT), "a codec without memory says -ENOMEM");
    int echo = engine_set_echo(engine, ids[0], 64);
    expect(echo == 0 || echo == (ids[0] > 0 ? -ENOMEM : -ENOENT), "an echo canceller without memory says -ENOMEM");
    int watched = engine_watch_modems(engine, ids[0], 1);
    expect(watched == 0 || watched == (ids[0] > 0 ? -ENOMEM : -ENOENT), "a watch without memory says -ENOMEM");
    engine_set_remote(engine, ids[1], here, 9, here);
    for (int i = 0; i < 2; i++) {
        int data = i == 0 ? ENGINE_HEAR_V23 : ENGINE_HEAR_DTMF_DATA;
        int listens = engine_listen_signals(engine, ids[i], ENGINE_HEAR_MODEMS | ENGINE_HEAR_PROGRESS | data);
        expect(listens == 0 || listens == -ENOMEM || ids[i] < 0, "listening without memory says -ENOMEM");
    }
    engine_join(engine, ids[0], ids[2]);
    engine_join(engine, ids[1], ids[2]);
    engine_listen(engine, ids[2], ids[3]);
    engine_record(engine, ids[4], 0, ids[0]);
    engine_record(engine, ids[4], 1, ids[2]);
    for (int block = 1; block <= 20; block++) {
        due = 1;
        engine_tick(engine, block * 5000LL);
    }
    for (int i = 0; i < 5; i += 2)
        engine_close(engine, ids[i]);
}

static int scenario(int stepped)
{
    struct highway card = {.slots = 4, .law = HIGHWAY_LAW_A, .clock_fd = -1, .begin_block = begin,
                           .read = card_read, .write = card_write, .slips = slips, .drift_ppm = drift};
    struct engine *engine = engine_new((long long)(intptr_t)&card, 47000, 47019, stepped, 7, 1000);
    if (!engine)
        return 0;
    int started = stepped ? 0 : engine_start(engine);
    expect(started == 0 || started == -EAGAIN, "a start that fails says why");
    live(engine);
    engine_free(engine);
    return 1;
}

static long recorded_ms(int fd)
{
    struct stat size;
    fstat(fd, &size);
    return (long)(size.st_size - 58) / 16;
}

/* `ms` of blocks as fast as they can be made; returns how much sound the recorder says is lost. */
static long pass(struct engine *engine, long long *now_us, int ms)
{
    struct media_news news[64];
    long lost = 0;
    for (long long end = *now_us + ms * 1000LL; *now_us < end;) {
        due = 1;
        engine_tick(engine, *now_us += 5000);
        for (int told = engine_drain(engine, news, 64); told > 0; told--) {
            expect(news[told - 1].kind == ENGINE_RECORDER_ERROR && news[told - 1].fault == 0, "no other news");
            lost += news[told - 1].ms;
        }
    }
    return lost;
}

/* Nothing is lost in 10 s; of 30 s, what is lost and what is recorded make up the whole. */
static void overflow(void)
{
    struct highway card = {.slots = 4, .law = HIGHWAY_LAW_A, .clock_fd = -1, .begin_block = begin,
                           .read = card_read, .write = card_write, .slips = slips, .drift_ppm = drift};
    struct engine *engine = engine_new((long long)(intptr_t)&card, 47000, 47019, 0, 7, 1000);
    int file = memfd_create("recording", 0), kept = dup(file);
    long long now_us = 0;
    blocked = 1;
    int slot = engine_open_slot(engine, 0), recorder = engine_open_recorder(engine, file);
    engine_record(engine, recorder, 0, slot);
    expect(pass(engine, &now_us, 10000) == 0, "sound was lost within 10 s");
    long lost = pass(engine, &now_us, 20000);
    expect(lost > 0, "a full ring was not told");
    __atomic_store_n(&blocked, 0, __ATOMIC_RELEASE);
    for (int tries = 0; recorded_ms(kept) < 10000 && tries < 20000; tries++)
        usleep(1000);
    lost += pass(engine, &now_us, 2000);
    engine_close(engine, recorder);
    engine_free(engine);
    expect(lost + recorded_ms(kept) == 32000, "what is lost and what is recorded make up the whole");
    close(kept);
}

int main(void)
{
    int places = 0;
    for (int stepped = 0; stepped < 2; stepped++) {
        for (int n = 1;; n++, places++) {
            left = n;
            int whole = scenario(stepped);
            if (left > 0) { /* nothing was refused any more */
                expect(whole, "without a refusal all is opened");
                break;
            }
        }
        left = 0;
    }
    overflow();
    printf("%d places\n", places);
    return 0;
}
