/* RTCP reports: see rtcp.h. Nothing is read before its length was checked. */
#include "rtcp.h"

#include <string.h>

#include "octets.h"
#include "reception.h"

#define SR 200
#define RR 201
#define SDES 202
#define BYE 203
#define BLOCK_OCTETS 24
#define CNAME "tipring"

/* The middle 32 bits of an NTP time: units of 1/65536 s. */
static uint32_t ntp_middle(long long ntp_us)
{
    uint64_t seconds = (uint64_t)(ntp_us / 1000000), part = (uint64_t)(ntp_us % 1000000);
    return (uint32_t)(seconds << 16) | (uint32_t)(part * 65536 / 1000000);
}

static int put_head(uint8_t *out, int count, int type, int octets)
{
    out[0] = (uint8_t)(0x80 | count);
    out[1] = (uint8_t)type;
    put16(out + 2, (unsigned)(octets / 4 - 1));
    return octets;
}

static void put_block(struct rtcp *rtcp, struct reception *reception, long long now_us, uint8_t *out)
{
    long lost = reception_lost(reception);
    put32(out, reception->ssrc);
    put32(out + 4, (uint32_t)(lost > 0x7FFFFF ? 0x7FFFFF : lost));
    out[4] = (uint8_t)reception_fraction(reception);
    put32(out + 8, reception->highest);
    put32(out + 12, (uint32_t)reception->jitter);
    put32(out + 16, rtcp->last_sr);
    put32(out + 20, rtcp->last_sr ? (uint32_t)((now_us - rtcp->last_sr_us) * 65536 / 1000000) : 0);
}

int rtcp_build(struct rtcp *rtcp, const struct rtcp_sending *sending, struct reception *reception, long long now_us,
               long long ntp_us, uint8_t *out)
{
    int sender = sending->packets > 0, blocks = reception->started;
    int at = 8;
    put32(out + 4, sending->ssrc);
    if (sender) {
        put32(out + 8, (uint32_t)(ntp_us / 1000000));
        put32(out + 12, (uint32_t)(((uint64_t)(ntp_us % 1000000) << 32) / 1000000));
        put32(out + 16, sending->timestamp);
        put32(out + 20, (uint32_t)sending->packets);
        put32(out + 24, (uint32_t)sending->octets);
        at = 28;
    }
    if (blocks) {
        put_block(rtcp, reception, now_us, out + at);
        at += BLOCK_OCTETS;
    }
    put_head(out, blocks, sender ? SR : RR, at);
    int name = (int)strlen(CNAME), octets = (8 + 2 + name + 1 + 3) & ~3;
    memset(out + at, 0, (size_t)octets);
    put_head(out + at, 1, SDES, octets);
    put32(out + at + 4, sending->ssrc);
    out[at + 8] = 1;
    out[at + 9] = (uint8_t)name;
    memcpy(out + at + 10, CNAME, (size_t)name);
    at += octets;
    if (!sending->bye)
        return at;
    put32(out + at + 4, sending->ssrc);
    return at + put_head(out + at, 1, BYE, 8);
}

static void read_blocks(struct rtcp *rtcp, const uint8_t *at, int count, uint32_t our_ssrc, long long ntp_us)
{
    for (; count > 0; count--, at += BLOCK_OCTETS) {
        if (get32(at) != our_ssrc)
            continue;
        rtcp->far_loss = at[4] / 256.0;
        int32_t lost = (int32_t)(get32(at + 4) << 8) >> 8; /* 24 bits, signed: doubles may take it below 0 */
        rtcp->far_lost = lost > 0 ? lost : 0;
        rtcp->far_jitter = get32(at + 12);
        uint32_t last_sr = get32(at + 16), held = get32(at + 20);
        int32_t trip = (int32_t)(ntp_middle(ntp_us) - last_sr - held);
        if (last_sr != 0 && trip >= 0 && trip < 65536 * 60)
            rtcp->rtt_ms = trip * 1000.0 / 65536;
    }
}

int rtcp_parse(struct rtcp *rtcp, const uint8_t *data, int size, uint32_t our_ssrc, long long now_us, long long ntp_us)
{
    for (int at = 0; at < size;) {
        if (size - at < 8 || data[at] >> 6 != 2)
            return 0;
        int octets = 4 * (get16(data + at + 2) + 1), type = data[at + 1], count = data[at] & 31;
        int head = type == SR ? 28 : 8;
        if (octets > size - at || octets < 8)
            return 0;
        if (type == SR || type == RR) {
            if (octets < head + count * BLOCK_OCTETS)
                return 0;
            if (type == SR) {
                rtcp->last_sr = get32(data + at + 8) << 16 | get32(data + at + 12) >> 16;
                rtcp->last_sr_us = now_us;
            }
            read_blocks(rtcp, data + at + head, count, our_ssrc, ntp_us);
        }
        at += octets;
    }
    return 1;
}
