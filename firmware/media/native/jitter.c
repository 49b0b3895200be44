/* Jitter buffer: see jitter.h. `delay` is what our place in the sound lies behind a clock that runs as the far end's
 * does; a packet's own delay, against that same clock, is how late it came. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delays.h"
#include "drift.h"
#include "g711.h"
#include "g722.h"
#include "jitter.h"
#include "plc.h"
#include "ring.h"

#define START_MARGIN 240     /* 30 ms for the first packet */
#define SPARE 32             /* above what lately was needed: the resampler's view ahead, and 2.5 ms */
#define SLACK 24             /* spare delay not worth a change */
#define SETTLE_BLOCKS 400    /* 2 s in which a fixed delay is found */
#define ENOUGH 100           /* packets that tell what delay is needed */
#define LOST_TRACK 10        /* so many packets in a row too late: begin anew */
#define FASTER 20e-6         /* of the speed for each sample of delay too many */
#define SLOWER 40e-6         /* and too few */
#define FASTEST 5e-3
#define GLIDE 50e-6          /* most change of that from block to block */
#define QUIET 128            /* peak of a block that may be left out: -45 dBm0 */
#define QUIET_SPARE 80       /* when at least so much delay is too many */
#define QUIET_BLOCKS 10      /* and not oftener than this */

struct jitter {
    int codec;
    struct g722_in *decoder;
    int fixed;               /* samples; 0: adaptive */
    int still;               /* nothing is concealed */
    int started;
    int strays, late;        /* packets in a row out of reach; too late */
    uint32_t play;           /* timestamp of the next sample out of the ring */
    double delay, hurry;
    int blocks;              /* since the first packet, SETTLE_BLOCKS at most */
    int since_left_out;      /* blocks */
    long concealed;
    struct delays delays;
    struct pace pace;
    struct plc plc;
    uint32_t noise_from;     /* timestamp of the comfort noise */
    struct drift drift;
    struct ring ring;
};

void jitter_init(void)
{
    drift_init();
}

struct jitter *jitter_new(void)
{
    struct jitter *jitter = calloc(1, sizeof *jitter);
    if (jitter)
        jitter_reset(jitter, G711_A, NULL);
    return jitter;
}

void jitter_free(struct jitter *jitter)
{
    free(jitter);
}

void jitter_reset(struct jitter *jitter, int codec, struct g722_in *decoder)
{
    int fixed = jitter->fixed, still = jitter->still;
    long concealed = jitter->concealed;
    memset(jitter, 0, sizeof *jitter);
    jitter->codec = codec;
    jitter->decoder = decoder;
    if (codec == G722)
        g722_in_reset(decoder);
    jitter->fixed = fixed;
    jitter->still = still;
    jitter->concealed = concealed;
    plc_reset(&jitter->plc);
    pace_reset(&jitter->pace);
}

/* -- delay -------------------------------------------------------------------------------- */

static int is_settled(const struct jitter *jitter)
{
    return jitter->fixed && jitter->blocks >= SETTLE_BLOCKS;
}

/* The delay that should be. */
static int target(const struct jitter *jitter)
{
    int wanted = jitter->fixed ? jitter->delays.low + jitter->fixed : jitter->delays.high + SPARE;
    int most = jitter->delays.low + JITTER_MAX_DELAY;
    return wanted < most ? wanted : most;
}

/* Our place moves back by so many samples, or on. */
static void move(struct jitter *jitter, int back)
{
    jitter->play -= (uint32_t)back;
    jitter->delay += back;
}

void jitter_fix(struct jitter *jitter, int samples)
{
    jitter->fixed = samples < JITTER_MAX_DELAY ? samples : JITTER_MAX_DELAY;
    jitter->still = 0;
    jitter->blocks = 0;
    if (jitter->started && jitter->fixed && jitter->delay < target(jitter))
        move(jitter, (int)(target(jitter) - jitter->delay));
}

void jitter_keep_still(struct jitter *jitter, int samples)
{
    if (!jitter->fixed)
        jitter_fix(jitter, samples);
    jitter->still = 1;
}

/* The first packet, or the first of a new time line: its jitter may be expected to be what it was. */
static void anchor(struct jitter *jitter, uint32_t timestamp)
{
    int span = jitter->delays.count > 50 ? target(jitter) - jitter->delays.low : 0;
    int margin = jitter->fixed ? jitter->fixed : span > START_MARGIN ? span : START_MARGIN;
    ring_clear(&jitter->ring);
    jitter->play = timestamp - (uint32_t)margin;
    jitter->delay = margin + drift_ahead(&jitter->drift);
    jitter->started = 1;
    jitter->strays = jitter->late = 0;
    jitter->blocks = 0;
    delays_reset(&jitter->delays);
    pace_reset(&jitter->pace);
}

/* How many samples before its turn the packet came; after the delay has been changed for its sake. */
static int settle(struct jitter *jitter, int margin, int marker)
{
    double own = jitter->delay - margin - drift_ahead(&jitter->drift);
    delays_note(&jitter->delays, (int)floor(own));
    pace_note(&jitter->pace, (int)floor(own));
    int pause = jitter->plc.gap >= PLC_FADED || (marker && jitter->plc.gap > 0), back = 0;
    if (is_settled(jitter))
        return margin;
    if (margin < 0 && (jitter->fixed || target(jitter) >= own))
        back = SPARE - margin;
    else if (pause && margin >= 0 && jitter->delays.count >= ENOUGH)
        back = (int)(target(jitter) - jitter->delay);
    if (jitter->delay + back - jitter->delays.low > JITTER_MAX_DELAY)
        back = 0;
    move(jitter, back);
    return margin + back;
}

int jitter_put(struct jitter *jitter, uint32_t timestamp, const uint8_t *octets, int count, int marker)
{
    if (count <= 0 || count > RING / 4)
        return 0;
    if (!jitter->started)
        anchor(jitter, timestamp);
    int margin = (int)(int32_t)(timestamp - jitter->play);
    if (margin < -JITTER_MAX_DELAY || margin > RING - count) {
        if (++jitter->strays < 2 && !marker)
            return 0;
        anchor(jitter, timestamp); /* the sender started anew */
    } else if (margin < 0 && jitter->late >= LOST_TRACK) {
        anchor(jitter, timestamp);
    }
    jitter->strays = 0;
    margin = settle(jitter, (int)(int32_t)(timestamp - jitter->play), marker);
    jitter->late = margin < 0 ? jitter->late + 1 : 0;
    if (margin >= 0)
        ring_store(&jitter->ring, timestamp, octets, count);
    else if (count + margin > 0)
        ring_store(&jitter->ring, jitter->play, octets - margin, count + margin);
    return margin >= 0;
}

void jitter_noise(struct jitter *jitter, uint32_t timestamp, int level)
{
    jitter->noise_from = timestamp;
    jitter->plc.noise = (int)(32768 * sqrt(3) * pow(10, -level / 20.0)); /* even spread: 1.7 times its rms */
}

/* -- blocks ------------------------------------------------------------------------------- */

/* A piece of G.722 with a hole in it is missed whole: it would not decode to what it was. */
static void decode(struct jitter *jitter, struct piece *piece, int count)
{
    if (jitter->codec != G722) {
        g711_decode_block(jitter->codec, piece->octets, piece->pcm, count);
    } else if (piece->there == count) {
        g722_in_narrow(jitter->decoder, piece->octets, piece->pcm, count);
    } else {
        piece->there = 0;
        memset(piece->missing, 1, (size_t)count);
    }
}

/* Samples that came, or did not. Returns 1 when they are as they were received. */
static int mend(struct jitter *jitter, int16_t *pcm, int count, int missing)
{
    if (missing && jitter->still)
        memset(pcm, 0, sizeof *pcm * (size_t)count);
    else if (missing)
        plc_fill(&jitter->plc, pcm, count);
    return !missing && (jitter->still || plc_hear(&jitter->plc, pcm, count));
}

/* So many samples out of the ring, its gaps concealed. Returns 1 when they are as they were received. */
static int draw(struct jitter *jitter, struct piece *piece, int count)
{
    struct plc *plc = &jitter->plc;
    ring_take(&jitter->ring, jitter->play, count, piece);
    jitter->play += (uint32_t)count;
    decode(jitter, piece, count);
    int exact = piece->there == count;
    jitter->concealed += piece->there == 0 && !jitter->still && plc->gap < PLC_FADED && !plc->noise;
    for (int from = 0, to; from < count; from = to) {
        for (to = from; to < count && piece->missing[to] == piece->missing[from]; to++)
            continue;
        exact &= mend(jitter, piece->pcm + from, to - from, piece->missing[from]);
    }
    if (piece->there == count && (int32_t)(jitter->play - jitter->noise_from) > count)
        plc->noise = 0; /* the far end speaks again */
    return exact;
}

/* In a pause with delay to spare: a block is left out, this one blended into the next. */
static int leave_out(struct jitter *jitter, int16_t *pcm, int count)
{
    struct piece next;
    if (++jitter->since_left_out < QUIET_BLOCKS || jitter->fixed || jitter->delay - target(jitter) < QUIET_SPARE ||
        count < JITTER_BLOCK / 2)
        return 0;
    for (int i = 0; i < count; i++)
        if (abs(pcm[i]) > QUIET)
            return 0;
    draw(jitter, &next, count);
    jitter->delay -= count;
    jitter->since_left_out = 0;
    for (int i = 0; i < count; i++)
        pcm[i] = (int16_t)((pcm[i] * (count - i) + next.pcm[i] * i) / count);
    return 1;
}

/* How much faster than the far clock to play, to bring the delay where it should be. */
static double hurry(const struct jitter *jitter)
{
    double much = jitter->delay - target(jitter), part = 0;
    if (jitter->fixed || jitter->delays.count < ENOUGH)
        much = 0;
    if (much < 0)
        part = much * SLOWER;
    else if (much > SLACK)
        part = (much - SLACK / 2) * FASTER;
    part = part > FASTEST ? FASTEST : part < -FASTEST ? -FASTEST : part;
    double change = part - jitter->hurry;
    return fabs(change) <= GLIDE ? part : jitter->hurry + copysign(GLIDE, change);
}

int jitter_get(struct jitter *jitter, uint8_t *octets, int16_t *pcm)
{
    struct piece piece;
    if (!jitter->started) {
        plc_fill(&jitter->plc, pcm, JITTER_BLOCK);
        return 0;
    }
    double part = jitter->hurry = hurry(jitter);
    if (part + jitter->pace.excess == 0)
        part = drift_landing(&jitter->drift);
    double excess = jitter->pace.excess + part;
    int count = drift_needs(&jitter->drift, excess), untouched = !jitter->drift.on && count == JITTER_BLOCK;
    int exact = draw(jitter, &piece, count);
    exact &= !leave_out(jitter, piece.pcm, count);
    drift_run(&jitter->drift, excess, piece.pcm, count, pcm);
    jitter->delay -= part * JITTER_BLOCK;
    pace_block(&jitter->pace);
    if (jitter->blocks < SETTLE_BLOCKS)
        jitter->blocks++;
    if (untouched)
        memcpy(octets, piece.octets, JITTER_BLOCK);
    return exact && untouched;
}

int jitter_delay(const struct jitter *jitter)
{
    double delay = jitter->delay - jitter->delays.low;
    return !jitter->started || delay < 0 ? 0 : (int)delay;
}

double jitter_drift_ppm(const struct jitter *jitter)
{
    return jitter->pace.settled * 1e6;
}

long jitter_concealed(const struct jitter *jitter)
{
    return jitter->concealed;
}
