/* The telephone on the line: hook contact, mouth, ear, and the hybrid's echo. See copper.h. */
#include "chance.h"
#include "copper.h"

#define BOUNCE_SHORTEST_US 300.0
#define BOUNCE_LONGEST_US 2500.0
#define TALKING_A 0.001 /* a telephone's amplifier wants this much loop current */
#define VOLT_PER_SAMPLE (1.5729f / 32768.0f) /* peak of +3.14 dBm in 600 ohm at full scale */

void phone_hook_step(struct copper *c, double now_us) {
    while (c->edges > 0) {
        const struct simboard_edge *edge = &c->edge[c->edge_first];
        if ((double)edge->at_us > now_us) return;
        c->lifted = edge->lifted != 0;
        c->edge_first = (c->edge_first + 1) % SIMBOARD_MAX_EDGES;
        c->edges--;
    }
}

static void plan_edge(struct copper *c, double at_us, bool lifted) {
    if (c->edges >= SIMBOARD_MAX_EDGES) return;
    c->edge[(c->edge_first + c->edges++) % SIMBOARD_MAX_EDGES] = (struct simboard_edge){(long long)at_us, lifted};
}

void phone_move_hook(struct copper *c, bool lifted, double now_us) {
    double until_us = now_us + c->wire.bounce_ms * 1000.0;
    double at_us = now_us;
    bool contact = lifted;
    c->edges = 0;
    if (c->lifted == lifted) return;
    c->lifted = lifted;
    for (;;) {
        at_us += chance_between(&c->rng, BOUNCE_SHORTEST_US, BOUNCE_LONGEST_US);
        if (at_us >= until_us || c->edges >= SIMBOARD_MAX_EDGES - 1) break;
        contact = !contact;
        plan_edge(c, at_us, contact);
    }
    if (contact != lifted) plan_edge(c, until_us, lifted);
}

short copper_clipped(float sample) {
    if (sample >= 32767.0f) return 32767;
    if (sample <= -32768.0f) return -32768;
    return (short)(sample + (sample < 0 ? -0.5f : 0.5f));
}

float copper_noise(struct copper *c) {
    return c->noise_peak > 0 ? c->noise_peak * (float)chance_noise(&c->rng) : 0.0f;
}

float copper_echo(struct copper *c, float from_port) {
    c->echo[c->echo_at] = from_port;
    float echo = c->echo[(c->echo_at - c->echo_delay) & (ECHO_SAMPLES - 1)];
    c->echo_at = (c->echo_at + 1) & (ECHO_SAMPLES - 1);
    return echo * c->echo_gain;
}

float copper_mouth(struct copper *c) {
    if (c->mouth_count == 0) return 0;
    float sample = c->mouth[c->mouth_at];
    c->mouth_at = (c->mouth_at + 1) % SIMBOARD_MOUTH_SAMPLES;
    c->mouth_count--;
    return sample;
}

float phone_says(struct copper *c) {
    float mouth = copper_mouth(c);
    double a = c->away ? c->away_a : c->loop_a;
    return c->lifted && (a > TALKING_A || a < -TALKING_A) ? mouth : 0;
}

void phone_hears(struct copper *c, float arriving, float own, bool joined, int64_t frame) {
    int at = (int)(frame % SIMBOARD_TRACE_SAMPLES);
    double a = c->away ? c->away_a : c->loop_a;
    bool speaking = c->lifted && (a > TALKING_A || a < -TALKING_A);
    float ear = 0;
    if (joined || speaking) ear = arriving + own * c->sidetone_gain + copper_noise(c);
    c->ear[at] = copper_clipped(ear);
    c->trace[at] = (float)c->phone_v + (arriving + own) * VOLT_PER_SAMPLE;
}

float phone_voice_step(struct copper *c, const struct port_voice *port, int64_t frame) {
    bool joined = port->on && !c->wire.cut && !c->wire.short_tip_ring && !c->away;
    float mouth = c->away ? 0 : phone_says(c), heard = 0;
    if (!c->away) phone_hears(c, joined ? port->out * c->port_gain : 0, mouth, joined, frame);
    if (port->on) heard = copper_echo(c, port->out) + port->out * port->hybrid_leak + copper_noise(c);
    if (joined) heard += mouth * c->port_gain;
    return heard;
}
