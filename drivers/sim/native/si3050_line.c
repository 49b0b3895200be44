/* Line side of the Si3050: isolation link, hook, DC termination, and what supervises the loop; sections 3, 6, 7, 12. */
#include "si3050.h"

#include <math.h>

#define FRAMES_PER_MS 8
#define PDL 0x10
#define PDN 0x08
#define FDT 0x40
#define ONHM 0x08
#define OPE 0x08
#define MCAL 0x40
#define CALD 0x20
#define RCALD 0x20
#define FULL 0x80
#define LVFD 0x01
#define DIODES_V 2.0         /* bridge and hook switch: with DCV=11 some 6.5 V at 20 mA (section 12) */
#define STARVED_A 0.003      /* below it the line side has no supply */
#define KNEE_A 0.040
#define KNEE_OHM 2000.0
#define LIMITED_A 0.060
#define OVERLOAD_A 0.160
#define HIGHEST_A 0.127      /* what LCS can tell */
#define DEAF_V 3.0           /* LVS reads 0 up to here unless LVFD */
#define WATCHDOG_US 4e6
#define LCS2_STEP_A 0.0011
#define LCS_STEP_A 0.0033
#define BTE 0x04
#define BTD 0x01
#define METER_V 0.2          /* rms from which on a billing tone is seen [M] */

static void raise_flags(struct si3050 *chip, int bits) {
    chip->reg[DAA_SOURCE] |= (uint8_t)bits;
}

void si3050_line_setup(struct si3050 *chip) {
    static const double DROP_V[4] = {3.1, 3.2, 3.35, 3.5};
    uint8_t dc = chip->reg[DAA_DC];
    bool limited = dc & 0x02;
    chip->load.drop_v = DROP_V[dc >> 6] + DIODES_V;
    chip->load.ohm = dc & 0x01 ? 800 : 50;
    chip->load.knee_a = limited ? KNEE_A : 0;
    chip->load.knee_ohm = KNEE_OHM;
    chip->load.most_a = limited ? LIMITED_A : 0.5;
    chip->load.off_hook = chip->linked && si3050_off_hook(chip);
}

static void link_down(struct si3050 *chip) {
    if (chip->linked) raise_flags(chip, DAA_FDTI);
    chip->linked = false;
    chip->link_left = 0;
    chip->reg[DAA_LINE_STATUS] = chip->reg[DAA_LCS2] = chip->reg[DAA_LVS] = 0;
    chip->load.off_hook = false;
    si3050_ring_clear(chip);
}

void si3050_power_write(struct si3050 *chip, uint8_t before) {
    uint8_t now = chip->reg[DAA_POWER];
    if (now & PDN) chip->asleep = true;
    if (now & PDL) link_down(chip);
    else if (before & PDL) chip->link_left = chip->nature.link_frames;
}

static int settling_frames(const struct si3050 *chip) {
    static const double COUNTER_MS[4] = {512, 128, 64, 8};
    double ms = 0.25 + COUNTER_MS[chip->reg[DAA_CONTROL5] >> 5 & 3] + 1.5;
    if (!(chip->reg[DAA_RESISTOR] & RCALD)) ms += 17;
    if (!(chip->reg[DAA_INT2] & CALD)) ms += 256;
    return (int)lround(ms * FRAMES_PER_MS);
}

/* What the sheet wants to be true when the line is taken. */
static void check_off_hook(struct si3050 *chip) {
    uint8_t dc = chip->reg[DAA_DC];
    if (!chip->linked) si3050_breach(chip, "off hook without the isolation link");
    if (chip->reg[DAA_INT2] & OPE) si3050_breach(chip, "off hook with OPE=1");
    if (chip->reg[DAA_CONTROL5] & FULL && (dc & 0xF0) != 0xC0)
        si3050_breach(chip, "off hook with FULL=1 but not DCV=11 and MINI=00");
}

void si3050_hook_write(struct si3050 *chip, uint8_t before) {
    bool off = si3050_off_hook(chip);
    if (off == (before & 1)) return;
    if (off) {
        check_off_hook(chip);
        chip->settle_left = settling_frames(chip);
        si3050_ring_clear(chip);
    }
    chip->reg[DAA_INT4] &= (uint8_t)~0x01; /* OPD goes with the hook */
    si3050_line_setup(chip);
}

/* ---- one frame ---- */

static void link_step(struct si3050 *chip) {
    if (chip->link_lost && chip->linked) link_down(chip);
    if (chip->link_left == 0 || chip->link_lost || --chip->link_left > 0) return;
    chip->linked = true;
    raise_flags(chip, DAA_RDTI | DAA_DODI); /* powering up sets both (section 2, register 4) */
    si3050_line_setup(chip);
}

static void watchdog_step(struct si3050 *chip) {
    if (!chip->watched || !si3050_off_hook(chip) || chip->now_us - chip->accessed_us < WATCHDOG_US) return;
    chip->reg[DAA_HOOK] &= (uint8_t)~0x01;
    si3050_line_setup(chip);
}

static void measure_current(struct si3050 *chip) {
    bool off = si3050_off_hook(chip), starved = chip->loop_a < STARVED_A;
    double a = off && !starved ? chip->loop_a : 0;
    int lcs = a > HIGHEST_A ? 31 : (int)(a / LCS_STEP_A), lcs2 = (int)(a / LCS2_STEP_A);
    if (lcs > 30 && a <= HIGHEST_A) lcs = 30;
    if (lcs == 31 && (chip->reg[DAA_LINE_STATUS] & 31) != 31) raise_flags(chip, DAA_LCSOI);
    chip->reg[DAA_LINE_STATUS] = (uint8_t)(FDT | lcs);
    chip->reg[DAA_LCS2] = (uint8_t)(lcs2 > 255 ? 255 : lcs2);
    if (off && starved && !chip->starved) raise_flags(chip, DAA_DODI);
    chip->starved = off && starved;
}

static void measure_voltage(struct si3050 *chip) {
    double v = chip->port_v;
    int code = fabs(v) <= DEAF_V && !(chip->reg[DAA_CONTROL5] & LVFD) ? 0 : (int)lround(v * chip->nature.voltmeter);
    code = code > 127 ? 127 : code < -128 ? -128 : code;
    bool reversed = code < 0;
    if (code && reversed != chip->reversed) {
        chip->reversed = reversed;
        raise_flags(chip, DAA_POLI);
    }
    chip->reg[DAA_LVS] = (uint8_t)code;
}

static void overload_step(struct si3050 *chip) {
    double limit_a = chip->reg[DAA_DC] & 0x02 ? LIMITED_A : OVERLOAD_A;
    bool off = si3050_off_hook(chip);
    uint8_t dropped = !off || chip->starved ? 0x02 : 0;
    uint8_t tripped = chip->reg[DAA_INT4] & 0x01;
    if (off && chip->reg[DAA_INT2] & OPE && chip->loop_a >= limit_a) tripped = 1;
    chip->reg[DAA_INT4] = (uint8_t)((chip->reg[DAA_INT4] & 0x04) | dropped | tripped);
}

/* The bit stays until BTE is written 0. */
static void billing_step(struct si3050 *chip) {
    bool seen = si3050_audio(chip) == 2 && chip->reg[DAA_INT2] & BTE && chip->meter_v >= METER_V;
    if (!seen || chip->reg[DAA_INT2] & BTD) return;
    chip->reg[DAA_INT2] |= BTD;
    raise_flags(chip, DAA_BTDI);
}

/* Registers 43 and 44: the comparison sets CVI when it becomes true. */
static void threshold_step(struct si3050 *chip) {
    uint8_t set = chip->reg[DAA_CVT_IRQ];
    int lvs = (int8_t)chip->reg[DAA_LVS], value = set & 0x04 ? (lvs < 0 ? -lvs : lvs) : chip->reg[DAA_LCS2];
    bool over = set & 0x01 ? value > chip->reg[DAA_CVT] : value < chip->reg[DAA_CVT];
    if (over && !chip->over_threshold) chip->reg[DAA_CVT_IRQ] |= 0x08;
    chip->over_threshold = over;
}

void si3050_step(struct si3050 *chip, const struct office *office, double now_us) {
    chip->now_us = now_us;
    if (chip->in_reset || chip->no_clock) return;
    link_step(chip);
    watchdog_step(chip);
    if (!chip->linked) return;
    chip->port_v = office->port_v;
    chip->loop_a = fabs(office->loop_a);
    chip->meter_v = office->feed == SIMOFFICE_NO_FEED ? 0 : office->set.meter_v_rms;
    if (chip->settle_left > 0 && !chip->starved) chip->settle_left--;
    measure_current(chip);
    measure_voltage(chip);
    overload_step(chip);
    billing_step(chip);
    threshold_step(chip);
    si3050_ring_step(chip);
}
