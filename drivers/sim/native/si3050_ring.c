/* Ring detector of the Si3050, section 5: threshold crossings of the alternating part of the line's voltage, the
 * one-shot of 5 s, and validation by the time between crossings. */
#include "si3050.h"

#include <math.h>

#define COUPLING (125e-6 / 0.020) /* the detector sees what changes faster than some 8 Hz */
#define ONE_SHOT_FRAMES 40000
#define FRAMES_PER_2MS 16
#define FRAMES_PER_TIME_OUT 1024  /* 128 ms */
#define FRAMES_PER_DELAY 2048     /* 256 ms */
#define RFWE 0x02
#define RDI 0x04
#define RNGV 0x80

void si3050_ring_clear(struct si3050 *chip) {
    chip->ring_positive = chip->ring_negative = chip->ring_detected = false;
    chip->since_ring = ONE_SHOT_FRAMES;
    chip->since_cross = ONE_SHOT_FRAMES;
    chip->valid_frames = chip->delay_left = 0;
    chip->ring_dc_v = chip->port_v;
}

uint8_t si3050_ring_bits(const struct si3050 *chip) {
    bool negative = chip->ring_negative && chip->reg[DAA_INT3] & RFWE;
    return (uint8_t)(negative << 6 | chip->ring_positive << 5 | chip->ring_detected << 2);
}

static double threshold_v(const struct si3050 *chip) {
    static const double NOMINAL_V_RMS[4] = {15.0, 21.5, 45.0, 45.0};
    int code = (chip->reg[DAA_INT2] & 0x10) >> 3 | (chip->reg[DAA_INT1] & 1);
    return NOMINAL_V_RMS[code] * sqrt(2.0) * chip->nature.ring_scale;
}

static void detected(struct si3050 *chip, bool now) {
    bool both_ends = chip->reg[DAA_CONTROL2] & RDI;
    if (now != chip->ring_detected && (now || both_ends)) chip->reg[DAA_SOURCE] |= DAA_RDTI;
    chip->ring_detected = now;
}

/* Half a period between two crossings, in units of 2 ms, must lie between RAS-RMX and RAS. */
static bool fits(const struct si3050 *chip, int frames) {
    bool full = chip->reg[DAA_INT3] & RFWE;
    int half = (full ? frames : frames / 2) / FRAMES_PER_2MS;
    int longest = chip->reg[DAA_RING3] & 0x3F, span = chip->reg[DAA_RING1] & 0x3F;
    return half <= longest && half >= longest - span;
}

static void validate(struct si3050 *chip, bool crossed) {
    static const int CONFIRM_MS[8] = {100, 150, 200, 256, 384, 512, 640, 1024};
    int time_out = (chip->reg[DAA_RING2] >> 3 & 0x0F) * FRAMES_PER_TIME_OUT;
    if (crossed) {
        chip->valid_frames = fits(chip, chip->since_cross) ? chip->valid_frames + chip->since_cross : 0;
        chip->since_cross = 0;
    }
    if (chip->since_cross > time_out) {
        chip->valid_frames = chip->delay_left = 0;
        detected(chip, false);
        return;
    }
    if (chip->ring_detected || chip->valid_frames < CONFIRM_MS[chip->reg[DAA_RING2] & 7] * 8) return;
    int delay = (chip->reg[DAA_RING1] >> 6 | (chip->reg[DAA_RING2] & 0x80) >> 5) * FRAMES_PER_DELAY;
    if (++chip->delay_left > delay) detected(chip, true);
}

static void one_shot(struct si3050 *chip, bool crossed) {
    chip->since_ring = crossed ? 0 : chip->since_ring + (chip->since_ring < ONE_SHOT_FRAMES);
    detected(chip, chip->since_ring < ONE_SHOT_FRAMES);
}

void si3050_ring_step(struct si3050 *chip) {
    if (si3050_off_hook(chip)) return;
    chip->ring_dc_v += (chip->port_v - chip->ring_dc_v) * COUPLING;
    chip->ring_ac_v = chip->port_v - chip->ring_dc_v;
    bool full = chip->reg[DAA_INT3] & RFWE, had_positive = chip->ring_positive, had_negative = chip->ring_negative;
    chip->ring_positive = chip->ring_ac_v > threshold_v(chip);
    chip->ring_negative = chip->ring_ac_v < -threshold_v(chip);
    bool crossed = (chip->ring_positive && !had_positive) || (full && chip->ring_negative && !had_negative);
    if (chip->since_cross < 1 << 20) chip->since_cross++;
    if (chip->reg[DAA_RING3] & RNGV) validate(chip, crossed);
    else one_shot(chip, crossed);
}
