/* Mutation fuzz of what comes from the network: RTP, events, comfort noise and RTCP into living calls of a stepped
 * engine. Far ends say what a right one would; mostly, one field of a packet is not what it should be.
 * `fuzz_packets SEED ROUNDS` prints a line of counts. Besides what the sanitizers find, everything that the engine
 * sends and tells is judged (fuzz_judge.h), and at its end every call must still carry each packet. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"
#include "fuzz_judge.h"
#include "fuzz_made.h"
#include "g711.h"
#include "g722.h"

#define ENDS FUZZ_ENDS
#define SETTING_ROUNDS 20000 /* packets until the calls are put together another way */
#define CLEAN_PACKETS 50

static const uint8_t here[16] = {[10] = 0xff, 0xff, 10, 0, 0, 9};
static const uint8_t there[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};
static struct far fars[ENDS];

/* As the thread does with what a socket gave it, but in room of just its size, so that a read past its end is seen.
 * Half of what looks like RTCP comes on the port for it. */
static void deliver(struct engine *engine, int id, const uint8_t *ip, int port, long long now_us)
{
    struct stream *stream = (struct stream *)engine_find(engine, id);
    uint8_t *data = malloc((size_t)made.size + !made.size);
    memcpy(data, made.data, (size_t)made.size);
    engine->moment.now_us = now_us;
    if (made.size > 1 && data[1] >= 200 && data[1] <= 203 && dice(2))
        stream_receive_rtcp(stream, data, made.size, &engine->moment);
    else
        stream_receive(stream, data, made.size, ip_from(ip), (uint16_t)port, &engine->moment);
    free(data);
}

static void send_one(struct engine *engine, int at, int mutations, long long now_us)
{
    struct fuzz_end *end = fuzz_end(at);
    struct far *far = &fars[at];
    int kind = mutations ? (int)dice(16) : 4, port = end->port;
    uint8_t ip[16];
    memcpy(ip, there, sizeof ip);
    memset(&made, 0, sizeof made);
    if (kind < 3)
        made_reports(far, end, now_us);
    else if (kind == 3)
        made_noise(far);
    else if (end->event_type >= 0 && mutations && (far->event_ms || dice(40) == 0))
        made_event(far, end);
    else
        made_audio(far, end);
    for (; mutations > 0 && dice(8); mutations--) {
        switch (dice(12)) {
        case 0: made_change_size(); break;
        case 1: port = (int)made_other((uint32_t)port, 16); break;
        case 2: ip[12 + dice(4)] ^= (uint8_t)(1 << dice(8)); break;
        case 3: deliver(engine, end->id, ip, port, now_us); break; /* twice */
        case 4:
            if (made.size > 12)
                made.data[12 + dice((unsigned)made.size - 12)] = (uint8_t)dice(256);
            break;
        default: made_change_field();
        }
    }
    deliver(engine, end->id, ip, port, now_us);
}

/* Pairs that relay, recode and repack; a conference; digits that are told, sent as events, or heard as tones. */
static struct engine *put_together(void)
{
    static const int codecs[] = {G711_A, G711_U, G722};
    struct engine *engine = engine_new(0, 10000, 10099, 1, 7, 1000);
    int mixer = engine_open_mixer(engine);
    for (int i = 0; i < ENDS; i++) {
        int id = engine_open_stream(engine, here), type = 96 + (int)dice(8), events = dice(3) ? 110 : -1;
        fuzz_begin(i, id, 4000 + 2 * i, type, events, engine_local_port(engine, id));
        engine_set_codec(engine, id, type, codecs[dice(3)], events, 10 * (1 + (int)dice(6)), dice(4) == 0);
        engine_set_remote(engine, id, there, 4000 + 2 * i, there);
        engine_set_rtcp(engine, id, 0, (int)dice(2));
        engine_set_digits(engine, id, (int)dice(3));
        engine_set_jitter(engine, id, dice(3) ? 0 : 20 + (int)dice(200));
        engine_listen_signals(engine, id, dice(3) ? 0 : (int)dice(32));
        engine_listen_digits(engine, id, (int)dice(2));
        fars[i] = (struct far){(uint16_t)dice(65536), dice(1u << 30) << 2, dice(1u << 30), 0, 0, 0};
        if (i % 2)
            engine_join(engine, dice(3) ? fuzz_end(i - 1)->id : mixer, id);
        else
            engine_join(engine, mixer, id);
    }
    return engine;
}

static long long run(struct engine *engine, int rounds, int mutated, long long now_us)
{
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < ENDS; i++)
            send_one(engine, i, mutated ? dice(16) ? 1 : 3 : 0, now_us);
        for (long long until = now_us + 20000; now_us < until;)
            engine_tick(engine, now_us += 5000);
        if (mutated && dice(400) == 0)
            engine_tick(engine, now_us += 5000 * (long long)dice(100));
        fuzz_judge(engine);
    }
    return now_us;
}

/* Then right packets only: once the digits that were believed are over (32 of 8 s at most), nothing is missing. */
static long long recover(struct engine *engine, long long now_us)
{
    long long until = now_us + 300 * 1000000LL;
    do {
        now_us = run(engine, CLEAN_PACKETS, 0, now_us);
    } while (!fuzz_all_heard(CLEAN_PACKETS) && now_us < until);
    if (now_us < until)
        return now_us;
    fprintf(stderr, "wrong: a call did not recover\n");
    exit(3);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    fuzz_seed((uint64_t)atoll(argv[1]));
    long long now_us = 1000000;
    for (long left = atol(argv[2]); left > 0; left -= SETTING_ROUNDS) {
        struct engine *engine = put_together();
        now_us = run(engine, SETTING_ROUNDS / ENDS, 1, now_us);
        now_us = recover(engine, now_us);
        engine_free(engine);
    }
    fuzz_print();
    return 0;
}
