/* A simulated Si3210 or Si3215, register by register (reference sheet si3210-slic.md; section
 * numbers in these files are that sheet's). Private to the simulated board.
 *
 * The chip knows nothing of boards: it is handed time, octets, PCM and the voltage and current
 * on its line, and answers with a line source. One file each: spi framing, direct registers,
 * indirect registers, linefeed (states, battery, start-up rules), ringing, detectors,
 * calibration, tones, audio.
 *
 * What silicon has and this has not: DTMF decoder, FSK and pulse-metering generators (their
 * registers are there), zero-cross gating of tones (OZn), the high-pass filters, manual power
 * overrides (DR15), the extra current limit after a ring burst (ILIMEN), ground-start sensing in
 * TIP-open and RING-open (both are just open), complex line impedance (DR10 changes nothing that
 * is heard). RTP stays set until DR64 is written; LCR reads 0 outside active and OHT. */
#ifndef SI321X_H
#define SI321X_H

#include <stdbool.h>
#include <stdint.h>

#include "copper.h"
#include "violations.h"

/* Direct registers by their names in the sheet. */
enum {
    DR_SPI = 0, DR_PCM = 1, DR_TXS = 2, DR_RXS = 4, DR_PART = 6, DR_LOOPBACK = 8, DR_GAIN = 9, DR_HYBRID = 11,
    DR_POWER = 14, DR_IRQ1 = 18, DR_IRQ2 = 19, DR_IRQ3 = 20, DR_IRQE1 = 21, DR_IRQE2 = 22, DR_IRQE3 = 23,
    DR_IDA = 28, DR_IDA_HIGH = 29, DR_IAA = 30, DR_IAS = 31, DR_OSC1 = 32, DR_OSC2 = 33, DR_RING = 34,
    DR_OAT1 = 36, DR_OAT2 = 40, DR_RAT = 48, DR_LCD = 63, DR_LINEFEED = 64, DR_FEED = 66, DR_AUTO = 67,
    DR_LOOP = 68, DR_LCDI = 69, DR_RTDI = 70, DR_ILIM = 71, DR_VOC = 72, DR_VCM = 73, DR_VBATH = 74, DR_VBATL = 75,
    DR_POWER_PTR = 76, DR_POWER_OUT = 77, DR_LVS = 78, DR_LCS = 79, DR_TIP_V = 80, DR_RING_V = 81, DR_VBAT1 = 82,
    DR_VBAT2 = 83, DR_IQ1 = 84, DR_IQ5 = 88, DR_IQ6 = 89, DR_DCN = 92, DR_DCDC = 93, DR_PWM = 94, DR_CAL1 = 96,
    DR_CAL2 = 97, DR_CALGMR = 98, DR_CALGMT = 99, DR_CAL_FIRST = 100, DR_CALCM = 106, DR_DCPEAK = 107,
    DR_ENHANCE = 108, DR_COUNT = 109
};

/* Indirect registers, Si3210 numbering; si321x_ir() translates. */
enum {
    IR_OSC1 = 13, IR_OSC1X = 14, IR_OSC2 = 16, IR_OSC2X = 17, IR_ROFF = 19, IR_RCO = 20, IR_RNGX = 21, IR_RNGY = 22,
    IR_DACG = 26, IR_ADCG = 27, IR_LCRT = 28, IR_RPTP = 29, IR_PPT12 = 32, IR_PPT34 = 33, IR_PPT56 = 34, IR_NCLR = 35,
    IR_NRTP = 36, IR_NQ12 = 37, IR_NQ34 = 38, IR_NQ56 = 39, IR_VCMR = 40, IR_VMIND = 41, IR_LCRTL = 43
};

enum { LF_OPEN, LF_ACTIVE, LF_OHT, LF_TIP_OPEN, LF_RINGING, LF_REVERSE, LF_REVERSE_OHT, LF_RING_OPEN };

/* Bits of DR18..DR20 as one number, DR18 lowest. */
enum {
    IRQ_O1AP = 1 << 0, IRQ_O1IP = 1 << 1, IRQ_O2AP = 1 << 2, IRQ_O2IP = 1 << 3, IRQ_RGAP = 1 << 4, IRQ_RGIP = 1 << 5,
    IRQ_RTIP = 1 << 8, IRQ_LCIP = 1 << 9, IRQ_Q1AP = 1 << 10, IRQ_INDP = 1 << 17, IRQ_CMCP = 1 << 18
};

/* What differs from one piece of silicon to the next; drawn once from the seed (section 18). */
struct si321x_nature {
    double ramp_v_per_frame;  /* battery, going up: 75 V in 35 to 65 ms */
    double decay_per_frame;   /* battery with the converter off: time constant 1.5 to 2.5 s */
    int transition_frames;    /* 1 to 4 ms for a change of linefeed state */
    int calibration_frames;   /* 100 to 290 ms, the settling before it not counted */
    int converter_cal_frames; /* 12 to 28 ms */
    uint8_t gain_mismatch_ring, gain_mismatch_tip; /* where the manual search ends */
    uint8_t results[8];       /* DR100..DR107 after calibration */
};

/* Cadence of a generator: burst and pause, 125 us units. */
struct si321x_burst {
    bool running, on;
    int left;
};

/* A sine by rotation: two multiplications of a pair a sample, no libm in a frame. */
struct si321x_sine {
    double s, c, sin_w, cos_w;
};

struct si321x {
    int port, part;
    bool newer_family; /* Si3215: DR1 bit 7, shifted indirect registers */
    struct violations *log;
    uint64_t rng;
    struct si321x_nature nature;

    bool in_reset, no_clock, hot, wrong_identity, dead_bus;
    double now_us, released_us;
    uint8_t spi_state, spi_address;
    bool spi_deaf; /* the select octet of this access was for another chip */

    uint8_t dr[128];
    uint16_t ir[256];
    bool ir_written[256];
    bool ia_busy, ia_loaded, ia_store;
    double ia_done_us;
    uint8_t ia_address;
    uint32_t irq;
    int stuck_interrupt; /* fault: the loop-closure bit of DR19 reads 1 whatever is written, INT stays low */

    /* battery, start-up */
    double battery_v;
    bool battery_ready, calibrated, dead;
    int converter_cal_left, calibration_left;
    bool hook_in_cal, hook_moved_in_cal;

    /* linefeed */
    uint8_t state, wanted; /* LFS, and where it is going */
    int transition_left;
    bool reversed;
    double feed_v; /* DC source, smoothed */
    struct line_source source;

    /* ringing */
    struct si321x_burst ring_burst;
    struct si321x_sine ring;
    double ring_peak_v, ring_offset_v, ring_v, ring_slope_v;
    int ring_half_left, ring_wait_left;
    bool ring_on_line, ring_trapezoid;

    /* detectors, 800 Hz */
    int detect_left, loop_debounce_left, trip_debounce_left;
    bool loop_closed, tripped;
    double loop_ma, trip_ma;
    double thermal_w[6];
    bool alarmed[6];
    double tip_v, ring_leg_v;

    /* tones and audio */
    struct si321x_burst tone_burst[2];
    struct si321x_sine tone[2];
    float tone_peak[2], tone_to_phone, tone_to_pcm;
    int tx_slot, rx_slot; /* -1 when off */
    bool collided;
    uint8_t idle_octets[2];
    float rx_gain, tx_gain, law_gain, hybrid_leak, line_out, line_in;
};

/* si321x_registers.c */
void si321x_power_on(struct si321x *chip, int part, int port, uint64_t seed, struct violations *log);
void si321x_reset(struct si321x *chip); /* all to the values after RESET */
void si321x_hold_reset(struct si321x *chip, bool held, double now_us);
uint8_t si321x_read(struct si321x *chip, int address);
void si321x_write(struct si321x *chip, int address, uint8_t value);
/* Sets status bits whose enables are set (section 4, DR21-23). */
void si321x_interrupt(struct si321x *chip, uint32_t bits);
void si321x_breach(struct si321x *chip, const char *sentence);

/* si321x_spi.c: one octet in a chip-select pulse of its own; returns MISO. */
uint8_t si321x_exchange(struct si321x *chip, uint8_t mosi, double now_us);

/* si321x_indirect.c */
void si321x_indirect_data(struct si321x *chip, int address, uint8_t value);
void si321x_indirect_start(struct si321x *chip, uint8_t address);
void si321x_indirect_settle(struct si321x *chip);
int si321x_ir_number(const struct si321x *chip, int number_3210);
uint16_t si321x_ir(const struct si321x *chip, int number_3210);
/* Logs each of the registers that nobody has written; true when all were. */
bool si321x_ir_require(struct si321x *chip, int first_3210, int last_3210, const char *for_what);

/* si321x_linefeed.c */
void si321x_linefeed_write(struct si321x *chip, uint8_t value);
void si321x_linefeed_go(struct si321x *chip, uint8_t state);
void si321x_converter_write(struct si321x *chip, uint8_t before);
void si321x_linefeed_step(struct si321x *chip, const struct copper *copper);
static inline bool si321x_feeding(uint8_t state) {
    return state == LF_ACTIVE || state == LF_OHT || state == LF_REVERSE || state == LF_REVERSE_OHT;
}

/* si321x_ringing.c */
void si321x_ring_command(struct si321x *chip);
void si321x_ring_begin(struct si321x *chip);
void si321x_ring_step(struct si321x *chip, double dc_v);
void si321x_ring_cadence_step(struct si321x *chip);
void si321x_burst_start(struct si321x_burst *burst, int active);
/* One frame of a cadence; returns 1 when the burst ended, 2 when the pause ended, else 0. */
int si321x_burst_step(struct si321x_burst *burst, int active, int inactive, bool active_timer, bool inactive_timer);

/* si321x_detect.c */
void si321x_detect_step(struct si321x *chip, const struct copper *copper);
void si321x_detect_clear(struct si321x *chip);

/* si321x_calibrate.c */
void si321x_calibrate_write(struct si321x *chip);
void si321x_converter_calibrate_write(struct si321x *chip);
void si321x_calibrate_step(struct si321x *chip, bool lifted);
/* What DR88 and DR89 show in the manual gain search. */
uint8_t si321x_gain_search(const struct si321x *chip, int address);

/* si321x_tones.c */
void si321x_tone_write(struct si321x *chip, int which);
void si321x_tones_step(struct si321x *chip);
/* coefficient: cosine of the angle of one oscillator step; steps: oscillator steps in a frame. */
void si321x_sine_start(struct si321x_sine *sine, double coefficient, double steps);
double si321x_sine_next(struct si321x_sine *sine);

/* si321x_audio.c. Samples are in WAV scale: a full-scale sine is +3.14 dBm0. */
void si321x_audio_setup(struct si321x *chip);
bool si321x_audio_on(const struct si321x *chip);
/* What the chip sends into the line; highway is the frame on DRX, one octet a slot. */
float si321x_receive_step(struct si321x *chip, const uint8_t *highway);
/* heard is what comes from the line; the chip's slots of the frame on DTX are filled in. */
void si321x_transmit_step(struct si321x *chip, float heard, const uint8_t *from_host, uint8_t *highway,
                          uint8_t *driven);

/* si321x_step.c: one frame of everything but audio: states, source, copper, detectors. */
void si321x_step(struct si321x *chip, struct copper *copper, double now_us);

static inline int si321x_register_pair(const struct si321x *chip, int low) {
    return chip->dr[low] | chip->dr[low + 1] << 8;
}

#endif
