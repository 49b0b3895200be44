/* Measurements and detectors of the Si321x, sections 10 and 11, all at 800 Hz: voltages and
 * currents, loop closure, ring trip, transistor power. */
#include "si321x.h"

#include <math.h>
#include <string.h>

#define FRAMES_PER_TICK 10 /* 8 kHz over 800 Hz; one debounce LSB of 1.25 ms is one tick */
#define THRESHOLD_MA 1.27  /* per LSB of LCRT, LCRTL, RPTP: bits 14:9 */
#define LEG_V 0.376
#define CURRENT_FULL_MA 78.75
#define LARGE_W 0.0304 /* power per LSB, Q1 Q2 Q5 Q6 */
#define SMALL_W 0.00362
#define HOT_W 6.0 /* what the over-temperature fault adds to Q5 and Q6 */
#define GROUND_OHM 90.0 /* a leg on earth: 80 ohm of the feed and 10 of the contact */
#define GROUND_LIMIT_A 0.080
#define HYSTEN 0x01
#define AUTO_OPEN 0x01
#define AUTO_OFF_HOOK 0x02
#define AUTO_RING_TRIP 0x04
#define DBIRAW 0x04 /* taken as 1 above the threshold; the sheet leaves its polarity open (section 18) */

void si321x_detect_clear(struct si321x *chip) {
    chip->loop_closed = chip->tripped = false;
    chip->loop_ma = chip->trip_ma = 0;
    chip->loop_debounce_left = chip->trip_debounce_left = 0;
    chip->detect_left = FRAMES_PER_TICK;
    memset(chip->thermal_w, 0, sizeof chip->thermal_w);
    memset(chip->alarmed, 0, sizeof chip->alarmed);
}

static double filter_share(const struct si321x *chip, int number) {
    double share = (double)(si321x_ir(chip, number) >> 3) / 4096.0;
    return share > 1.0 ? 1.0 : share;
}

static double threshold_ma(const struct si321x *chip, int number) {
    return THRESHOLD_MA * (si321x_ir(chip, number) >> 9 & 0x3F);
}

/* A new detector state has to hold for `ticks` on end; any relapse starts the count again. */
static bool debounced(bool now, bool held, int *left, int ticks) {
    if (now == held) {
        *left = ticks;
        return held;
    }
    if (*left > 0) (*left)--;
    return *left > 0 ? held : now;
}

static void loop_step(struct si321x *chip, double ma) {
    if (!si321x_feeding(chip->state)) {
        chip->loop_closed = false;
        chip->loop_ma = 0;
        chip->loop_debounce_left = chip->dr[DR_LCDI];
        return;
    }
    chip->loop_ma += (ma - chip->loop_ma) * filter_share(chip, IR_NCLR);
    bool lower = chip->loop_closed && (chip->dr[DR_ENHANCE] & HYSTEN);
    bool above = chip->loop_ma > threshold_ma(chip, lower ? IR_LCRTL : IR_LCRT);
    bool silent_part = chip->dr[DR_LINEFEED] == LF_RINGING && chip->ring_burst.running;
    uint8_t ticks = chip->dr[silent_part ? DR_LCD : DR_LCDI];
    bool closed = debounced(above, chip->loop_closed, &chip->loop_debounce_left, ticks);
    chip->dr[DR_LOOP] = (uint8_t)(above ? DBIRAW : 0);
    if (closed == chip->loop_closed) return;
    chip->loop_closed = closed;
    si321x_interrupt(chip, IRQ_LCIP);
    if (!closed || !(chip->dr[DR_AUTO] & AUTO_OFF_HOOK)) return;
    chip->ring_burst.running = chip->ring_burst.on = false;
    if (chip->wanted == LF_OHT || chip->wanted == LF_RINGING) si321x_linefeed_go(chip, LF_ACTIVE);
    if (chip->wanted == LF_REVERSE_OHT) si321x_linefeed_go(chip, LF_REVERSE);
}

static void trip_step(struct si321x *chip, double ma) {
    if (chip->state != LF_RINGING) {
        chip->trip_ma = 0;
        chip->trip_debounce_left = chip->dr[DR_RTDI];
        return;
    }
    chip->trip_ma += (ma - chip->trip_ma) * filter_share(chip, IR_NRTP);
    bool above = chip->trip_ma > threshold_ma(chip, IR_RPTP);
    bool tripped = debounced(above, chip->tripped, &chip->trip_debounce_left, chip->dr[DR_RTDI]);
    if (!tripped || chip->tripped) return; /* stays set until DR64 is written */
    chip->tripped = true;
    si321x_interrupt(chip, IRQ_RTIP);
    if (!(chip->dr[DR_AUTO] & AUTO_RING_TRIP)) return;
    chip->ring_burst.running = chip->ring_burst.on = false;
    si321x_linefeed_go(chip, LF_ACTIVE);
}

/* Currents of Q1..Q6 in A. Tip forward: Q1 from earth, Q5 to the battery; reversed Q2 and Q6. */
static void transistor_currents(const struct si321x *chip, const struct copper *copper, double *amps) {
    double a = copper->loop_a, earth_a = 0;
    bool fed = chip->state != LF_OPEN;
    if (copper->wire.tip_ground && !copper->away && fed) earth_a = fmin(fabs(chip->tip_v) / GROUND_OHM, GROUND_LIMIT_A);
    amps[0] = fed && a > 0 ? a : 0;
    amps[1] = fed && a < 0 ? -a : 0;
    amps[4] = amps[0];
    amps[5] = amps[1] + earth_a;
    amps[2] = amps[4] / 100.0; /* drivers: base currents of Q5, Q6 */
    amps[3] = amps[5] / 100.0;
}

static void power_step(struct si321x *chip, const double *amps) {
    static const int POLES[3] = {IR_NQ12, IR_NQ34, IR_NQ56}, LIMITS[3] = {IR_PPT12, IR_PPT34, IR_PPT56};
    double tip_room_v = chip->battery_v - fabs(chip->tip_v), ring_room_v = chip->battery_v - fabs(chip->ring_leg_v);
    double volts[6] = {fabs(chip->tip_v), fabs(chip->ring_leg_v), ring_room_v, tip_room_v, ring_room_v, tip_room_v};
    for (int q = 0; q < 6; q++) {
        bool small = q == 2 || q == 3;
        double watts = amps[q] * fmax(volts[q], 0);
        if (chip->hot && q >= 4 && chip->state != LF_OPEN) watts += HOT_W;
        chip->thermal_w[q] += (watts - chip->thermal_w[q]) * filter_share(chip, POLES[q / 2]);
        double limit_w = (si321x_ir(chip, LIMITS[q / 2]) >> 7 & 0xFF) * (small ? SMALL_W : LARGE_W);
        bool alarm = chip->thermal_w[q] > limit_w && chip->state != LF_OPEN;
        if (alarm && !chip->alarmed[q]) {
            si321x_interrupt(chip, (uint32_t)IRQ_Q1AP << q);
            if (chip->dr[DR_AUTO] & AUTO_OPEN) {
                chip->dr[DR_LINEFEED] = LF_OPEN;
                chip->ring_burst.running = chip->ring_burst.on = false;
                si321x_linefeed_go(chip, LF_OPEN);
            }
        }
        chip->alarmed[q] = alarm;
    }
}

static uint8_t reading(double value, double lsb, int full) {
    int code = (int)(fabs(value) / lsb + 0.5);
    return (uint8_t)(code > full ? full : code);
}

static void readings_step(struct si321x *chip, const struct copper *copper, const double *amps) {
    uint8_t *dr = chip->dr;
    double ma = 500.0 * (amps[0] - amps[1] + amps[4] - amps[5]);
    int q = dr[DR_POWER_PTR] & 7;
    dr[DR_LVS] = reading(copper->port_v, 1.5, 0x3F) | (copper->port_v < 0 ? 0x40 : 0);
    dr[DR_LCS] = reading(ma, 1.25, 0x3F) | (ma < 0 ? 0x40 : 0);
    dr[DR_TIP_V] = reading(chip->tip_v, LEG_V, 0xFF);
    dr[DR_RING_V] = reading(chip->ring_leg_v, LEG_V, 0xFF);
    dr[DR_VBAT1] = dr[DR_VBAT2] = reading(chip->battery_v, LEG_V, 0xFF);
    dr[DR_POWER_OUT] = q < 6 ? reading(chip->thermal_w[q], q == 2 || q == 3 ? SMALL_W : LARGE_W, 0xFF) : 0;
    static const double LSB_A[6] = {319e-6, 319e-6, 37.6e-6, 37.6e-6, 316e-6, 316e-6};
    for (int i = 0; i < 6; i++) dr[DR_IQ1 + i] = reading(amps[i], LSB_A[i], 0xFF);
}

void si321x_detect_step(struct si321x *chip, const struct copper *copper) {
    if (--chip->detect_left > 0) return;
    chip->detect_left = FRAMES_PER_TICK;
    double amps[6];
    transistor_currents(chip, copper, amps);
    double ma = fmin(500.0 * fabs(amps[0] - amps[1] + amps[4] - amps[5]), CURRENT_FULL_MA);
    chip->dr[DR_LOOP] = 0;
    loop_step(chip, ma);
    trip_step(chip, ma);
    chip->dr[DR_LOOP] |= (uint8_t)(chip->tripped << 1 | chip->loop_closed);
    power_step(chip, amps);
    readings_step(chip, copper, amps);
}
