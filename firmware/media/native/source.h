/* Whose packets count (symmetric RTP, RFC 4961): learnt once, then kept against everybody else.
 *
 * Senders are of three grades: the announced address itself; another port of the machine that was
 * announced or that signals for the call (its NAT router gave the port); anybody else. The announced one is
 * heard at once, a near one after four packets on end. A far one is heard only where the peer is
 * not one machine (its audio was announced elsewhere than it signals from, or a proxy signals for it), and
 * only when it alone has been sending for a second: whoever sprays our ports comes last. A higher grade
 * always takes over. Within the grade, the source stays until `source_relearn` or until it has been
 * silent for two seconds; a near one may then follow (its router has forgotten the old port).
 * We send to where we hear from, but never let a far one draw away what belongs to an
 * announced address. */
#ifndef TIPRING_SOURCE_H
#define TIPRING_SOURCE_H

#include <stdint.h>

#include "ip.h"

#define SOURCE_HEARD 0    /* from the one we talk to */
#define SOURCE_LOCKED 1   /* heard, and just locked */
#define SOURCE_WAIT 2     /* perhaps; not heard yet */
#define SOURCE_REFUSED 3  /* a stranger */

#define SOURCE_GRADES 3

struct source_candidate {
    struct ip_address ip;
    uint32_t ssrc;
    uint16_t port;
    int count;             /* packets on end */
    long long since_us;
};

struct source {
    struct ip_address ip;  /* where we send to; none: nowhere */
    uint16_t port;
    struct ip_address announced_ip; /* as last said in SDP; none: an address that means nothing here */
    uint16_t announced_port;
    struct ip_address signal_ip; /* where its signalling comes from; none: not known, or a proxy */
    int grade;             /* of the one we hear, 1 to SOURCE_GRADES; 0: nobody yet */
    struct ip_address heard_ip, left_ip; /* left: heard before another address was announced */
    uint16_t heard_port, left_port;
    long long heard_us;    /* its last packet */
    int settled;           /* its packets since it may have moved; locked from the fourth on */
    struct source_candidate candidates[SOURCE_GRADES];
    long refused;
};

void source_announce(struct source *source, struct ip_address ip, uint16_t port, struct ip_address signal_ip);
void source_relearn(struct source *source);
int source_judge(struct source *source, struct ip_address ip, uint16_t port, uint32_t ssrc, long long now_us);
/* 1 when this is the locked one. */
int source_is_locked(const struct source *source, struct ip_address ip, uint16_t port);

#endif
