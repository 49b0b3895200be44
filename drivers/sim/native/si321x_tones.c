/* Tone generators of the Si321x, section 8: two sines with cadence timers, to the telephone, to
 * the highway or both. The Si3215's run at 16 kHz, so its registers read differently. */
#include "si321x.h"

#include <math.h>

#define ENABLE 0x04
#define INACTIVE_TIMER 0x08
#define ACTIVE_TIMER 0x10
#define TO_PCM 0x01
#define TO_PHONE 0x02
#define FULL_PEAK 32881.4 /* +3.17 dBm0 (1.11 V rms) in WAV scale: 32768 * 10^(0.03/20) */

void si321x_sine_start(struct si321x_sine *sine, double coefficient, double steps) {
    double c = coefficient > 1 ? 1 : coefficient < -1 ? -1 : coefficient;
    double w = acos(c) * steps;
    *sine = (struct si321x_sine){.s = 0, .c = 1, .sin_w = sin(w), .cos_w = cos(w)};
}

double si321x_sine_next(struct si321x_sine *sine) {
    double s = sine->s * sine->cos_w + sine->c * sine->sin_w;
    sine->c = sine->c * sine->cos_w - sine->s * sine->sin_w;
    return sine->s = s;
}

static void load(struct si321x *chip, int which) {
    int first = which ? IR_OSC2 : IR_OSC1;
    double c = (double)(int16_t)si321x_ir(chip, first) / 32768.0;
    double x = (double)(int16_t)si321x_ir(chip, first + 1) / 32767.0;
    si321x_ir_require(chip, first, first + 2, "tone generator on");
    si321x_sine_start(&chip->tone[which], c, chip->newer_family ? 2.0 : 1.0);
    chip->tone_peak[which] = c < 1 && c > -1 ? (float)(FULL_PEAK * 4.0 * x / sqrt((1.0 - c) / (1.0 + c))) : 0;
}

void si321x_tone_write(struct si321x *chip, int which) {
    struct si321x_burst *burst = &chip->tone_burst[which];
    bool enabled = chip->dr[DR_OSC1 + which] & ENABLE;
    if (enabled && which == 1 && chip->dr[DR_LINEFEED] == LF_RINGING)
        si321x_breach(chip, "tone generator 2 enabled while ringing (O2E=1, LF=4)");
    if (enabled && !burst->running) {
        load(chip, which);
        si321x_burst_start(burst, si321x_register_pair(chip, which ? DR_OAT2 : DR_OAT1));
    }
    if (!enabled) burst->running = burst->on = false;
}

static void one_step(struct si321x *chip, int which) {
    struct si321x_burst *burst = &chip->tone_burst[which];
    uint8_t control = chip->dr[DR_OSC1 + which];
    int timer = which ? DR_OAT2 : DR_OAT1;
    int edge = si321x_burst_step(burst, si321x_register_pair(chip, timer), si321x_register_pair(chip, timer + 2),
                                 control & ACTIVE_TIMER, control & INACTIVE_TIMER);
    if (edge) si321x_interrupt(chip, (uint32_t)(edge == 1 ? IRQ_O1AP : IRQ_O1IP) << 2 * which);
    if (!burst->on) return;
    float sample = chip->tone_peak[which] * (float)si321x_sine_next(&chip->tone[which]);
    if (control & TO_PHONE) chip->tone_to_phone += sample;
    if (control & TO_PCM) chip->tone_to_pcm += sample;
}

void si321x_tones_step(struct si321x *chip) {
    chip->tone_to_phone = chip->tone_to_pcm = 0;
    if (chip->tone_burst[0].running) one_step(chip, 0);
    if (chip->tone_burst[1].running) one_step(chip, 1);
}
