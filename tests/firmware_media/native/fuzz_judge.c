/* See fuzz_judge.h. Reads packets and news by the standards' tables; shares no code with the engine. */
#include "fuzz_judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tone.h"

#include "engine.h"

#define MOST_OCTETS 1500
#define SLACK_OCTETS 480     /* of one packet of 60 ms, begun before or not full yet */

static struct fuzz_end ends[FUZZ_ENDS];
static long rtp, rtcp, told, digits;

struct fuzz_end *fuzz_end(int at)
{
    return &ends[at];
}

void fuzz_begin(int at, int id, int port, int payload_type, int event_type, int sent_from)
{
    ends[at] = (struct fuzz_end){id, port, payload_type, event_type, sent_from, 0, 0, 0};
}

static void expect(int truth, const char *what, const uint8_t *data, int size)
{
    if (truth)
        return;
    fprintf(stderr, "wrong: %s:", what);
    for (int i = 0; i < size && i < 96; i++)
        fprintf(stderr, " %02x", data[i]);
    fprintf(stderr, "\n");
    exit(3);
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void ours(struct fuzz_end *end, uint32_t ssrc, const uint8_t *data, int size)
{
    expect(end->ssrc == 0 || end->ssrc == ssrc, "the SSRC changed", data, size);
    end->ssrc = ssrc;
}

/* RFC 3550 sections 5.1 and 6; RFC 4733 section 2.3; RFC 3389 section 3. */
static void judge_rtp(struct fuzz_end *end, const uint8_t *data, int size)
{
    int type = data[1] & 127, octets = size - 12;
    expect(data[0] == 0x80, "an RTP packet is plain", data, size); /* empty ones keep a router's way open, RFC 6263 */
    expect(type == end->payload_type || type == end->event_type || type == 13, "the type was agreed", data, size);
    ours(end, word(data + 8), data, size);
    if (type == end->event_type)
        expect(octets >= 4, "an event has four octets", data, size);
    if (type == end->payload_type)
        end->heard += octets;
    rtp++;
}

static void judge_rtcp(struct fuzz_end *end, const uint8_t *data, int size)
{
    int at = 0, first = data[1];
    expect((first == 200 || first == 201) && (data[0] & 31) <= 1, "reports begin with SR or RR", data, size);
    while (at < size) {
        int octets = at + 8 <= size ? 4 * ((data[at + 2] << 8 | data[at + 3]) + 1) : 0;
        expect(octets >= 8 && at + octets <= size && data[at] >> 6 == 2, "RTCP lengths fit", data, size);
        ours(end, word(data + at + 4), data, size);
        at += octets;
    }
    if (first == 200)
        end->last_sr = word(data + 8) << 16 | word(data + 12) >> 16;
    rtcp++;
}

static void judge_packets(struct engine *engine)
{
    uint8_t ip[16], data[MOST_OCTETS];
    int id, port, size;
    while ((size = engine_packet_out(engine, &id, ip, &port, data, sizeof data)) >= 0) {
        struct fuzz_end *end = ends;
        while (end < ends + FUZZ_ENDS && end->id != id)
            end++;
        expect(end < ends + FUZZ_ENDS && size >= 12, "a packet is of a stream", data, size);
        int reports = data[1] >= 192 && data[1] <= 223;
        expect(ip[15] == 1 && (port == end->port || (reports && port == end->port + 1)), "nobody draws audio away", data,
               size);
        (reports ? judge_rtcp : judge_rtp)(end, data, size);
    }
}

static void judge_news(struct engine *engine)
{
    struct media_news news[64];
    int count;
    while ((count = engine_drain(engine, news, 64)) > 0) {
        for (int i = 0; i < count; i++) {
            int digit = news[i].kind == ENGINE_DIGIT || news[i].kind == ENGINE_DIGIT_DUE;
            const char *keys = news[i].by_rtp ? "0123456789*#ABCD!" : "0123456789*#ABCD";
            expect(news[i].kind >= ENGINE_DIGIT && news[i].kind <= ENGINE_DATA, "news is of a known kind", NULL, 0);
            expect(!digit || (news[i].digit && strchr(keys, news[i].digit) && news[i].ms >= 0), "a digit is one", NULL, 0);
            digits += digit;
        }
        told += count;
    }
}

static void judge_figures(struct engine *engine)
{
    for (int i = 0; i < FUZZ_ENDS; i++) {
        struct media_stats stats;
        engine_stats(engine, ends[i].id, &stats);
        int counts = stats.packets_lost >= 0 && stats.packets_received >= 0 && stats.far_lost >= -1;
        int jitter = isfinite(stats.jitter_ms) && stats.jitter_ms >= 0 && stats.buffer_ms >= 0;
        int far = stats.far_loss >= 0 && stats.far_loss < 1 && stats.rtt_ms >= -1 && stats.rtt_ms < 60001;
        expect(counts && jitter && far && fabs(stats.drift_ppm) < 2000, "the figures are possible ones", NULL, 0);
    }
}

void fuzz_judge(struct engine *engine)
{
    judge_packets(engine);
    judge_news(engine);
    judge_figures(engine);
}

int fuzz_all_heard(int packets)
{
    int whole = 1;
    for (int i = 0; i < FUZZ_ENDS; i++) {
        whole &= labs(ends[i].heard - 160L * packets) <= SLACK_OCTETS;
        ends[i].heard = 0;
    }
    return whole;
}

void fuzz_print(void)
{
    printf("%ld RTP, %ld RTCP, %ld told, %ld digits\n", rtp, rtcp, told, digits);
}
