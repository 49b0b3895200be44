#include "line_loop.h"

#define LEARN_US 60000    /* the ringers' charge that a lifted telephone takes up is gone by then, nearly */
#define RAISE_US 500000   /* a telephone's voltage may drift up by a step in so long */
#define DIFFER_US 200000  /* ringers are charged by then; who still differs is no opened hook */
#define LEAP_LSB 5        /* 7.5 V; speech moves the voltage by 2 V at most */
#define HIGH_LSB 16       /* 24 V; an extension that is hung up leaves the other telephone's voltage well below */
#define IDLE_LSB 30       /* 45 V: on lines so long that a lifted telephone is hardly lower, the chip alone decides */
#define UNKNOWN_LSB 64    /* more than the chip can tell */
/* A leap counts 10 ms later, as the chip too takes 12.5 ms to show what the current says, and a poll longer than it
 * lasts: the battery takes that long to let the voltage leap. So the length of an opening stays what it was. */
#define AGO (3U << 5)

void line_loop_forget(struct line_loop *loop)
{
    loop->lifted_us = 0;
    loop->stale = 0;
}

static void learn(struct line_loop *loop, long long now_us, int lsb)
{
    if (lsb <= loop->talk_lsb) {
        loop->talk_lsb = lsb;
        loop->raised_us = now_us;
    } else if (now_us - loop->raised_us >= RAISE_US) {
        loop->talk_lsb++;
        loop->raised_us = now_us;
    }
}

static int on_hook(struct line_loop *loop, int chip, int lsb)
{
    if (loop->lifted_us)
        loop->stale = 1;
    loop->lifted_us = 0;
    if (!chip || lsb < HIGH_LSB)
        loop->stale = 0;
    return chip && !loop->stale;
}

/* 1 when the voltage has leapt to where a lifted telephone cannot hold it. */
static int leapt(struct line_loop *loop, long long now_us, int chip, int lsb)
{
    int high_lsb = loop->talk_lsb + LEAP_LSB > HIGH_LSB ? loop->talk_lsb + LEAP_LSB : HIGH_LSB;
    int high = high_lsb <= IDLE_LSB && lsb >= high_lsb;
    if (!high || !chip)
        loop->agreed_us = now_us;
    if (now_us - loop->agreed_us > DIFFER_US) {
        loop->talk_lsb = lsb;
        high = 0;
    }
    if (chip && !high)
        learn(loop, now_us, lsb);
    return high && now_us - loop->lifted_us >= LEARN_US;
}

int line_loop_closed(struct line_loop *loop, long long now_us, int lifted, int chip, int lsb)
{
    if (!lifted)
        return on_hook(loop, chip, lsb);
    if (!loop->lifted_us) {
        loop->lifted_us = loop->raised_us = loop->agreed_us = now_us;
        loop->talk_lsb = UNKNOWN_LSB;
        loop->leaps = 0;
    }
    loop->leaps = loop->leaps << 1 | (unsigned)leapt(loop, now_us, chip, lsb);
    return chip && !(loop->leaps & AGO);
}
