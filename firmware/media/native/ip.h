/* An IP address of either family: IPv6 as it is, IPv4 mapped into it (::ffff:192.0.2.1, RFC 4291 2.5.5.2). */
#ifndef TIPRING_IP_H
#define TIPRING_IP_H

#include <stdint.h>
#include <string.h>

struct ip_address {
    uint8_t octets[16]; /* all 0: none */
};

static inline struct ip_address ip_from(const uint8_t *octets)
{
    struct ip_address ip;
    memcpy(ip.octets, octets, sizeof ip.octets);
    return ip;
}

static inline int ip_same(struct ip_address a, struct ip_address b)
{
    return memcmp(a.octets, b.octets, sizeof a.octets) == 0;
}

static inline int ip_is_none(struct ip_address ip)
{
    return ip_same(ip, (struct ip_address){{0}});
}

static inline int ip_is_v4(struct ip_address ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip.octets, mapped, sizeof mapped) == 0;
}

#endif
