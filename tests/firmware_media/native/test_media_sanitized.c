/* Mutation fuzz of the media engine under address and undefined-behaviour sanitizers: RTP, RTCP and
 * event packets into a stepped engine with a card, the jitter buffer, the DTMF listener, tones.
 * `test_media_sanitized SEED ROUNDS` prints a line of counts; any finding ends it with a status. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dtmf_rx.h"
#include "echo.h"
#include "g711.h"
#include "g722.h"
#include "highway_types.h"
#include "jitter.h"
#include "tone.h"
#include "fsk.h"

#include "engine.h"

#define NODES 9

/* none, two of IPv4 and one of IPv6 */
static const uint8_t ips[4][16] = {
    {0}, {[10] = 0xff, 0xff, 10, 0, 0, 1}, {[10] = 0xff, 0xff, 10, 0, 0, 2}, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
static uint64_t state;
static unsigned dice(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
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
    (void)slot;
    for (int i = 0; i < HIGHWAY_BLOCK_SAMPLES; i++)
        out[i] = (unsigned char)dice(256);
}
static void card_write(void *self, int slot, const unsigned char *in)
{
    volatile unsigned char sum = 0;
    (void)self;
    (void)slot;
    for (int i = 0; i < HIGHWAY_BLOCK_SAMPLES; i++)
        sum = (unsigned char)(sum + in[i]);
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

/* A packet near enough to sense: RTP, events or RTCP, then some octets turned. Allocated to size, so that
 * a read past the end is seen. */
static uint8_t *packet(int round, int *size)
{
    static const uint8_t types[] = {8, 0, 101, 13, 200, 201, 136, 229};
    *size = dice(8) ? (int)dice(200) : (int)dice(2000);
    uint8_t *data = malloc((size_t)*size + 1);
    for (int i = 0; i < *size; i++)
        data[i] = (uint8_t)dice(256);
    uint8_t head[12] = {0x80, types[dice(8)], (uint8_t)(round >> 8), (uint8_t)round, 0, (uint8_t)(round * 160 >> 16),
                        (uint8_t)(round * 160 >> 8), (uint8_t)(round * 160), 1, 2, 3, 4};
    if (dice(4))
        memcpy(data, head, *size < 12 ? (size_t)*size : 12);
    if (head[1] >= 200 && *size > 4) {
        data[2] = 0;
        data[3] = (uint8_t)(*size / 4 - 1);
    }
    for (unsigned turns = dice(4); turns > 0 && *size > 0; turns--)
        data[dice((unsigned)*size)] = (uint8_t)dice(256);
    return data;
}

/* Data of up to 300 bits, or none, or more than a clip may have. */
static void play_clip(struct engine *engine, int id)
{
    uint8_t bits[300];
    int16_t pcm[2000];
    int count = (int)dice(sizeof bits + 1);
    for (int i = 0; i < count; i++)
        bits[i] = (uint8_t)dice(2);
    fsk_render(bits, count, 1200, 2200, (double)dice(40) - 30, pcm);
    engine_play_clip(engine, id, pcm, dice(9) ? fsk_samples(count) : (int)dice(2) ? -1 : ENGINE_CLIP_SAMPLES + 1);
}

static void command(struct engine *engine, const int *ids)
{
    struct tone_spec spec;
    int id = ids[dice(NODES)];
    switch (dice(20)) {
    case 0: engine_join(engine, id, ids[dice(NODES)]); break;
    case 1: engine_part(engine, id); break;
    case 2: engine_play_digit(engine, id, "1A#x"[dice(4)], (int)dice(300)); break;
    case 3: engine_send_digit(engine, id, "1A#x"[dice(4)], (int)dice(300)); break;
    case 4:
        engine_listen_digits(engine, id, (int)dice(2));
        engine_listen_signals(engine, id, (int)dice(32));
        engine_set_digits(engine, id, (int)dice(5) - 1);
        break;
    case 5:
        engine_set_codec(engine, id, 8, (int)dice(4), dice(3) ? 101 : -1, 5 * (int)dice(14), (int)dice(2));
        engine_set_rtcp(engine, id, (int)dice(70000), (int)dice(2));
        break;
    case 6: engine_set_direction(engine, id, (int)dice(2), (int)dice(2)); break;
    case 7: engine_relearn(engine, id); break;
    case 8:
        engine_set_remote(engine, id, dice(4) ? ips[1 + dice(3)] : ips[0], (int)dice(70000), ips[dice(4)]);
        break;
    case 9: engine_stop_tone(engine, id); break;
    case 10: engine_listen(engine, id, ids[dice(NODES)]); break;
    case 12: engine_record(engine, id, (int)dice(3), ids[dice(NODES)]); break;
    case 13: engine_pause(engine, id, (int)dice(2)); break;
    case 14: engine_seek(engine, id, (int)dice(2000)); break;
    case 15: engine_set_jitter(engine, id, (int)dice(400) - 50); break;
    case 16: engine_set_echo(engine, id, dice(2) ? 32 + (int)dice(98) : (int)dice(200) - 50); break;
    case 17: engine_watch_modems(engine, id, (int)dice(3) > 0); break;
    case 18: play_clip(engine, id); break;
    case 11: engine_mute(engine, id, ids[dice(NODES)], (int)dice(2)); break;
    default:
        for (unsigned i = 0; i < sizeof spec; i++)
            ((uint8_t *)&spec)[i] = (uint8_t)dice(256);
        if (dice(2))
            tone_digit(&spec, '5', (int)dice(500));
        engine_play_tone(engine, id, &spec);
    }
}

/* A player of 0.2 s of anything, in any form. */
static int open_player(struct engine *engine)
{
    uint8_t sound[4000];
    struct media_file file = {.fd = memfd_create("sound", 0), .offset = 44, .octets = 1600 + 4 * dice(500),
                              .encoding = (int)dice(3), .rate = 8000 << dice(2), .channels = 1 + (int)dice(2),
                              .loop = (int)dice(2)};
    for (unsigned i = 0; i < sizeof sound; i++)
        sound[i] = (uint8_t)dice(256);
    if (write(file.fd, sound, sizeof sound - dice(2000)) < 0)
        abort();
    return engine_open_player(engine, &file);
}

/* Three slots, three streams, a mixer, a player, a recorder. */
static int open_node(struct engine *engine, int at)
{
    if (at < 3)
        return engine_open_slot(engine, at);
    if (at < 6)
        return engine_open_stream(engine, ips[1 + dice(3)]);
    return at == 6 ? engine_open_mixer(engine)
           : at == 7 ? open_player(engine) : engine_open_recorder(engine, memfd_create("recording", 0));
}

static void fuzz_engine(int rounds)
{
    struct highway card = {.slots = 4, .law = (int)dice(2), .clock_fd = -1, .begin_block = begin,
                           .read = card_read, .write = card_write, .slips = slips, .drift_ppm = drift};
    struct engine *engine = engine_new((long long)(intptr_t)&card, 10000, 10019, 1, 7, 1000);
    int ids[NODES], id, port, told = 0, sent = 0;
    uint8_t out[2048];
    uint8_t ip[16];
    struct media_news news[64];
    struct media_stats stats;
    for (int i = 0; i < NODES; i++)
        ids[i] = open_node(engine, i);
    for (int i = 3; i < 6; i++) {
        engine_set_codec(engine, ids[i], 8, i % 3, 101, 20, i == 4);
        engine_set_remote(engine, ids[i], ips[1], 4000, ips[0]);
    }
    for (int round = 0; round < rounds; round++) {
        int size;
        uint8_t *data = packet(round, &size);
        engine_packet_in(engine, ids[3 + dice(3)], ips[dice(20) ? 1 : 1 + dice(3)], dice(30) ? 4000 : 4002, data, size,
                         round * 5000LL);
        free(data);
        if (dice(10) == 0)
            command(engine, ids);
        due = 1;
        engine_tick(engine, round * 5000LL);
        while (engine_packet_out(engine, &id, ip, &port, out, sizeof out) >= 0)
            sent++;
        told += engine_drain(engine, news, 64);
        engine_stats(engine, ids[3 + dice(3)], &stats);
        if (dice(500) == 0) {
            int at = (int)dice(NODES);
            engine_close(engine, ids[at]);
            ids[at] = open_node(engine, at);
        }
    }
    engine_free(engine);
    printf("%d sent, %d told\n", sent, told);
}

static void fuzz_parts(int rounds)
{
    struct jitter *jitter = jitter_new();
    struct dtmf_rx *rx = dtmf_rx_new();
    struct tone *tone = tone_new();
    struct tone_spec spec;
    uint8_t octets[1500];
    int16_t pcm[160];
    char digits[4];
    for (int round = 0; round < rounds; round++) {
        uint32_t stamp = dice(50) ? (uint32_t)round * 160 + dice(2000) : dice(1u << 30) * 4;
        memset(octets, (int)dice(256), sizeof octets);
        jitter_put(jitter, stamp, octets, (int)dice(1500), dice(10) == 0);
        if (dice(100) == 0)
            jitter_noise(jitter, stamp, (int)dice(128));
        if (dice(2000) == 0)
            jitter_fix(jitter, (int)dice(3000));
        jitter_get(jitter, octets, pcm);
        for (int i = 0; i < 160; i++)
            pcm[i] = (int16_t)(dice(2) ? dice(65536) - 32768 : 32767);
        dtmf_rx_feed(rx, pcm, (int)dice(161), digits, 4);
        if (dice(20) == 0 && tone_digit(&spec, "0123456789*#ABCD"[dice(16)], 1 + (int)dice(100)) == 0)
            tone_start(tone, &spec);
        tone_block(tone, pcm, 160);
    }
    jitter_free(jitter);
    dtmf_rx_free(rx);
    tone_free(tone);
}

/* Any octets and any samples, in pieces of any length. */
static void fuzz_wideband(int rounds)
{
    struct g722_in *in = g722_in_new();
    struct g722_out *out = g722_out_new();
    for (int round = 0; round < rounds / 10; round++) {
        int count = (int)dice(G722_MOST_OCTETS + 1);
        uint8_t *octets = malloc((size_t)count + 1);
        int16_t *pcm = malloc(sizeof *pcm * (size_t)(2 * count + 1));
        for (int i = 0; i < count; i++)
            octets[i] = (uint8_t)dice(256);
        g722_in_wide(in, octets, pcm, count);
        g722_in_narrow(in, octets, pcm, count);
        for (int i = 0; i < 2 * count; i++)
            pcm[i] = (int16_t)(dice(2) ? dice(65536) - 32768 : 32767);
        g722_out_wide(out, pcm, octets, count);
        g722_out_narrow(out, pcm, octets, count);
        if (dice(50) == 0)
            g722_in_reset(in);
        free(octets);
        free(pcm);
    }
    g722_in_free(in);
    g722_out_free(out);
}

/* Any samples either way, at full scale too, of any line. */
static void fuzz_echo(int rounds)
{
    struct echo_figures figures;
    int16_t sent[40], line[40];
    for (int tail_ms = ECHO_LEAST_MS; tail_ms <= ECHO_MOST_MS; tail_ms += 24) {
        struct echo *echo = echo_new(tail_ms);
        for (int round = 0; round < rounds / 20; round++) {
            int loud = 1 << dice(17), much = (int)dice(5);
            for (int i = 0; i < 40; i++) {
                sent[i] = (int16_t)((int)dice((unsigned)loud) - loud / 2);
                line[i] = (int16_t)(much ? sent[i] / much : dice(2) ? 32767 : -32768);
            }
            if (round % 200 > 150)
                memset(sent, 0, sizeof sent);
            echo_cancel(echo, line);
            echo_sent(echo, dice(9) ? sent : NULL);
            echo_get_figures(echo, &figures);
            if (dice(500) == 0)
                echo_call_over(echo);
        }
        echo_free(echo);
    }
}

/* A sender in time, a clock of its own, and all that goes wrong with one: loss, doubles, disorder, pauses, jumps of
 * the time line, other codecs. */
static void fuzz_jitter(int rounds)
{
    struct jitter *jitter = jitter_new();
    struct g722_in *decoder = g722_in_new();
    uint32_t stamp = 0xFFFF0000u;
    double sent = 0, speed = 0.25;
    int pause = 0, late = 0;
    for (int round = 0; round < rounds; round++) {
        for (sent += speed; sent >= 1; sent--) {
            int size = dice(50) ? 160 : 1 + (int)dice(480);
            uint8_t *octets = malloc((size_t)size);
            memset(octets, (int)dice(256), (size_t)size);
            stamp += dice(2000) ? 160 : dice(2) ? dice(1u << 30) * 4 : dice(8000);
            pause = pause > 0 ? pause - 1 : dice(300) ? 0 : (int)dice(200);
            for (unsigned copies = pause ? 0 : dice(20) ? 1 : dice(3); copies > 0; copies--)
                late += !jitter_put(jitter, stamp - dice(10) / 9 * dice(4000), octets, size, dice(50) == 0);
            free(octets);
        }
        uint8_t *out = malloc(JITTER_BLOCK);
        int16_t *pcm = malloc(sizeof *pcm * JITTER_BLOCK);
        jitter_get(jitter, out, pcm);
        free(out);
        free(pcm);
        if (dice(1000) == 0)
            speed = 0.25 * (1 + ((int)dice(2001) - 1000) / 100000.0);
        if (dice(3000) == 0)
            jitter_fix(jitter, (int)dice(3) * (int)dice(3000));
        if (dice(3000) == 0)
            jitter_reset(jitter, (int)dice(3), decoder);
        if (dice(500) == 0)
            jitter_noise(jitter, stamp, (int)dice(128));
    }
    printf("%d late, %ld concealed, delay %d\n", late, jitter_concealed(jitter), jitter_delay(jitter));
    jitter_free(jitter);
    g722_in_free(decoder);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = (uint64_t)atoll(argv[1]);
    g711_init();
    jitter_init();
    fuzz_engine(atoi(argv[2]));
    fuzz_parts(atoi(argv[2]));
    fuzz_wideband(atoi(argv[2]));
    fuzz_echo(atoi(argv[2]));
    fuzz_jitter(10 * atoi(argv[2]));
    return 0;
}
