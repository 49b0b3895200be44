/* Ringing of the Si321x, section 9: sine or trapezoid from the registers, hardware cadence, and
 * the hand-over between DC feed and ringing where both voltages meet. */
#include "si321x.h"

#include <math.h>

#define FULL_V 96.0            /* RNGX and ROFF: 2^15 is 96 V */
#define OSCILLATOR_HZ 1000.0   /* the ring oscillator's own sample rate for sines */
#define RATE_HZ 8000.0
#define TSWS 0x01
#define RVO 0x02
#define RTIE 0x08
#define RTAE 0x10
#define CLIP_ROOM_V 1.0        /* the drivers cannot reach the battery closer than this */
#define LONGEST_WAIT_FRAMES 1600 /* 200 ms: then the hand-over is forced */

static double coefficient(const struct si321x *chip) {
    return (double)(int16_t)si321x_ir(chip, IR_RCO) / 32768.0;
}

/* Inverse of RNGX = 1/4 sqrt((1-c)/(1+c)) 2^15 Vpk/96. */
static double sine_peak_v(const struct si321x *chip) {
    double c = coefficient(chip);
    double x = (double)(int16_t)si321x_ir(chip, IR_RNGX) / 32768.0;
    if (c >= 1.0 || c <= -1.0) return 0;
    return 4.0 * FULL_V * x / sqrt((1.0 - c) / (1.0 + c));
}

static void check_amplitude(struct si321x *chip) {
    double peak_v = fabs(chip->ring_peak_v), offset_v = fabs(chip->ring_offset_v);
    double battery_v = 1.5 * (chip->dr[DR_VBATH] & 0x3F), voc_v = 1.5 * (chip->dr[DR_VOC] & 0x3F);
    if (peak_v + offset_v + CLIP_ROOM_V > battery_v)
        violations_add(chip->log, chip->port, chip->now_us,
                       "ringing of %.1f V peak and %.1f V offset with VBATH %.1f V", peak_v, offset_v, battery_v);
    if (peak_v + offset_v < voc_v || peak_v - offset_v < 0)
        violations_add(chip->log, chip->port, chip->now_us, "ringing of %.1f V peak does not exceed VOC %.1f V",
                       peak_v, voc_v);
}

/* DR64 LF=4 was written: judge the registers, start the cadence. */
void si321x_ring_command(struct si321x *chip) {
    uint8_t control = chip->dr[DR_RING];
    si321x_ir_require(chip, IR_RCO, IR_RNGY, "ringing");
    if (control & RVO) si321x_ir_require(chip, IR_ROFF, IR_ROFF, "ringing with offset");
    chip->ring_trapezoid = control & TSWS;
    chip->ring_offset_v = control & RVO ? 1.5 * (si321x_ir(chip, IR_ROFF) >> 9 & 0x3F) : 0;
    double trapezoid_v = FULL_V * (si321x_ir(chip, IR_RNGX) & 0x7FFF) / 32768.0;
    chip->ring_peak_v = chip->ring_trapezoid ? trapezoid_v : sine_peak_v(chip);
    if (!chip->ring_trapezoid && si321x_ir(chip, IR_RNGY) != 0) si321x_breach(chip, "sine ringing with RNGY not 0");
    check_amplitude(chip);
    si321x_burst_start(&chip->ring_burst, si321x_register_pair(chip, DR_RAT));
}

/* The ringing state begins: the oscillator starts at its zero. */
void si321x_ring_begin(struct si321x *chip) {
    chip->ring_wait_left = LONGEST_WAIT_FRAMES;
    chip->ring_v = 0;
    if (chip->ring_trapezoid) {
        chip->ring_slope_v = FULL_V * (si321x_ir(chip, IR_RCO) & 0x7FFF) / 32768.0;
        chip->ring_half_left = si321x_ir(chip, IR_RNGY);
    } else {
        si321x_sine_start(&chip->ring, coefficient(chip), OSCILLATOR_HZ / RATE_HZ);
    }
}

static double trapezoid_step(struct si321x *chip) {
    double v = chip->ring_v + chip->ring_slope_v;
    double peak_v = chip->ring_peak_v;
    if (--chip->ring_half_left <= 0) {
        chip->ring_half_left = si321x_ir(chip, IR_RNGY);
        chip->ring_slope_v = -chip->ring_slope_v;
    }
    return v > peak_v ? peak_v : v < -peak_v ? -peak_v : v;
}

/* Moves the oscillator on and hands the line over where its voltage meets the feed's. */
void si321x_ring_step(struct si321x *chip, double dc_v) {
    double clip_v = chip->battery_v - CLIP_ROOM_V;
    double before_v = chip->ring_v;
    double raw_v = chip->ring_trapezoid ? trapezoid_step(chip) : chip->ring_peak_v * si321x_sine_next(&chip->ring);
    chip->ring_v = raw_v;
    bool leaving = chip->wanted != LF_RINGING;
    if (leaving == chip->ring_on_line) {
        double meet_v = dc_v - chip->ring_offset_v;
        bool met = (before_v < meet_v) != (raw_v < meet_v);
        if (met || --chip->ring_wait_left <= 0) {
            chip->ring_on_line = !leaving;
            chip->ring_wait_left = LONGEST_WAIT_FRAMES;
        }
    }
    if (!chip->ring_on_line) return;
    double out_v = raw_v + chip->ring_offset_v;
    chip->source.v = out_v > clip_v ? clip_v : out_v < -clip_v ? -clip_v : out_v;
}

void si321x_burst_start(struct si321x_burst *burst, int active) {
    *burst = (struct si321x_burst){true, true, active};
}

int si321x_burst_step(struct si321x_burst *burst, int active, int inactive, bool active_timer, bool inactive_timer) {
    if (!burst->running || (burst->on ? !active_timer : !inactive_timer)) return 0;
    if (--burst->left > 0) return 0;
    burst->on = !burst->on;
    burst->left = burst->on ? active : inactive;
    return burst->on ? 2 : 1;
}

/* During the silent part the chip sits in OHT while LF stays 4 (section 7). */
void si321x_ring_cadence_step(struct si321x *chip) {
    if (!chip->ring_burst.running) return;
    uint8_t control = chip->dr[DR_RING];
    int edge = si321x_burst_step(&chip->ring_burst, si321x_register_pair(chip, DR_RAT),
                                 si321x_register_pair(chip, DR_RAT + 2), control & RTAE, control & RTIE);
    if (edge == 1) {
        si321x_interrupt(chip, IRQ_RGAP);
        si321x_linefeed_go(chip, LF_OHT);
    } else if (edge == 2) {
        si321x_interrupt(chip, IRQ_RGIP);
        si321x_linefeed_go(chip, LF_RINGING);
    }
}
