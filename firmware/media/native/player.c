/* The player: see player.h. The file's thread reads ahead into a ring of 8 kHz linear samples, 4 s; the
 * engine's thread takes blocks out of it. A seek is asked for by number: what the ring holds is of the old place until
 * the reader has answered with that number. */
#include "player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_types.h"
#include "file_thread.h"
#include "g711.h"
#include "news.h"
#include "resample.h"

#define RING 32768u          /* samples, 4 s; a power of two */
#define PIECE 512            /* samples made at a time */
#define FRAME_MOST 4         /* octets */

struct playing {
    struct file_thread thread; /* first: the whole is freed through it */
    struct media_file file;
    struct resample *resample; /* NULL: the file has 8 kHz */
    long long at;            /* octets of the sound read */
    unsigned put, taken;     /* samples so far, modulo 2^32; put is the file thread's, taken the engine's */
    int ended;               /* nothing comes after what is in the ring */
    int fault;               /* errno of the file thread */
    int asked, answered;     /* number of the last seek */
    int seek_ms;
    unsigned answer_put;     /* samples put before the answer */
    int16_t ring[RING];
};

struct player {
    struct endpoint end;
    struct playing *playing;
    int paused, open;        /* open: the last block was heard in full */
    int seeking, told_end;
};

/* -- the file's thread ---------------------------------------------------------------------- */

static int frame_octets(const struct media_file *file)
{
    return file->channels * (file->encoding == MEDIA_LINEAR ? 2 : 1);
}

static int16_t sample_of(const struct media_file *file, const uint8_t *at)
{
    if (file->encoding == MEDIA_LINEAR)
        return (int16_t)(at[0] | at[1] << 8);
    return g711_decode(file->encoding == MEDIA_A ? G711_A : G711_U, *at);
}

/* The next samples at the file's rate, filled up with silence at its end. Returns how many there were. */
static int read_frames(struct playing *playing, int16_t *pcm, int count)
{
    struct media_file *file = &playing->file;
    uint8_t raw[2 * PIECE * FRAME_MOST];
    int frame = frame_octets(file), width = frame / file->channels;
    long long left = file->octets - playing->at, want = (long long)count * frame;
    ssize_t got = pread(file->fd, raw, (size_t)(want < left ? want : left), file->offset + playing->at);
    if (got < 0 && errno == EINTR)
        return read_frames(playing, pcm, count);
    if (got < 0)
        playing->fault = errno;
    if (got == 0)
        file->octets = playing->at; /* at its end, or cut short since it was opened */
    int frames = got > 0 ? (int)got / frame : 0;
    playing->at += (long long)frames * frame;
    for (int i = 0; i < frames; i++) {
        const uint8_t *at = raw + i * frame;
        pcm[i] = sample_of(file, at);
        if (file->channels == 2)
            pcm[i] = (int16_t)((pcm[i] + sample_of(file, at + width)) / 2);
    }
    memset(pcm + frames, 0, sizeof(int16_t) * (size_t)(count - frames));
    return frames;
}

/* One piece into the ring. Returns 0 when the sound has ended. */
static int read_piece(struct playing *playing)
{
    int16_t pcm[2 * PIECE], narrow[PIECE];
    int wide = playing->resample != NULL, want = wide ? 2 * PIECE : PIECE;
    int got = read_frames(playing, pcm, want);
    if (got < want && playing->file.loop && playing->at > 0 && playing->at == playing->file.octets) {
        /* no gap: the start follows */
        playing->at = 0;
        got += read_frames(playing, pcm + got, want - got);
    }
    const int16_t *out = pcm;
    if (wide) {
        resample_run(playing->resample, pcm, narrow, PIECE);
        out = narrow;
    }
    int made = wide ? (got + 1) / 2 : got;
    for (int i = 0; i < made; i++)
        playing->ring[(playing->put + (unsigned)i) & (RING - 1)] = out[i];
    __atomic_store_n(&playing->put, playing->put + (unsigned)made, __ATOMIC_RELEASE);
    return got > 0;
}

static void answer_seek(struct playing *playing)
{
    int asked = __atomic_load_n(&playing->asked, __ATOMIC_ACQUIRE);
    if (asked == playing->answered)
        return;
    long long frames = (long long)__atomic_load_n(&playing->seek_ms, __ATOMIC_RELAXED) * playing->file.rate / 1000;
    playing->at = frames * frame_octets(&playing->file);
    if (playing->at > playing->file.octets)
        playing->at = playing->file.octets;
    if (playing->resample)
        resample_reset(playing->resample);
    playing->answer_put = playing->put;
    __atomic_store_n(&playing->ended, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&playing->answered, asked, __ATOMIC_RELEASE);
}

static void work(struct file_thread *thread, int last)
{
    struct playing *playing = (struct playing *)thread;
    while (!last) {
        answer_seek(playing);
        unsigned there = playing->put - __atomic_load_n(&playing->taken, __ATOMIC_ACQUIRE);
        if (playing->ended || RING - there < PIECE)
            return;
        if (!read_piece(playing))
            __atomic_store_n(&playing->ended, 1, __ATOMIC_RELEASE);
    }
}

static void free_playing(struct file_thread *thread)
{
    struct playing *playing = (struct playing *)thread;
    close(playing->file.fd);
    resample_free(playing->resample);
    free(playing);
}

/* -- the engine's thread ------------------------------------------------------------------ */

/* The next samples out of the ring. Returns how many there were. */
static int take_samples(struct playing *playing, int16_t *pcm)
{
    unsigned there = __atomic_load_n(&playing->put, __ATOMIC_ACQUIRE) - playing->taken;
    unsigned count = there < BLOCK_SAMPLES ? there : BLOCK_SAMPLES;
    for (unsigned i = 0; i < count; i++)
        pcm[i] = playing->ring[(playing->taken + i) & (RING - 1)];
    __atomic_store_n(&playing->taken, playing->taken + count, __ATOMIC_RELEASE);
    return (int)count;
}

/* Leaves the old place behind. Returns 1 once the new one can be played. */
static int arrived(struct player *player)
{
    struct playing *playing = player->playing;
    if (!player->seeking)
        return 1;
    if (player->open || __atomic_load_n(&playing->answered, __ATOMIC_ACQUIRE) != playing->asked)
        return 0;
    __atomic_store_n(&playing->taken, playing->answer_put, __ATOMIC_RELEASE);
    player->seeking = 0;
    file_thread_wake(&playing->thread); /* there is room now */
    file_thread_step(&playing->thread);
    return 1;
}

static void tell_end(struct player *player, const struct moment *moment)
{
    struct media_news item = {
        .kind = ENGINE_PLAYER_ENDED, .endpoint = player->end.id, .fault = player->playing->fault};
    if (!player->told_end)
        news_tell(moment->news, &item);
    player->told_end = 1;
}

static void player_take(struct endpoint *end, const struct moment *moment)
{
    struct player *player = (struct player *)end;
    struct playing *playing = player->playing;
    struct sound *sound = &end->sound;
    file_thread_step(&playing->thread);
    int ended = __atomic_load_n(&playing->ended, __ATOMIC_ACQUIRE);
    int plays = !player->paused && arrived(player) && !player->seeking, was = player->open;
    int count = plays || was ? take_samples(playing, sound->pcm) : 0;
    memset(sound->pcm + count, 0, sizeof sound->pcm - sizeof(int16_t) * (size_t)count);
    sound->samples = BLOCK_SAMPLES;
    sound->silent = count == 0;
    player->open = plays && count > 0;
    if (count > 0 && plays != was)
        sound_ramp(sound->pcm, BLOCK_SAMPLES, was, plays);
    if (plays && ended && count < BLOCK_SAMPLES)
        tell_end(player, moment);
}

static void player_free(struct endpoint *end)
{
    file_thread_close(&((struct player *)end)->playing->thread);
    free(end);
}

struct player *player_new(const struct media_file *file, int stepped)
{
    struct player *player = calloc(1, sizeof *player);
    struct playing *playing = calloc(1, sizeof *playing);
    if (playing && file->rate == 16000)
        playing->resample = resample_new(RESAMPLE_HALVE);
    if (player && playing && (file->rate == 8000 || playing->resample)) {
        playing->thread.work = work;
        playing->thread.free = free_playing;
        playing->file = *file;
        player->playing = playing;
        player->end.kind = &player_kind;
        if (file_thread_start(&playing->thread, stepped) == 0)
            return player;
    }
    if (playing)
        resample_free(playing->resample);
    free(playing);
    free(player);
    return NULL;
}

struct endpoint *player_end(struct player *player)
{
    return &player->end;
}

void player_pause(struct player *player, int on)
{
    player->paused = on;
}

void player_seek(struct player *player, int ms)
{
    struct playing *playing = player->playing;
    player->seeking = 1;
    player->told_end = 0;
    __atomic_store_n(&playing->seek_ms, ms, __ATOMIC_RELAXED);
    __atomic_store_n(&playing->asked, playing->asked + 1, __ATOMIC_RELEASE);
    file_thread_wake(&playing->thread);
}

const struct endpoint_kind player_kind = {.take = player_take, .looks_ahead = 1, .free = player_free};
