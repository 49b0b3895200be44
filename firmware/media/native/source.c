/* Learning and keeping the far end's address: see source.h. */
#include "source.h"

#define PACKETS_TO_LOCK 4

void source_announce(struct source *source, uint32_t ip, uint16_t port)
{
    if (ip == source->announced_ip && port == source->announced_port)
        return; /* said again, as in the answer after a provisional one: what was learnt stays */
    source->ip = source->announced_ip = ip;
    source->port = source->announced_port = port;
    source_relearn(source);
}

void source_relearn(struct source *source)
{
    source->locked = 0;
    source->counted = 0;
    source->candidate_count = 0;
}

static int lock(struct source *source)
{
    source->locked = 1;
    source->candidate_count = 0;
    return SOURCE_LOCKED;
}

static int judge_candidate(struct source *source, uint32_t ip, uint16_t port, uint32_t ssrc)
{
    if (ip != source->candidate_ip || port != source->candidate_port || ssrc != source->candidate_ssrc)
        source->candidate_count = 0;
    source->candidate_ip = ip;
    source->candidate_port = port;
    source->candidate_ssrc = ssrc;
    if (++source->candidate_count < PACKETS_TO_LOCK)
        return SOURCE_WAIT;
    source->ip = ip;
    source->port = port;
    return lock(source);
}

int source_judge(struct source *source, uint32_t ip, uint16_t port, uint32_t ssrc)
{
    int announced = ip == source->ip && port == source->port;
    if (source->locked) {
        if (announced)
            return SOURCE_HEARD;
        source->refused++;
        return SOURCE_REFUSED;
    }
    if (!announced)
        return judge_candidate(source, ip, port, ssrc);
    source->candidate_count = 0;
    return ++source->counted < PACKETS_TO_LOCK ? SOURCE_HEARD : lock(source);
}
