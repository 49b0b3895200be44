/* The resampler near 1:1: see drift.h. A windowed sinc (Kaiser) in PHASES positions, and between them a straight
 * line: what it adds stays 60 dB below the signal up to 3.4 kHz, 80 dB at 1 kHz. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "drift.h"

#define PHASES 64
#define TAPS 24
#define AFTER (TAPS / 2)     /* samples it must see beyond the one it makes */
#define BEFORE (TAPS - AFTER - 1)
#define ONE 4294967296.0     /* of the phase */
#define KAISER 5.65          /* 60 dB */
#define LANDING 100e-6
#define NEARLY 64u           /* of the phase: as good as 0 */

static float filter[PHASES + 1][TAPS];

/* The modified Bessel function of order 0, by its series. */
static double bessel(double x)
{
    double sum = 1, term = 1;
    for (int i = 1; i < 30; i++) {
        term *= x / (2 * i) * (x / (2 * i));
        sum += term;
    }
    return sum;
}

void drift_init(void)
{
    for (int phase = 0; phase <= PHASES; phase++) {
        double taps[TAPS], sum = 0;
        for (int i = 0; i < TAPS; i++) {
            double x = i - BEFORE - (double)phase / PHASES, edge = x / AFTER;
            double window = fabs(edge) < 1 ? bessel(KAISER * sqrt(1 - edge * edge)) / bessel(KAISER) : 0;
            taps[i] = window * (fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x));
            sum += taps[i];
        }
        for (int i = 0; i < TAPS; i++)
            filter[phase][i] = (float)(taps[i] / sum);
    }
}

void drift_reset(struct drift *drift)
{
    memset(drift, 0, sizeof *drift);
}

static uint64_t step_of(double excess)
{
    return (uint64_t)llrint(ONE * (1 + excess));
}

static int passes(const struct drift *drift, double excess)
{
    return drift->phase == 0 && step_of(excess) == (uint64_t)1 << 32;
}

int drift_needs(const struct drift *drift, double excess)
{
    if (!drift->on && passes(drift, excess))
        return DRIFT_BLOCK;
    uint64_t last = drift->phase + (DRIFT_BLOCK - 1) * step_of(excess);
    int needs = (int)(last >> 32) + AFTER + 1 - drift->held;
    return needs > 0 ? needs : 0;
}

static int16_t clip(double sample)
{
    return (int16_t)lrint(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

static int16_t between(const int16_t *at, uint32_t phase)
{
    double place = phase / ONE * PHASES;
    int left = (int)place;
    float a = 0, b = 0;
    for (int i = 0; i < TAPS; i++) {
        a += filter[left][i] * at[i];
        b += filter[left + 1][i] * at[i];
    }
    return clip(a + (b - a) * (place - left));
}

/* `line` begins BEFORE samples before the place of the next sample out. */
void drift_run(struct drift *drift, double excess, const int16_t *in, int count, int16_t *out)
{
    uint64_t step = step_of(excess), place = drift->phase;
    int simple = passes(drift, excess);
    memcpy(drift->line + BEFORE + drift->held, in, sizeof *in * (size_t)count);
    drift->on |= !simple;
    for (int i = 0; i < DRIFT_BLOCK; i++, place += step) {
        const int16_t *at = drift->line + (place >> 32);
        out[i] = (uint32_t)place == 0 ? at[BEFORE] : between(at, (uint32_t)place);
    }
    if ((uint32_t)place + NEARLY < 2 * NEARLY)
        place = (place + NEARLY) >> 32 << 32;
    int passed = (int)(place >> 32), total = BEFORE + drift->held + count;
    drift->phase = (uint32_t)place;
    drift->held += count - passed;
    memmove(drift->line, drift->line + passed, sizeof *drift->line * (size_t)(total - passed));
}

double drift_landing(const struct drift *drift)
{
    double excess = drift->phase == 0 ? 0 : (1 - drift->phase / ONE) / DRIFT_BLOCK;
    return excess > LANDING ? LANDING : excess;
}

double drift_ahead(const struct drift *drift)
{
    return drift->held - drift->phase / ONE;
}
