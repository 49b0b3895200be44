/* A simulated Si3050 with Si3019 line side, register by register (reference sheet si3050-daa.md; section numbers in
 * these files are that sheet's). Private to the simulated board.
 *
 * As with si321x.h the chip knows nothing of boards: it is handed time, octets, PCM and the voltage and current on
 * its line, and answers with what it is for the line. One file each: spi framing and registers, line side (link,
 * hook, supervision), ring detector, audio.
 *
 * What silicon has and this has not: GCI mode, daisy chain, 16 kHz sampling, ground start, spark quench times,
 * a supply that a billing tone takes away, the call-progress output, the hybrid filter's taps (HBE only counts as on or off), loop
 * modes that need the analog side (IDL, PCML). */
#ifndef SI3050_H
#define SI3050_H

#include "office.h"
#include "violations.h"

enum {
    DAA_CONTROL1 = 1, DAA_CONTROL2 = 2, DAA_MASK = 3, DAA_SOURCE = 4, DAA_HOOK = 5, DAA_POWER = 6, DAA_LOOPBACK = 10,
    DAA_REVISION = 11, DAA_LINE_STATUS = 12, DAA_LINE_REVISION = 13, DAA_MUTE = 15, DAA_INT1 = 16, DAA_INT2 = 17,
    DAA_INT3 = 18, DAA_INT4 = 19, DAA_RING1 = 22, DAA_RING2 = 23, DAA_RING3 = 24, DAA_RESISTOR = 25, DAA_DC = 26,
    DAA_LCS2 = 28, DAA_LVS = 29, DAA_AC = 30, DAA_CONTROL5 = 31, DAA_GROUND = 32, DAA_PCM = 33, DAA_TXS = 34,
    DAA_RXS = 36, DAA_TXG2 = 38, DAA_RXG2 = 39, DAA_TXG3 = 40, DAA_RXG3 = 41, DAA_CVT = 43, DAA_CVT_IRQ = 44,
    DAA_HYBRID = 45, DAA_SPARK = 59, DAA_COUNT = 60
};

/* Bits of register 4. */
enum {
    DAA_RDTI = 0x80, DAA_ROVI = 0x40, DAA_FDTI = 0x20, DAA_BTDI = 0x10, DAA_DODI = 0x08, DAA_LCSOI = 0x04,
    DAA_POLI = 0x01
};

/* What differs from one piece of silicon to the next; drawn once from the seed. */
struct si3050_nature {
    int link_frames;     /* 2 to 10 ms from PDL=0 to FDT */
    double voltmeter;    /* LVS reads this times the truth: 0.9 to 1.1 */
    double ring_scale;   /* of the ring threshold: 0.9 to 1.1 */
    float offset;        /* DC of the on-hook monitor: up to 10 % of full scale */
    uint8_t undefined25, undefined59;
};

struct si3050 {
    int port;
    struct violations *log;
    struct si3050_nature nature;
    bool in_reset, no_clock, wrong_identity, dead_bus;
    double now_us, released_us, soft_reset_us, accessed_us;
    int spi_octet;
    uint8_t spi_control, spi_address;
    uint8_t reg[DAA_COUNT];
    bool asleep; /* PDN: answers nothing until RESET */
    bool watched;

    /* line side */
    bool linked, link_lost;
    int link_left, settle_left;
    struct line_load load;
    double port_v, loop_a;
    double meter_v; /* rms of a billing tone on the wires */
    bool starved, reversed, over_threshold;

    /* ring detector */
    double ring_dc_v, ring_ac_v;
    bool ring_positive, ring_negative, ring_detected;
    int since_ring, since_cross, valid_frames, delay_left;

    /* audio */
    int impedance; /* the line's, by its code in register 30 */
    int tx_slot, rx_slot;
    bool collided;
    float tx_gain, rx_gain, monitor_gain, line_full, hybrid_leak;
};

/* si3050_registers.c */
void si3050_power_on(struct si3050 *chip, int port, uint64_t seed, struct violations *log);
void si3050_reset(struct si3050 *chip);
void si3050_hold_reset(struct si3050 *chip, bool held, double now_us);
void si3050_breach(struct si3050 *chip, const char *sentence);
/* One octet in a chip-select pulse of its own; returns MISO. */
uint8_t si3050_exchange(struct si3050 *chip, uint8_t mosi, double now_us);
bool si3050_interrupts(const struct si3050 *chip);

/* si3050_line.c */
void si3050_power_write(struct si3050 *chip, uint8_t before);
void si3050_hook_write(struct si3050 *chip, uint8_t before);
void si3050_line_setup(struct si3050 *chip);
void si3050_step(struct si3050 *chip, const struct office *office, double now_us);
static inline bool si3050_off_hook(const struct si3050 *chip) {
    return chip->reg[DAA_HOOK] & 1;
}

/* si3050_ring.c */
void si3050_ring_step(struct si3050 *chip);
void si3050_ring_clear(struct si3050 *chip);
uint8_t si3050_ring_bits(const struct si3050 *chip);

/* si3050_audio.c. Samples are in WAV scale: a full-scale sine is +3.14 dBm0, and dBm on the line. */
void si3050_audio_setup(struct si3050 *chip);
/* 0 none, 1 on-hook monitor (receives only), 2 off hook and settled. */
int si3050_audio(const struct si3050 *chip);
float si3050_receive_step(struct si3050 *chip, const uint8_t *highway);
void si3050_transmit_step(struct si3050 *chip, float heard, const uint8_t *from_host, uint8_t *highway,
                          uint8_t *driven);

#endif
