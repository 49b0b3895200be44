/* Data on a resting telephone line: see data_rx.h.
 *
 * FSK: both frequencies are correlated over the last 7 samples, a bit being 6 2/3; the louder one is the bit, and an
 * octet is timed from the edge of its start bit. DTMF: the engine's own receiver behind up to 14 dB of gain, which it
 * lacks for a telephone that speaks far off. Both behind a high-pass: a line interface adds a direct voltage. */
#include "data_rx.h"

#include <math.h>
#include <stdlib.h>

#include "dtmf_rx.h"

#define WINDOW 7
#define TURN 80            /* samples in which all four frequencies come round */
#define BIT_SAMPLES (8000.0f / 1200.0f)
#define CARRIER_ON 1.2e5f  /* mean |correlation|^2 of -46 dBm0 */
#define CARRIER_OFF 6e4f
#define BLEND 0.02f        /* of the level: some 6 ms */
#define HIGH_PASS 0.9f
#define DTMF_PEAK 16000.0f /* quieter digits are turned up to this, DTMF_GAIN at most */
#define DTMF_GAIN 5.0f
#define DTMF_FADE 0.999f
#define DIGITS_END_SAMPLES 4000 /* no digit for half a second */
#define MISSED_GAP 8 / 5        /* so many times the shortest gap: a digit is missing in between */

static const int frequencies[2][2] = {{1200, 2200}, {1300, 2100}}; /* mark, space */

struct data_rx {
    int kind;
    float before, passed;        /* of the high-pass */
    /* FSK */
    float wave[2][2][TURN];      /* mark and space, cosine and sine */
    float product[2][2][WINDOW];
    int turn, at;
    float level;
    int carrier;
    float last;                  /* mark above space, one sample ago */
    float since;                 /* samples since the start bit's edge; negative: waiting for one */
    int bit, octet;
    /* DTMF */
    struct dtmf_rx *digits;
    float peak;
    int quiet;                   /* samples since the last digit; negative: there was none */
    int shortest;                /* of such gaps in this train; 0: none yet */
};

struct data_rx *data_rx_new(int kind)
{
    struct data_rx *rx = calloc(1, sizeof *rx);
    if (!rx)
        return NULL;
    rx->kind = kind;
    rx->since = -1;
    rx->quiet = -1;
    rx->last = -1;
    if (kind == DATA_RX_DTMF) {
        rx->digits = dtmf_rx_new();
        if (rx->digits)
            return rx;
        free(rx);
        return NULL;
    }
    for (int tone = 0; tone < 2; tone++)
        for (int i = 0; i < TURN; i++) {
            double angle = 2 * M_PI * frequencies[kind == DATA_RX_V23][tone] * i / 8000;
            rx->wave[tone][0][i] = (float)cos(angle);
            rx->wave[tone][1][i] = (float)sin(angle);
        }
    return rx;
}

void data_rx_free(struct data_rx *rx)
{
    if (!rx)
        return;
    if (rx->digits)
        dtmf_rx_free(rx->digits);
    free(rx);
}

static float high_pass(struct data_rx *rx, int16_t sample)
{
    rx->passed = sample - rx->before + HIGH_PASS * rx->passed;
    rx->before = sample;
    return rx->passed;
}

/* -- FSK ---------------------------------------------------------------------------------- */

/* Squared correlation of the window with mark (0) or space (1). */
static float correlate(struct data_rx *rx, int tone, float sample)
{
    float power = 0;
    for (int part = 0; part < 2; part++) {
        float sum = 0, *product = rx->product[tone][part];
        product[rx->at] = sample * rx->wave[tone][part][rx->turn];
        for (int i = 0; i < WINDOW; i++)
            sum += product[i];
        power += sum * sum;
    }
    return power;
}

/* 1 when an octet is complete; its stop bit is not asked for: the message has a checksum. */
static int bit_timing(struct data_rx *rx, float mark_above)
{
    int complete = 0;
    if (rx->since < 0) {
        if (rx->last >= 0 && mark_above < 0) {
            rx->since = mark_above / (mark_above - rx->last); /* the edge lay between the two samples */
            rx->bit = rx->octet = 0;
        }
    } else {
        rx->since += 1;
        if (rx->since >= ((float)rx->bit + 0.5f) * BIT_SAMPLES) {
            int one = mark_above > 0;
            if (rx->bit == 0 && one)
                rx->since = -1; /* no start bit: a click */
            else if (rx->bit >= 1 && rx->bit <= 8)
                rx->octet |= one << (rx->bit - 1);
            complete = rx->since >= 0 && rx->bit == 9;
            rx->bit++;
            if (complete)
                rx->since = -1;
        }
    }
    rx->last = mark_above;
    return complete;
}

static int fsk_sample(struct data_rx *rx, float sample, int *out)
{
    float mark = correlate(rx, 0, sample), space = correlate(rx, 1, sample);
    rx->turn = (rx->turn + 1) % TURN;
    rx->at = (rx->at + 1) % WINDOW;
    rx->level += BLEND * (mark + space - rx->level);
    int carrier = rx->level > (rx->carrier ? CARRIER_OFF : CARRIER_ON), was = rx->carrier;
    rx->carrier = carrier;
    if (!carrier) {
        rx->since = rx->last = -1;
        *out = DATA_RX_END;
        return was;
    }
    if (!bit_timing(rx, mark - space))
        return 0;
    *out = rx->octet;
    return 1;
}

/* -- DTMF --------------------------------------------------------------------------------- */

/* Digits of an exchange come like clockwork: 1 when there is a hole before the one just heard. */
static int missed_one(struct data_rx *rx)
{
    int gap = rx->quiet, missed = gap > 0 && rx->shortest && gap > rx->shortest * MISSED_GAP;
    if (gap > 0 && (!rx->shortest || gap < rx->shortest))
        rx->shortest = gap;
    rx->quiet = 0;
    return missed;
}

/* Returns how many of two places it has filled. */
static int digits_sample(struct data_rx *rx, float sample, int *out)
{
    float size = fabsf(sample);
    rx->peak = size > rx->peak ? size : rx->peak * DTMF_FADE;
    float gain = rx->peak * DTMF_GAIN > DTMF_PEAK ? DTMF_PEAK / rx->peak : DTMF_GAIN;
    float louder = sample * (gain < 1 ? 1 : gain);
    int16_t pcm = (int16_t)lrintf(louder > INT16_MAX ? INT16_MAX : louder < INT16_MIN ? INT16_MIN : louder);
    char digit;
    if (dtmf_rx_feed(rx->digits, &pcm, 1, &digit, 1) > 0) {
        int missed = missed_one(rx);
        out[0] = missed ? DATA_RX_MISSED : digit;
        out[missed] = digit;
        return 1 + missed;
    }
    if (rx->quiet < 0 || ++rx->quiet < DIGITS_END_SAMPLES)
        return 0;
    rx->quiet = -1;
    rx->shortest = 0;
    *out = DATA_RX_END;
    return 1;
}

int data_rx_feed(struct data_rx *rx, const int16_t *pcm, int count, int *out, int max)
{
    int told = 0, item[2];
    for (int i = 0; i < count; i++) {
        float sample = high_pass(rx, pcm[i]);
        int new = rx->digits ? digits_sample(rx, sample, item) : fsk_sample(rx, sample, item);
        for (int k = 0; k < new && told < max; k++)
            out[told++] = item[k];
    }
    return told;
}
