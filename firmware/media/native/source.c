/* Learning and keeping the far end's address: see source.h. */
#include "source.h"

#include <string.h>

#define PACKETS_TO_LOCK 4
#define ALONE_US 1000000
#define SILENT_US 2000000

enum grade { NOBODY, FAR, NEAR, ANNOUNCED };

void source_announce(struct source *source, struct ip_address ip, uint16_t port, struct ip_address signal_ip)
{
    source->signal_ip = signal_ip;
    if (ip_same(ip, source->announced_ip) && port == source->announced_port)
        return; /* said again, as in the answer after a provisional one: what was learnt stays */
    source->ip = source->announced_ip = ip;
    source->port = source->announced_port = port;
    source->left_ip = source->heard_ip;
    source->left_port = source->heard_port;
    source->grade = NOBODY;
    source_relearn(source);
}

void source_relearn(struct source *source)
{
    source->settled = 0;
    memset(source->candidates, 0, sizeof source->candidates);
}

int source_is_locked(const struct source *source, struct ip_address ip, uint16_t port)
{
    return source->settled >= PACKETS_TO_LOCK && ip_same(ip, source->heard_ip) && port == source->heard_port;
}

static int grade_of(const struct source *source, struct ip_address ip, uint16_t port)
{
    /* behind NAT a router that kept the port makes the announced one of the signalling address */
    struct ip_address announced = ip_is_none(source->announced_ip) ? source->signal_ip : source->announced_ip;
    if (ip_same(ip, announced) && port == source->announced_port)
        return ANNOUNCED;
    return ip_same(ip, announced) || ip_same(ip, source->signal_ip) ? NEAR : FAR;
}

static int hear(struct source *source, long long now_us)
{
    source->heard_us = now_us;
    if (source->settled >= PACKETS_TO_LOCK)
        return SOURCE_HEARD;
    memset(source->candidates, 0, sizeof source->candidates);
    return ++source->settled == PACKETS_TO_LOCK ? SOURCE_LOCKED : SOURCE_HEARD;
}

/* Of a peer whose signalling comes straight from the machine that its audio does, nobody else has a claim. */
static int far_has_a_claim(const struct source *source)
{
    if (ip_is_none(source->signal_ip))
        return 1;
    return !ip_is_none(source->announced_ip) && !ip_same(source->announced_ip, source->signal_ip);
}

static int may_take_over(const struct source *source, int grade, long long now_us)
{
    if (grade == FAR && !far_has_a_claim(source))
        return 0;
    if (grade > source->grade)
        return 1;
    int least = source->grade < NEAR ? source->grade : NEAR;
    int loose = source->settled < PACKETS_TO_LOCK || now_us - source->heard_us > SILENT_US;
    return loose && grade >= least;
}

static void take(struct source *source, int grade, struct ip_address ip, uint16_t port, int settled)
{
    source->grade = grade;
    source->heard_ip = ip;
    source->heard_port = port;
    source->settled = settled;
    memset(source->candidates, 0, sizeof source->candidates);
    if (grade == FAR && !ip_is_none(source->announced_ip))
        return;
    source->ip = ip;
    source->port = port;
}

static int judge_candidate(struct source *source, int grade, struct ip_address ip, uint16_t port, uint32_t ssrc,
                           long long now_us)
{
    /* a port that was left behind may only have its last packets under way */
    int slow = grade == FAR || (ip_same(ip, source->left_ip) && port == source->left_port);
    struct source_candidate *candidate = &source->candidates[(slow ? FAR : grade) - 1];
    if (candidate->count == 0 || !ip_same(ip, candidate->ip) || port != candidate->port || ssrc != candidate->ssrc)
        *candidate = (struct source_candidate){ip, ssrc, port, 0, now_us};
    candidate->count++;
    if (!slow)
        source->candidates[FAR - 1].count = 0;
    if (candidate->count < PACKETS_TO_LOCK || (slow && now_us - candidate->since_us < ALONE_US))
        return SOURCE_WAIT;
    take(source, grade, ip, port, PACKETS_TO_LOCK);
    source->heard_us = now_us;
    return SOURCE_LOCKED;
}

int source_judge(struct source *source, struct ip_address ip, uint16_t port, uint32_t ssrc, long long now_us)
{
    if (source->grade != NOBODY && ip_same(ip, source->heard_ip) && port == source->heard_port)
        return hear(source, now_us);
    int grade = grade_of(source, ip, port);
    if (!may_take_over(source, grade, now_us)) {
        if (source->settled < PACKETS_TO_LOCK)
            return SOURCE_WAIT;
        source->refused++;
        return SOURCE_REFUSED;
    }
    if (grade == ANNOUNCED && source->grade <= FAR) {
        take(source, grade, ip, port, 0);
        return hear(source, now_us);
    }
    return judge_candidate(source, grade, ip, port, ssrc, now_us);
}
