/* Whose packets count (symmetric RTP, RFC 4961): learnt once, then kept against everybody else.
 *
 * Until it is locked, only the announced address is heard at once; another one is
 * learnt (it sits behind NAT) when four packets on end came from it and none from
 * the announced address between. After that only `source_relearn` opens it again. */
#ifndef TIPRING_SOURCE_H
#define TIPRING_SOURCE_H

#include <stdint.h>

#define SOURCE_HEARD 0    /* from the one we talk to */
#define SOURCE_LOCKED 1   /* heard, and just locked */
#define SOURCE_WAIT 2     /* perhaps; not heard yet */
#define SOURCE_REFUSED 3  /* a stranger */

struct source {
    uint32_t ip;           /* where we send to, host order; 0: nowhere */
    uint16_t port;
    uint32_t announced_ip; /* as last said in SDP */
    uint16_t announced_port;
    int locked;
    int counted;           /* packets from the announced address, until locked */
    uint32_t candidate_ip;
    uint16_t candidate_port;
    uint32_t candidate_ssrc;
    int candidate_count;
    long refused;
};

void source_announce(struct source *source, uint32_t ip, uint16_t port);
void source_relearn(struct source *source);
int source_judge(struct source *source, uint32_t ip, uint16_t port, uint32_t ssrc);

#endif
