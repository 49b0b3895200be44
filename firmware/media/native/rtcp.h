/* RTCP sender and receiver reports with CNAME (RFC 3550 section 6), and round trip from them. */
#ifndef TIPRING_RTCP_H
#define TIPRING_RTCP_H

#include <stdint.h>

#define RTCP_MAX_OCTETS 128 /* SR with one block, SDES, BYE: 80 */

struct reception;

struct rtcp {
    uint32_t last_sr;         /* middle 32 bits of the NTP time in the last SR heard; 0: none */
    long long last_sr_us;
    double rtt_ms;            /* negative: not known */
    long long due_us;
    int shares_port;          /* RTCP goes on the RTP port: agreed, or the far end does so (RFC 5761) */
    int reported;             /* a report of ours went out */
    int far_lost;             /* what the far end misses of ours, in all; -1: not told */
    double far_loss;          /* of the last while, 0 to 1 */
    uint32_t far_jitter;      /* in timestamp units */
};

struct rtcp_sending {
    uint32_t ssrc;
    uint32_t timestamp;       /* RTP time now */
    long packets, octets;     /* none sent: an RR goes out in place of an SR */
    int bye;                  /* the stream ends: a BYE follows */
};

/* ntp_us: microseconds since 1900. Returns the octets written to out (RTCP_MAX_OCTETS long). */
int rtcp_build(struct rtcp *rtcp, const struct rtcp_sending *sending, struct reception *reception, long long now_us,
               long long ntp_us, uint8_t *out);
/* Reads one compound packet; our_ssrc picks the report block that is about us. Returns 1 when well formed. */
int rtcp_parse(struct rtcp *rtcp, const uint8_t *data, int size, uint32_t our_ssrc, long long now_us, long long ntp_us);

#endif
