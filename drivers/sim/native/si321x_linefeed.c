/* Linefeed of the Si321x, section 7: commanded and true state, the DC feed, the battery behind it,
 * and the start-up order of section 5, without which the line stays dead. */
#include "si321x.h"

#include <math.h>

#define STEP_V 1.5           /* per LSB of VOC, VCM, VBATH, VBATL */
#define FEED_OHM 160.0       /* section 7: VOC behind 160 ohm */
#define OPEN_OHM 150e3
#define RING_LIMIT_A 0.080   /* section 9: keep the load's peak below 80 mA */
#define BATTERY_NEAR_V 6.0   /* section 5 step 6: up when within 6 V of VBATH */
#define BATTERY_FALL (125e-6 / 0.03) /* converter on, falling to a lower target: 30 ms */
#define REGULATED_RAMP 4.0     /* once up, the converter follows a rising target faster than it starts */
#define FEED_SMOOTHING 0.2   /* one-pole per frame: a step of the feed takes about 2 ms */
#define VOC_HEADROOM_V 2.0
#define CONVERTER_OFF 0x10
#define LOOPBACK_RESET 0x02
#define TRACK 0x01
#define FVBAT 0x08
#define HYSTEN 0x01
#define OSC2_ENABLE 0x04
#define LINE_A 0.001

static double register_v(const struct si321x *chip, int address) {
    return STEP_V * (chip->dr[address] & 0x3F);
}

static bool converter_on(const struct si321x *chip) {
    return !(chip->dr[DR_POWER] & CONVERTER_OFF);
}

static void kill_line(struct si321x *chip, const char *sentence) {
    si321x_breach(chip, sentence);
    chip->dead = true;
}

void si321x_converter_write(struct si321x *chip, uint8_t before) {
    bool was_on = !(before & CONVERTER_OFF);
    if (converter_on(chip) && !was_on && !si321x_ir_require(chip, IR_VMIND, IR_VMIND, "starting the converter"))
        chip->dead = true;
    if (!converter_on(chip)) chip->battery_ready = false;
}

/* Everything that has to be true before the line may leave the open state for the first time. */
static void check_start(struct si321x *chip) {
    if (!converter_on(chip) || !chip->battery_ready)
        kill_line(chip, "linefeed on before the battery was up: line stays dead until RESET");
    if (!chip->calibrated) kill_line(chip, "linefeed on before calibration: line stays dead until RESET");
    if (chip->dr[DR_LOOPBACK] & LOOPBACK_RESET) si321x_breach(chip, "linefeed on with DR8 still at its reset value");
    si321x_ir_require(chip, IR_DACG, IR_VMIND, "linefeed leaves open");
    if (chip->dr[DR_ENHANCE] & HYSTEN) si321x_ir_require(chip, IR_LCRTL, IR_LCRTL, "linefeed leaves open, HYSTEN=1");
}

static void check_ringing_change(struct si321x *chip, uint8_t command) {
    bool toggles = (command == LF_REVERSE || command == LF_REVERSE_OHT) != chip->reversed;
    if (chip->state == LF_RINGING && command != LF_RINGING && command != LF_OPEN && toggles)
        si321x_breach(chip, "polarity toggled while ringing");
    if (command == LF_RINGING && (chip->dr[DR_OSC2] & OSC2_ENABLE))
        si321x_breach(chip, "ringing with tone generator 2 enabled (O2E=1)");
}

void si321x_linefeed_go(struct si321x *chip, uint8_t state) {
    if (state == chip->wanted) return;
    chip->wanted = state;
    chip->transition_left = chip->nature.transition_frames;
    if (state != LF_OPEN) return;
    chip->state = LF_OPEN; /* opening needs no continuity and happens at once */
    chip->ring_on_line = false;
}

void si321x_linefeed_write(struct si321x *chip, uint8_t value) {
    uint8_t command = value & 7;
    uint8_t before = chip->dr[DR_LINEFEED];
    bool opening = command == LF_OPEN;
    check_ringing_change(chip, command);
    chip->dr[DR_LINEFEED] = command;
    chip->tripped = false;
    if (!opening && chip->state == LF_OPEN && chip->wanted == LF_OPEN) {
        for (int q = 0; q < 6; q++) chip->alarmed[q] = false;
        if (before == LF_OPEN) check_start(chip);
    }
    if (chip->dead) return;
    if (command == LF_RINGING) si321x_ring_command(chip);
    else chip->ring_burst.running = chip->ring_burst.on = false;
    si321x_linefeed_go(chip, command);
}

static void enter_state(struct si321x *chip, uint8_t state) {
    if (state == LF_RINGING) si321x_ring_begin(chip);
    if (state == LF_ACTIVE || state == LF_OHT) chip->reversed = false;
    if (state == LF_REVERSE || state == LF_REVERSE_OHT) chip->reversed = true;
    chip->state = state;
}

/* The state follows its target; ringing is left only when its voltage meets the DC feed's (RDAC). */
static void state_step(struct si321x *chip) {
    if (chip->state == chip->wanted) return;
    if (chip->transition_left > 0) chip->transition_left--;
    if (chip->transition_left > 0 || chip->ring_on_line) return;
    enter_state(chip, chip->wanted);
}

static double battery_target(const struct si321x *chip, double line_v) {
    double high_v = register_v(chip, DR_VBATH);
    bool ringing = chip->dr[DR_LINEFEED] == LF_RINGING || chip->state == LF_RINGING;
    if (!converter_on(chip)) return 0;
    if (!si321x_feeding(chip->state) || ringing || (chip->dr[DR_FEED] & FVBAT)) return high_v;
    double overhead_v = STEP_V * (si321x_ir(chip, IR_VMIND) >> 9 & 0x0F);
    double target_v = register_v(chip, DR_VCM) + fabs(line_v) + overhead_v;
    double floor_v = register_v(chip, DR_VBATL);
    if (!(chip->dr[DR_FEED] & TRACK) && target_v < floor_v) target_v = floor_v;
    return target_v;
}

static void battery_step(struct si321x *chip, const struct copper *copper) {
    bool limited = fabs(copper->loop_a) > LINE_A;
    double target_v = battery_target(chip, limited ? copper->port_v : register_v(chip, DR_VOC));
    if (chip->battery_v < target_v) {
        chip->battery_v += chip->nature.ramp_v_per_frame * (chip->battery_ready ? REGULATED_RAMP : 1.0);
        if (chip->battery_v > target_v) chip->battery_v = target_v;
    } else {
        double fall = converter_on(chip) ? BATTERY_FALL : chip->nature.decay_per_frame;
        chip->battery_v += (target_v - chip->battery_v) * fall;
    }
    bool high = chip->battery_v >= register_v(chip, DR_VBATH) - BATTERY_NEAR_V;
    if (high && converter_on(chip)) chip->battery_ready = true;
}

/* VOC, or what the battery leaves of it, with its sign. */
static double feed_target(const struct si321x *chip) {
    double voc_v = register_v(chip, DR_VOC);
    double room_v = chip->battery_v - register_v(chip, DR_VCM) - VOC_HEADROOM_V;
    if (voc_v > room_v) voc_v = room_v > 0 ? room_v : 0;
    return chip->reversed ? -voc_v : voc_v;
}

static void source_step(struct si321x *chip) {
    struct line_source *source = &chip->source;
    bool feeding = si321x_feeding(chip->state) || chip->state == LF_RINGING;
    if (!feeding) {
        chip->feed_v = 0;
        *source = (struct line_source){0, OPEN_OHM, 1.0};
        return;
    }
    chip->feed_v += (feed_target(chip) - chip->feed_v) * FEED_SMOOTHING;
    source->v = chip->feed_v;
    source->ohm = FEED_OHM;
    source->limit_a = 0.020 + 0.003 * (chip->dr[DR_ILIM] & 7);
    if (chip->state == LF_RINGING) {
        si321x_ring_step(chip, chip->feed_v);
        if (chip->ring_on_line) source->limit_a = RING_LIMIT_A;
    }
}

/* Both legs against earth: DC feed hangs below -VCM, ringing swings about half the battery. */
static void legs_step(struct si321x *chip, const struct copper *copper) {
    double v = copper->port_v;
    if (chip->ring_on_line) {
        double middle_v = -(chip->battery_v - STEP_V * (si321x_ir(chip, IR_VCMR) >> 9 & 0x0F)) / 2.0;
        chip->tip_v = middle_v + v / 2.0;
    } else if (si321x_feeding(chip->state) || chip->state == LF_RINGING) {
        double near_v = -register_v(chip, DR_VCM);
        chip->tip_v = v >= 0 ? near_v : near_v + v;
    } else {
        chip->tip_v = v / 2.0;
    }
    chip->ring_leg_v = chip->tip_v - v;
}

void si321x_linefeed_step(struct si321x *chip, const struct copper *copper) {
    si321x_ring_cadence_step(chip);
    state_step(chip);
    battery_step(chip, copper);
    source_step(chip);
    legs_step(chip, copper);
}
