/* DTMF listener: see dtmf_rx.h for what it does.
 *
 * A high-pass takes dial tone away. Each piece of 2.5 ms is then mixed down by
 * the eight frequencies; eight pieces, weighted like a raised cosine, make one
 * look of 20 ms, every 5 ms. A look is a hit when two tones hold nearly all of its energy, and
 * the turn of their phase since the last look says they are within 1.9 % of
 * their frequency: this is what neither speech nor music keeps up for five
 * looks on end. A tone that fills less than about 16 ms of a look is no hit,
 * which sets both the shortest tone (about 30 ms) and the shortest pause. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dtmf_rx.h"
#include "g711.h"

#define PIECE 20            /* samples: 2.5 ms */
#define PIECES 8            /* in a look */
#define STEP 2              /* pieces from look to look */
#define STEP_MS 5
#define SCALE (PIECE * PIECES / 4) /* a sine's amplitude, seen in a look */
#define TONES 8
#define HITS_ON 5           /* hits on end that make a digit */
#define HITS_SUSPECT 2
#define MISSES_OFF 5        /* misses on end that end it: a break of 10 ms makes at most 4 */
#define LEAST_DBM0 (-30.0f)
#define MOST_TWIST_UP_DB 6.0f     /* high above low; Q.24 asks for 4 */
#define MOST_TWIST_DOWN_DB 10.5f  /* low above high; Q.24 asks for 8 */
#define PURITY 0.78f        /* share of the energy that a hit has in the two tones */
#define PURITY_CLEAR 0.94f  /* the same of a clear hit */
#define CLEAR_ON 3          /* clear hits among those that make a digit */
#define DRIFT_HZ 17.0f      /* a voice glides through a note; a telephone's tone stays */
#define FREQUENCY_LOOK 0.033f /* relative error allowed in one look */
#define FREQUENCY_MEAN 0.019f /* and over the clear hits of a digit; Q.24: 0.015 in, 0.035 out */
#define EDGE_MS 6           /* of a tone less than its looks that are hits cover */

struct section {
    float b0, b1, b2, a1, a2;
};
/* Elliptic high-pass of order 5: -0.2 dB from 675 Hz up, -46 dB below 460 Hz. */
static const struct section highpass[3] = {
    {0.44944658f, -0.44944658f, 0, -0.34034358f, 0},
    {1, -1.9454604f, 1, -1.27841918f, 0.5888084f},
    {1, -1.88014321f, 1, -1.66966669f, 0.91109329f},
};
static const float tone_hz[TONES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
static const float weight[PIECES] = {0.038060f, 0.308658f, 0.691342f, 0.961940f,
                                     0.961940f, 0.691342f, 0.308658f, 0.038060f};

struct look {
    float re[TONES], im[TONES];
    int low, high;
    float purity;
    float turn[2]; /* Hz off, of low and high */
};

struct dtmf_rx {
    float delay[3][2];
    float piece[PIECE];
    int filled;
    uint32_t time;               /* pieces since the start, for the mixers' phase */
    float re[PIECES][TONES], im[PIECES][TONES], energy[PIECES]; /* the newest first */
    struct look last;
    int state, hits, clear, misses;
    char digit;
    float first[2];              /* turns at the first clear hit */
    float hertz[2];              /* sum of turns over the clear hits */
    int others;                  /* hits on end of another digit than the one that is on */
    int ms, lost_ms;             /* lost: since the last hit */
};

static float mix_cos[TONES][PIECE], mix_sin[TONES][PIECE];

struct dtmf_rx *dtmf_rx_new(void)
{
    if (mix_cos[0][0] == 0)
        for (int t = 0; t < TONES; t++)
            for (int i = 0; i < PIECE; i++) {
                mix_cos[t][i] = (float)cos(2 * M_PI * tone_hz[t] * i / 8000);
                mix_sin[t][i] = (float)-sin(2 * M_PI * tone_hz[t] * i / 8000);
            }
    return calloc(1, sizeof(struct dtmf_rx));
}

void dtmf_rx_free(struct dtmf_rx *rx)
{
    free(rx);
}

void dtmf_rx_reset(struct dtmf_rx *rx)
{
    memset(rx, 0, sizeof *rx);
}

int dtmf_rx_state(const struct dtmf_rx *rx)
{
    return rx->state;
}

int dtmf_rx_ms(const struct dtmf_rx *rx)
{
    return rx->ms;
}

static float filtered(struct dtmf_rx *rx, float x)
{
    for (int i = 0; i < 3; i++) {
        const struct section *s = &highpass[i];
        float *d = rx->delay[i];
        float y = s->b0 * x + d[0];
        d[0] = s->b1 * x - s->a1 * y + d[1];
        d[1] = s->b2 * x - s->a2 * y;
        x = y;
    }
    return x;
}

/* Mixes the full piece down; the newest goes to the front. */
static void mix_piece(struct dtmf_rx *rx)
{
    memmove(rx->re[1], rx->re[0], sizeof rx->re[0] * (PIECES - 1));
    memmove(rx->im[1], rx->im[0], sizeof rx->im[0] * (PIECES - 1));
    memmove(rx->energy + 1, rx->energy, sizeof rx->energy[0] * (PIECES - 1));
    rx->energy[0] = 1e-9f;
    for (int i = 0; i < PIECE; i++)
        rx->energy[0] += rx->piece[i] * rx->piece[i];
    for (int t = 0; t < TONES; t++) {
        float re = 0, im = 0;
        for (int i = 0; i < PIECE; i++) {
            re += rx->piece[i] * mix_cos[t][i];
            im += rx->piece[i] * mix_sin[t][i];
        }
        /* All frequencies are whole hertz: after 400 pieces (1 s) every mixer is back at its start. */
        float phase = (float)(-2 * M_PI * tone_hz[t] * (rx->time % 400) * PIECE / 8000);
        float c = cosf(phase), s = sinf(phase);
        rx->re[0][t] = re * c - im * s;
        rx->im[0][t] = re * s + im * c;
    }
    rx->time++;
}

static float power(const struct look *look, int tone)
{
    return look->re[tone] * look->re[tone] + look->im[tone] * look->im[tone];
}

/* Hz off nominal, from the turn of the phase in 5 ms (unambiguous to 100 Hz). */
static float hertz_off(const struct look *now, const struct look *before, int tone)
{
    float re = now->re[tone] * before->re[tone] + now->im[tone] * before->im[tone];
    float im = now->im[tone] * before->re[tone] - now->re[tone] * before->im[tone];
    return atan2f(im, re) * (8000 / (2 * (float)M_PI * PIECE * STEP));
}

static void make_look(const struct dtmf_rx *rx, struct look *look)
{
    memset(look, 0, sizeof *look);
    for (int b = 0; b < PIECES; b++)
        for (int t = 0; t < TONES; t++) {
            look->re[t] += weight[b] * rx->re[b][t];
            look->im[t] += weight[b] * rx->im[b][t];
        }
    look->high = 4;
    for (int t = 1; t < 4; t++) {
        if (power(look, t) > power(look, look->low))
            look->low = t;
        if (power(look, 4 + t) > power(look, look->high))
            look->high = 4 + t;
    }
    look->turn[0] = hertz_off(look, &rx->last, look->low);
    look->turn[1] = hertz_off(look, &rx->last, look->high);
}

/* Power of a tone as its amplitude squared; a look is less open off its middle (fits within 1 % to 45 Hz). */
static float true_power(const struct look *look, int tone, float off_hz)
{
    float square = off_hz * off_hz;
    float open = fmaxf(1 - 2.68e-4f * square + 2.62e-8f * square * square, 0.4f);
    return power(look, tone) / (open * open * SCALE * SCALE);
}

static int is_hit(const struct dtmf_rx *rx, struct look *look)
{
    const float full = (float)G711_PEAK_0DBM0 * G711_PEAK_0DBM0;
    float low = true_power(look, look->low, look->turn[0]);
    float high = true_power(look, look->high, look->turn[1]);
    float least = full * powf(10, LEAST_DBM0 / 10);
    if (low < least || high < least)
        return 0;
    if (high > low * powf(10, MOST_TWIST_UP_DB / 10) || low > high * powf(10, MOST_TWIST_DOWN_DB / 10))
        return 0;
    float energy = 0;
    for (int b = 0; b < PIECES; b++)
        energy += weight[b] * rx->energy[b];
    look->purity = (low + high) * SCALE / energy;
    return look->purity > PURITY && fabsf(look->turn[0]) < FREQUENCY_LOOK * tone_hz[look->low] &&
           fabsf(look->turn[1]) < FREQUENCY_LOOK * tone_hz[look->high];
}

static int on_frequency(const struct dtmf_rx *rx, const struct look *look)
{
    return fabsf(rx->hertz[0]) < FREQUENCY_MEAN * tone_hz[look->low] * (float)rx->clear &&
           fabsf(rx->hertz[1]) < FREQUENCY_MEAN * tone_hz[look->high] * (float)rx->clear;
}

/* Begins again where the frequency glides. */
static void clear_hit(struct dtmf_rx *rx, const struct look *look)
{
    for (int i = 0; i < 2; i++)
        if (fabsf(look->turn[i] - rx->first[i]) > DRIFT_HZ)
            rx->clear = 0;
    if (rx->clear == 0) {
        memcpy(rx->first, look->turn, sizeof rx->first);
        rx->hertz[0] = rx->hertz[1] = 0;
    }
    rx->hertz[0] += look->turn[0];
    rx->hertz[1] += look->turn[1];
    rx->clear++;
}

static void hit(struct dtmf_rx *rx, const struct look *look, char digit)
{
    if (rx->state != DTMF_HEARD && digit != rx->digit)
        rx->hits = 0;
    if (rx->hits == 0) {
        rx->digit = digit;
        rx->clear = 0;
        rx->ms = EDGE_MS;
        rx->lost_ms = rx->misses = 0;
    }
    if (look->purity > PURITY_CLEAR)
        clear_hit(rx, look);
    rx->hits++;
    rx->ms += rx->lost_ms + rx->misses * STEP_MS;
    rx->lost_ms = rx->misses = 0;
    if (rx->state == DTMF_QUIET && rx->hits >= HITS_SUSPECT)
        rx->state = DTMF_SUSPECT;
    rx->ms += STEP_MS;
}

static void miss(struct dtmf_rx *rx)
{
    if (rx->state == DTMF_HEARD && ++rx->misses < MISSES_OFF)
        return;
    rx->state = DTMF_QUIET;
    rx->hits = rx->misses = 0;
}

/* One look. Returns the digit that has just become certain, or 0. */
static char judge(struct dtmf_rx *rx)
{
    static const char keys[] = "123A456B789C*0#D";
    struct look look;
    make_look(rx, &look);
    char digit = keys[look.low * 4 + look.high - 4];
    int good = is_hit(rx, &look);
    rx->last = look;
    rx->others = good && rx->state == DTMF_HEARD && digit != rx->digit ? rx->others + 1 : 0;
    if (rx->others > 1) { /* another digit without a pause between; one look may err across a lost packet */
        rx->state = DTMF_QUIET;
        rx->hits = rx->misses = 0;
        return 0;
    }
    good = good && !rx->others;
    if (!good) {
        miss(rx);
        return 0;
    }
    hit(rx, &look, digit);
    if (rx->state == DTMF_HEARD || rx->hits < HITS_ON || rx->clear < CLEAR_ON || !on_frequency(rx, &look))
        return 0;
    rx->state = DTMF_HEARD;
    return digit;
}

void dtmf_rx_skip(struct dtmf_rx *rx, int count)
{
    rx->time += (uint32_t)(count / PIECE); /* the phase runs on; the looks close up over the gap */
    rx->lost_ms += count * 1000 / 8000;
}

int dtmf_rx_feed(struct dtmf_rx *rx, const int16_t *pcm, int count, char *out, int max)
{
    int written = 0;
    for (int i = 0; i < count; i++) {
        rx->piece[rx->filled++] = filtered(rx, pcm[i]);
        if (rx->filled < PIECE)
            continue;
        rx->filled = 0;
        mix_piece(rx);
        char digit = rx->time % STEP ? 0 : judge(rx);
        if (digit && written < max)
            out[written++] = digit;
    }
    return written;
}
