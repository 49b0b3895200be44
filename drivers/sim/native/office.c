/* Battery, ringing and loop detector of a simulated exchange line. See office.h. */
#include "office.h"

#include <math.h>

#define FRAME_S 125e-6
#define TWO_PI 6.283185307179586
#define CLOSED_A 0.010 /* an exchange takes the loop for closed above 10 mA and for open below 6 [M] */
#define OPEN_A 0.006
#define NO_CURRENT_OHM 1e9

void simboard_office_default(struct simboard_office *office) {
    *office = (struct simboard_office){
        .battery_v = 48, .feed_ohm = 800, .limit_ma = 100, .ring_v_rms = 75, .ring_hz = 25, .impedance = 2};
}

void office_start(struct office *office) {
    *office = (struct office){0};
    simboard_office_default(&office->set);
}

static void events_step(struct office *o, double now_us) {
    while (o->events > 0) {
        const struct simboard_office_event *event = &o->event[o->event_first];
        if ((double)event->at_us > now_us) return;
        o->feed = event->feed;
        if (event->ringing && !o->ringing) o->ring_turn = 0;
        o->ringing = event->ringing != 0;
        o->event_first = (o->event_first + 1) % SIMOFFICE_MAX_EVENTS;
        o->events--;
    }
}

static double source_v(struct office *o) {
    double v = o->feed == SIMOFFICE_REVERSED ? -o->set.battery_v : o->set.battery_v;
    if (!o->ringing) return v;
    o->ring_turn = fmod(o->ring_turn + o->set.ring_hz * FRAME_S, 1.0);
    return v + o->set.ring_v_rms * sqrt(2.0) * sin(TWO_PI * o->ring_turn);
}

/* Current into the load from a source of `v` (not negative) behind `ohm`. */
static double load_a(const struct line_load *load, double v, double ohm) {
    if (!load->off_hook || v <= load->drop_v) return 0;
    double a = (v - load->drop_v) / (ohm + load->ohm);
    if (load->knee_a > 0 && a > load->knee_a) {
        double knee_v = load->drop_v + load->knee_a * (load->ohm - load->knee_ohm);
        a = (v - knee_v) / (ohm + load->knee_ohm);
    }
    return a > load->most_a ? load->most_a : a;
}

static bool joined_lifted(const struct office *o) {
    return o->joined && o->joined->lifted && !o->joined->wire.cut;
}

/* What hangs across the chip's wires. */
static double shunt_of(const struct office *o, const struct copper *copper) {
    double g = copper->wire_g + (o->set.parallel_ohm > 0 ? 1 / o->set.parallel_ohm : 0);
    if (joined_lifted(o)) g += 1 / (o->joined->wire.phone_ohm + o->joined->wire.loop_ohm);
    return g;
}

/* The source's own resistance, or what makes it keep to its current limit into so much conductance. */
static void solve(struct office *o, const struct copper *copper, const struct line_load *load, double v) {
    double sign = v < 0 ? -1 : 1, high_v = fabs(v);
    double shunt_g = shunt_of(o, copper);
    bool parted = o->feed == SIMOFFICE_NO_FEED || copper->wire.cut;
    double ohm = parted ? NO_CURRENT_OHM : o->set.feed_ohm + copper->wire.loop_ohm;
    if (parted) high_v = 0;
    double inner_ohm = 1 / (1 / ohm + shunt_g), inner_v = high_v * inner_ohm / ohm;
    double a = load_a(load, inner_v, inner_ohm);
    double port_v = inner_v - a * inner_ohm;
    double feed_a = (high_v - port_v) / ohm;
    double limit_a = o->set.limit_ma / 1000;
    if (feed_a > limit_a) { /* a current source into shunt and load */
        a = shunt_g > 0 ? load_a(load, limit_a / shunt_g, 1 / shunt_g) : limit_a;
        if (a > limit_a) a = limit_a;
        port_v = load->drop_v + a * load->ohm;
        feed_a = limit_a;
    }
    o->loop_a = sign * a;
    o->port_v = sign * port_v;
    o->feed_a = feed_a;
}

static void detect(struct office *o, double now_us) {
    bool closed = o->closed ? o->feed_a > OPEN_A : o->feed_a > CLOSED_A;
    if (closed == o->closed) return;
    o->closed = closed;
    o->edge[o->edges++ % SIMOFFICE_EDGES] = (struct simboard_loop_edge){(long long)now_us, closed};
}

/* Its bell is too little of a load to count here. */
static void feed_joined(struct office *o) {
    struct copper *phone = o->joined;
    if (!phone) return;
    double ohm = phone->wire.phone_ohm + phone->wire.loop_ohm;
    phone->away_a = joined_lifted(o) ? o->port_v / ohm : 0;
    phone->phone_v = phone->wire.cut ? 0 : o->port_v - phone->away_a * phone->wire.loop_ohm;
}

void office_step(struct office *o, const struct copper *copper, const struct line_load *load, double now_us) {
    events_step(o, now_us);
    solve(o, copper, load, source_v(o));
    feed_joined(o);
    detect(o, now_us);
}

float office_voice_step(const struct office *o, struct copper *c, const struct port_voice *port, int64_t frame) {
    int at = (int)(frame % SIMBOARD_TRACE_SAMPLES);
    float mouth = copper_mouth(c), ear = 0, heard = 0, phone = o->joined ? phone_says(o->joined) : 0;
    bool joined = o->feed != SIMOFFICE_NO_FEED && !c->wire.cut;
    float beside = o->joined ? phone * o->joined->port_gain : 0;
    if (joined) ear = (port->out + beside) * c->port_gain + copper_noise(c);
    if (port->on) heard = copper_echo(c, port->out) + port->out * port->hybrid_leak + copper_noise(c);
    if (port->on) heard += beside;
    if (joined && port->on) heard += mouth * c->port_gain;
    if (o->joined) {
        float arriving = port->out + (joined ? mouth * c->port_gain : 0);
        phone_hears(o->joined, arriving * o->joined->port_gain, phone, !o->joined->wire.cut, frame);
    }
    c->ear[at] = copper_clipped(ear);
    c->trace[at] = (float)o->port_v;
    return heard;
}
