/* One line's copper: source, wires, ringers and telephone as one small circuit, and the
 * telephone's hook, mouth and ear.
 *
 * DC and ringing are solved frame by frame as a resistor network with one capacitor (the
 * ringers'); speech is carried beside it as samples, since the codec and hybrid live at the
 * port. copper.c solves the circuit, phone.c moves the hook and carries the voice. */
#ifndef COPPER_H
#define COPPER_H

#include <stdbool.h>
#include <stdint.h>

#include "faces.h"

#define ECHO_SAMPLES 512 /* 60 ms and some */

/* What the port puts on the wires in this frame. */
struct line_source {
    double v;       /* open-circuit V(tip) - V(ring) */
    double ohm;     /* in series */
    double limit_a; /* largest current either way */
};

struct copper {
    struct simboard_wire wire;
    /* circuit, after copper_solve */
    double port_v, phone_v, loop_a;
    double ringer_v; /* across the ringers' capacitor */
    double wire_g, ringer_g, phone_g;
    bool away;     /* a relay has taken the telephone off this port: the circuit is the port's alone */
    double away_a; /* what flows through the telephone meanwhile */
    /* hook */
    bool lifted;
    int edges, edge_first;
    struct simboard_edge edge[SIMBOARD_MAX_EDGES];
    /* voice */
    float port_gain, echo_gain, noise_peak, sidetone_gain;
    int echo_delay, echo_at;
    float echo[ECHO_SAMPLES];
    uint64_t rng;
    int mouth_at, mouth_count;
    short mouth[SIMBOARD_MOUTH_SAMPLES];
    short ear[SIMBOARD_TRACE_SAMPLES];
    float trace[SIMBOARD_TRACE_SAMPLES];
};

void copper_start(struct copper *copper, uint64_t seed);
/* Takes over new wire values, already checked. */
void copper_wire(struct copper *copper, const struct simboard_wire *wire);
void copper_solve(struct copper *copper, const struct line_source *source);

/* Moves the hook when its next edge is due. */
void phone_hook_step(struct copper *copper, double now_us);
/* By hand: now, with bounce. */
void phone_move_hook(struct copper *copper, bool lifted, double now_us);
/* What the port has to do with voice in one frame. Samples in WAV scale. */
struct port_voice {
    float out;         /* what it sends into the line */
    bool on;           /* its audio path is powered */
    float hybrid_leak; /* share of its own voice that its misadjusted hybrid lets back */
};

/* One frame of voice; returns what the port hears. `frame` is the index of the ear's and the
 * trace's sample. */
float phone_voice_step(struct copper *copper, const struct port_voice *port, int64_t frame);
/* Its halves, for a telephone that is away: what it says, and what it hears of others. */
float phone_says(struct copper *copper);
void phone_hears(struct copper *copper, float arriving, float own, bool joined, int64_t frame);

/* Parts of the voice's way that an exchange line (office.c) shares: the next sample of the far party's mouth, what
 * comes back of the port's own voice, the wires' noise, and a sample as the ear keeps it. */
float copper_mouth(struct copper *copper);
float copper_echo(struct copper *copper, float from_port);
float copper_noise(struct copper *copper);
short copper_clipped(float sample);

#endif
