/* See fuzz_made.h. */
#include "fuzz_made.h"

#include <string.h>

#include "fuzz_judge.h"

struct made made;
static uint64_t state;

void fuzz_seed(uint64_t seed)
{
    state = seed;
}

unsigned dice(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

static void field(int bits, uint32_t value)
{
    static int bit;
    if (made.count == 0)
        bit = 0;
    made.fields[made.count].bit = bit;
    made.fields[made.count++].bits = bits;
    for (int i = bits - 1; i >= 0; i--, bit++)
        if (value >> i & 1)
            made.data[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    made.size = (bit + 7) / 8;
}

/* -- right packets --------------------------------------------------------------------------- */

static void rtp_head(const struct far *far, int marker, int type, uint32_t timestamp, int padded)
{
    int sources = dice(16) ? 0 : (int)dice(4), extended = dice(16) == 0;
    field(2, 2), field(1, (unsigned)padded), field(1, (unsigned)extended), field(4, (unsigned)sources);
    field(1, (unsigned)marker), field(7, (unsigned)type), field(16, far->sequence), field(32, timestamp);
    field(32, far->ssrc);
    for (int i = 0; i < sources; i++)
        field(32, dice(1u << 30));
    if (extended)
        field(16, 0xBEDE), field(16, 1), field(32, 0x10203040);
}

static void payload(int octets)
{
    int kind = (int)dice(3), value = (int)dice(256);
    for (int i = 0; i < octets; i++)
        made.data[made.size++] = (uint8_t)(kind == 0 ? 0xD5 : kind == 1 ? value : (int)dice(256));
}

void made_audio(struct far *far, const struct fuzz_end *end)
{
    int padded = dice(32) == 0, samples = dice(50) ? 160 : 40 * (1 + (int)dice(12));
    rtp_head(far, dice(100) == 0, end->payload_type, far->timestamp, padded);
    payload(samples);
    if (padded) {
        made.fields[made.count].bit = 8 * (made.size + 3);
        made.fields[made.count++].bits = 8;
        memcpy(made.data + made.size, "\0\0\0\4", 4);
        made.size += 4;
    }
    far->timestamp += (uint32_t)samples;
    far->sequence++;
}

void made_event(struct far *far, const struct fuzz_end *end)
{
    if (far->event_ms == 0) {
        far->event_stamp = far->timestamp;
        far->event_code = (int)dice(16);
    }
    int last = dice(6) == 0;
    rtp_head(far, far->event_ms == 0, end->event_type, far->event_stamp, 0);
    far->event_ms += 20;
    field(8, (unsigned)far->event_code), field(1, (unsigned)last), field(1, 0), field(6, 10);
    field(16, (unsigned)far->event_ms * 8);
    far->event_ms = last ? 0 : far->event_ms;
    far->timestamp += 160;
    far->sequence++;
}

void made_noise(struct far *far)
{
    rtp_head(far, 0, 13, far->timestamp, 0);
    field(1, 0), field(7, 40 + dice(40));
    payload((int)dice(8));
    far->timestamp += 160;
    far->sequence++;
}

static void report_head(int count, int type, int words)
{
    field(2, 2), field(1, 0), field(5, (unsigned)count), field(8, (unsigned)type), field(16, (unsigned)words);
}

void made_reports(const struct far *far, const struct fuzz_end *end, long long now_us)
{
    int blocks = (int)dice(3), sender = dice(3) > 0;
    report_head(blocks, sender ? 200 : 201, (sender ? 6 : 1) + 6 * blocks);
    field(32, far->ssrc);
    if (sender) {
        field(32, (uint32_t)(now_us / 1000000)), field(32, (uint32_t)now_us), field(32, far->timestamp);
        field(32, far->sequence), field(32, far->sequence * 160u);
    }
    for (int i = 0; i < blocks; i++) {
        field(32, i ? dice(1u << 30) : end->ssrc);
        field(8, dice(256)), field(24, dice(1000)), field(32, dice(65536)), field(32, dice(800));
        field(32, end->last_sr), field(32, dice(65536));
    }
    if (dice(8))
        report_head(1, 202, 3), field(32, far->ssrc), field(8, 1), field(8, 4), field(32, 0x666F6F40), field(16, 0);
    if (dice(16) == 0)
        report_head(1, 203, 3), field(32, far->ssrc), field(8, 4), field(32, 0x676F6E65), field(24, 0);
}

/* -- and what may be wrong with one -------------------------------------------------------- */

uint32_t made_other(uint32_t value, int bits)
{
    uint32_t most = bits == 32 ? 0xFFFFFFFFu : (1u << bits) - 1;
    switch (dice(8)) {
    case 0: return 0;
    case 1: return most;
    case 2: return (value + 1) & most;
    case 3: return (value - 1) & most;
    case 4: return value ^ (1u << (bits - 1));
    case 5: return value ^ (1u << dice((unsigned)bits));
    case 6: return (value + dice(4000) - 2000) & most;
    default: return (dice(1u << 30) << 2 ^ dice(1u << 30)) & most;
    }
}

void made_change_field(void)
{
    int at = (int)dice((unsigned)made.count), bit = made.fields[at].bit, bits = made.fields[at].bits;
    uint32_t value = 0;
    for (int i = bit; i < bit + bits; i++)
        value = value << 1 | (made.data[i / 8] >> (7 - i % 8) & 1);
    value = made_other(value, bits);
    for (int i = bit + bits - 1; i >= bit; i--, value >>= 1) {
        uint8_t mask = (uint8_t)(0x80 >> i % 8);
        made.data[i / 8] = (uint8_t)((made.data[i / 8] & ~mask) | (value & 1 ? mask : 0));
    }
}

void made_change_size(void)
{
    int longer = made.size + (int)dice(dice(8) ? 40 : 1400);
    int size = dice(3) ? (int)dice((unsigned)made.size + 1) : longer < MOST_OCTETS ? longer : MOST_OCTETS;
    for (int i = made.size; i < size; i++)
        made.data[i] = (uint8_t)dice(256);
    made.size = size;
}
