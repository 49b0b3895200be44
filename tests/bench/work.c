/* The engine's work of so many packet times of 20 ms, stepped, for somebody to time or to count.
 *
 *     work KIND FRAMES
 *
 * Kinds: relay laws g722 recode (a call of two streams, driven by its packets), conference and wide-conference (16
 * parties), line (a slot and a stream that hear each other; digits are listened for) and line-echo (and echo of 64 ms
 * is taken out). Prints how many packets came out. Two runs that differ in FRAMES differ by that work alone; making
 * and taking packets, a little over 1,000 instructions each, is among it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "g711.h"
#include "g722.h"
#include "highway_types.h"
#include "tone.h"

#include "engine.h"

enum { STREAMS = 16, HEADER = 12, FRAME = 160, FRAME_US = 20000, BLOCK_US = 5000, ECHO_MS = 64, ECHO_BLOCKS = 3 };
enum { NOISE = 1 << 16 };

static const uint8_t HERE[16] = {[10] = 0xff, 0xff, 192, 0, 2, 7};
static uint8_t noise[NOISE + FRAME]; /* A-law, some -20 dBm0 */
static int streams[STREAMS], types[STREAMS], count;
static long long now_us;

/* -- a card whose line says noise, and echoes what was said to it --------------------------- */

static int due;
static long block;
static int16_t said[ECHO_BLOCKS + 1][HIGHWAY_BLOCK_SAMPLES];

static int begin_block(void *self)
{
    (void)self;
    block += due;
    return due-- > 0;
}

static void read_slot(void *self, int slot, unsigned char *out)
{
    (void)self;
    (void)slot;
    const int16_t *echo = said[(block + 1) % (ECHO_BLOCKS + 1)];
    for (int i = 0; i < HIGHWAY_BLOCK_SAMPLES; i++) {
        int near = block / 400 % 2 ? g711_decode(G711_A, noise[(block * 40 + i) % NOISE]) : 0; /* 2 s each */
        out[i] = g711_encode(G711_A, (int16_t)(near / 2 + echo[i] / 4));
    }
}

static void write_slot(void *self, int slot, const unsigned char *in)
{
    (void)self;
    (void)slot;
    g711_decode_block(G711_A, in, said[block % (ECHO_BLOCKS + 1)], HIGHWAY_BLOCK_SAMPLES);
}

static long slips(void *self)
{
    (void)self;
    return 0;
}

static double drift_ppm(void *self)
{
    (void)self;
    return 0;
}

/* -- scenarios ------------------------------------------------------------------------------ */

static int open_stream(struct engine *engine, int type, int codec)
{
    int id = engine_open_stream(engine, HERE);
    if (id < 0 || engine_set_codec(engine, id, type, codec, 101, 20, 0))
        exit(1);
    engine_set_remote(engine, id, HERE, 4000 + 2 * count, HERE);
    types[count] = type;
    streams[count++] = id;
    return id;
}

static void open_conference(struct engine *engine, int type, int codec)
{
    int mixer = engine_open_mixer(engine);
    for (int i = 0; i < STREAMS; i++)
        engine_join(engine, open_stream(engine, type, codec), mixer);
}

static void open_line(struct engine *engine, int echo_ms)
{
    int slot = engine_open_slot(engine, 0);
    engine_join(engine, slot, open_stream(engine, 8, G711_A));
    engine_listen_digits(engine, slot, 1);
    if (engine_set_echo(engine, slot, echo_ms))
        exit(1);
}

static void open_call(struct engine *engine, const char *kind)
{
    static const struct {
        const char *kind;
        int types[2], codecs[2];
    } calls[] = {{"relay", {8, 8}, {G711_A, G711_A}},
                 {"laws", {8, 0}, {G711_A, G711_U}},
                 {"g722", {9, 9}, {G722, G722}},
                 {"recode", {9, 8}, {G722, G711_A}}};
    for (unsigned i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (strcmp(kind, calls[i].kind))
            continue;
        int a = open_stream(engine, calls[i].types[0], calls[i].codecs[0]);
        engine_join(engine, a, open_stream(engine, calls[i].types[1], calls[i].codecs[1]));
    }
}

static void packets_in(struct engine *engine, int frame)
{
    uint8_t packet[HEADER + FRAME] = {0x80, 0, (uint8_t)(frame >> 8), (uint8_t)frame};
    uint32_t timestamp = (uint32_t)frame * FRAME;
    for (int i = 0; i < 4; i++)
        packet[4 + i] = (uint8_t)(timestamp >> (24 - 8 * i));
    for (int i = 0; i < count; i++) {
        packet[1] = (uint8_t)types[i];
        packet[11] = (uint8_t)(i + 1);
        memcpy(packet + HEADER, noise + (frame * FRAME + i * 1009) % NOISE, FRAME);
        engine_packet_in(engine, streams[i], HERE, 4000 + 2 * i, packet, sizeof packet, now_us);
    }
}

static long packets_out(struct engine *engine)
{
    uint8_t ip[16], out[2048];
    int id, port;
    long sent = 0;
    while (engine_packet_out(engine, &id, ip, &port, out, sizeof out) >= 0)
        sent++;
    return sent;
}

/* Returns 1 when it needs blocks and not only its packets. */
static int open_work(struct engine *engine, const char *kind)
{
    if (!strncmp(kind, "line", 4))
        open_line(engine, strcmp(kind, "line") ? ECHO_MS : 0);
    else if (!strcmp(kind, "wide-conference"))
        open_conference(engine, 9, G722);
    else if (!strcmp(kind, "conference"))
        open_conference(engine, 8, G711_A);
    else
        open_call(engine, kind);
    return count != 2;
}

int main(int argc, char **argv)
{
    struct highway card = {.slots = 1, .law = HIGHWAY_LAW_A, .clock_fd = -1, .begin_block = begin_block,
                           .read = read_slot, .write = write_slot, .slips = slips, .drift_ppm = drift_ppm};
    if (argc != 3)
        return 2;
    long long line = strncmp(argv[1], "line", 4) ? 0 : (long long)(intptr_t)&card;
    struct engine *engine = engine_new(line, 20000, 20063, 1, 7, 30000);
    if (!engine)
        return 1;
    for (int i = 0; i < NOISE + FRAME; i++)
        noise[i] = g711_encode(G711_A, (int16_t)((rand() % 4001 + rand() % 4001) - 4000));
    int blocks = open_work(engine, argv[1]);
    long sent = 0;
    for (int frame = 0; count && frame < atoi(argv[2]); frame++, now_us += FRAME_US) {
        packets_in(engine, frame);
        for (int i = 1; blocks && i <= FRAME_US / BLOCK_US; i++) {
            due = 1;
            engine_tick(engine, now_us + i * BLOCK_US);
        }
        sent += packets_out(engine);
    }
    engine_free(engine);
    printf("%ld\n", sent);
    return count ? 0 : 2;
}
