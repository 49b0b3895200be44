/* Solves one line's circuit. See copper.h.
 *
 *   source --[source ohm]--+--(cut?)--[loop ohm]--+--[telephone]--
 *                       [short]                   +--[leak]-------
 *                                                 +--[ringers R]--[ringers C]--
 *
 * Each frame the right side is turned into one conductance and one inner voltage (the charged
 * ringer capacitor), so the current falls out of one division; the capacitor is then moved on
 * by Euler's step, good to 0.2 % at its 55 ms time constant. */
#include "copper.h"

#include <math.h>
#include <string.h>

#define RINGER_OHM 6930.0 /* 1 REN, line-electrical.md section 2 */
#define RINGER_FARAD 8e-6
#define FRAME_S 125e-6
#define SHORT_OHM 10.0
#define NO_NOISE_DBM0 (-90.0)
/* Peak of a 0 dBm0 sine over 32768, and over its rms. */
#define FULL_SCALE_DBM0 3.14

void simboard_wire_default(struct simboard_wire *wire) {
    *wire = (struct simboard_wire){
        .loop_ohm = 50, .ren = 1, .phone_ohm = 250, .erl_db = 20, .noise_dbm0 = NO_NOISE_DBM0, .sidetone_db = 30};
}

void copper_start(struct copper *copper, uint64_t seed) {
    struct simboard_wire wire;
    memset(copper, 0, sizeof *copper);
    copper->rng = seed;
    simboard_wire_default(&wire);
    copper_wire(copper, &wire);
}

static float gain_of(double loss_db) {
    return (float)pow(10.0, -loss_db / 20.0);
}

void copper_wire(struct copper *copper, const struct simboard_wire *wire) {
    copper->wire = *wire;
    copper->ringer_g = wire->ren / RINGER_OHM;
    copper->phone_g = 1.0 / wire->phone_ohm;
    copper->wire_g = wire->leak_ohm > 0 ? 1.0 / wire->leak_ohm : 0.0;
    copper->port_gain = gain_of(wire->loss_db);
    copper->echo_gain = gain_of(wire->erl_db);
    copper->sidetone_gain = gain_of(wire->sidetone_db);
    copper->echo_delay = (int)lround(wire->echo_ms * 8.0);
    copper->noise_peak = 0;
    if (wire->noise_dbm0 > NO_NOISE_DBM0) /* rms of noise in samples: a sine's peak over sqrt 2 */
        copper->noise_peak = (float)(32768.0 / sqrt(2.0) * pow(10.0, (wire->noise_dbm0 - FULL_SCALE_DBM0) / 20.0));
}

static double limited(double a, double limit_a) {
    return a > limit_a ? limit_a : a < -limit_a ? -limit_a : a;
}

/* The port sees only a short (or the open end of a cut wire); the telephone side relaxes alone. */
static void solve_parted(struct copper *c, const struct line_source *source, double far_g) {
    c->loop_a = 0;
    c->port_v = source->v;
    if (c->wire.short_tip_ring) {
        c->loop_a = limited(source->v / (source->ohm + SHORT_OHM), source->limit_a);
        c->port_v = c->loop_a * SHORT_OHM;
        if (!c->wire.cut) far_g += 1.0 / (c->wire.loop_ohm + SHORT_OHM);
    }
    c->phone_v = far_g > 0 ? c->ringer_v * c->ringer_g / (far_g + c->ringer_g) : c->ringer_v;
}

void copper_solve(struct copper *c, const struct line_source *source) {
    double far_g = c->wire_g + (c->lifted ? c->phone_g : 0.0);
    double all_g = far_g + c->ringer_g;
    if (c->away) {
        c->loop_a = 0;
        c->port_v = source->v;
        return;
    }
    if (c->wire.cut || c->wire.short_tip_ring) {
        solve_parted(c, source, far_g);
    } else if (all_g <= 0) {
        c->loop_a = 0;
        c->port_v = c->phone_v = source->v;
        return;
    } else {
        double inner_v = c->ringer_v * c->ringer_g / all_g;
        double a = (source->v - inner_v) / (source->ohm + c->wire.loop_ohm + 1.0 / all_g);
        c->loop_a = limited(a, source->limit_a);
        c->phone_v = inner_v + c->loop_a / all_g;
        c->port_v = c->phone_v + c->loop_a * c->wire.loop_ohm;
    }
    if (c->ringer_g > 0) c->ringer_v += (c->phone_v - c->ringer_v) * (FRAME_S / (RINGER_OHM * RINGER_FARAD));
}
