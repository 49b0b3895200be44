/* Codec and PCM port of the Si3050, sections 6, 10 and 12: slots, companding, gains and mutes; on hook the monitor
 * path, or what the ring detector puts on DTX. */
#include "si3050.h"

#include <math.h>

#include "companding.h"

#define CLOCKS_PER_SLOT 8
#define PCME 0x20
#define ONHM 0x08
#define PDL 0x10
#define RFWE 0x02
#define FULL_SCALE_DBM0 3.14
#define RECEIVE_DB (-0.9)      /* a full-scale line signal on DTX, below digital full scale */
#define MONITOR_FULL_DBM 2.74  /* 1.5 V peak into 600 ohm */
#define MISMATCH_LEAK 0.15f    /* a wrong AC termination returns some 16 dB below what is sent [M] */
#define RING_IDLE 1228
#define VOLTS_AT_0_DBM 0.7746  /* rms into 600 ohm */
#define PEAK_AT_0_DBM 22827.0f /* of a sine, in WAV scale */
#define DDL 0x01

enum { A_LAW, U_LAW, LINEAR8, LINEAR16 };

static float gain_of(double db) {
    return (float)pow(10.0, db / 20.0);
}

static double register_db(uint8_t coarse, uint8_t fine) {
    double steps = (coarse & 0x0F) * (coarse & 0x10 ? -1.0 : coarse & 0x0F ? 1.0 : 0.0);
    return steps + (fine & 0x0F) * (fine & 0x10 ? -0.1 : 0.1);
}

/* Line level in dBm of a full-scale sine: normal, FULL, FULL2. */
static double line_full_dbm(const struct si3050 *chip) {
    if (chip->reg[DAA_AC] & 0x10) return 6.0;
    return chip->reg[DAA_CONTROL5] & 0x80 ? 3.2 : 0.0;
}

static int format_of(const struct si3050 *chip) {
    return chip->reg[DAA_PCM] >> 3 & 3;
}

static int slot_of(struct si3050 *chip, int low) {
    int clocks = chip->reg[low] | chip->reg[low + 1] << 8, slot = clocks / CLOCKS_PER_SLOT;
    if (!(chip->reg[DAA_PCM] & PCME) || slot >= PCM_SHM_SLOTS) return -1;
    if (clocks % CLOCKS_PER_SLOT == 0) return slot;
    si3050_breach(chip, "TXS or RXS is not the start of a slot of this highway");
    return -1;
}

void si3050_audio_setup(struct si3050 *chip) {
    double full_dbm = line_full_dbm(chip);
    double rx_db = register_db(chip->reg[DAA_RXG2], chip->reg[DAA_RXG3]) + (chip->reg[DAA_SPARK] & 0x04 ? 1.0 : 0.0);
    double tx_db = register_db(chip->reg[DAA_TXG2], chip->reg[DAA_TXG3]);
    uint8_t mute = chip->reg[DAA_MUTE];
    chip->collided = false;
    chip->tx_slot = slot_of(chip, DAA_TXS);
    chip->rx_slot = slot_of(chip, DAA_RXS);
    chip->line_full = 32768.0f * gain_of(full_dbm - FULL_SCALE_DBM0);
    chip->tx_gain = mute & 0x80 ? 0 : gain_of(tx_db + full_dbm - FULL_SCALE_DBM0);
    chip->rx_gain = mute & 0x08 ? 0 : gain_of(rx_db + FULL_SCALE_DBM0 + RECEIVE_DB - full_dbm);
    chip->monitor_gain = mute & 0x08 ? 0 : gain_of(rx_db + FULL_SCALE_DBM0 + RECEIVE_DB - MONITOR_FULL_DBM);
    chip->hybrid_leak = (chip->reg[DAA_AC] & 0x0F) == chip->impedance ? 0 : MISMATCH_LEAK;
}

int si3050_audio(const struct si3050 *chip) {
    if (chip->in_reset || chip->no_clock || !chip->linked) return 0;
    if (si3050_off_hook(chip)) return chip->settle_left == 0 && !chip->starved ? 2 : 0;
    return chip->reg[DAA_HOOK] & ONHM ? 1 : 0;
}

static float clipped(float sample) {
    return sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample;
}

static uint8_t encode(const struct si3050 *chip, float sample) {
    int linear = (int)lroundf(clipped(sample));
    switch (format_of(chip)) {
    case A_LAW: return alaw_from_linear(linear);
    case U_LAW: return ulaw_from_linear(linear);
    default: return (uint8_t)(linear >> 8);
    }
}

static float decode(const struct si3050 *chip, uint8_t octet) {
    switch (format_of(chip)) {
    case A_LAW: return (float)alaw_to_linear(octet);
    case U_LAW: return (float)ulaw_to_linear(octet);
    default: return (float)(int16_t)(octet << 8);
    }
}

float si3050_receive_step(struct si3050 *chip, const uint8_t *highway) {
    if (si3050_audio(chip) != 2 || chip->rx_slot < 0) return 0;
    return clipped(decode(chip, highway[chip->rx_slot]) * chip->tx_gain);
}

/* On hook without monitor DTX shows the ring detector. */
static float ring_code(const struct si3050 *chip) {
    bool full = chip->reg[DAA_INT3] & RFWE;
    if (chip->ring_positive) return 32767;
    if (full) return chip->ring_negative ? -32768 : RING_IDLE;
    return -32768;
}

/* Off hook: more than full scale is cut off and told (OVL now, ROV and ROVI until they are cleared). A billing tone
 * lies beyond the band: it is not heard, but takes its share of the scale. */
static float converted(struct si3050 *chip, float heard) {
    float room = chip->line_full - (float)(chip->meter_v / VOLTS_AT_0_DBM) * PEAK_AT_0_DBM;
    bool over = fabsf(heard) > room;
    chip->reg[DAA_INT4] = (uint8_t)((chip->reg[DAA_INT4] & ~0x04) | over << 2);
    if (!over) return heard * chip->rx_gain;
    chip->reg[DAA_INT2] |= 0x02;
    chip->reg[DAA_SOURCE] |= DAA_ROVI;
    return room > 0 ? copysignf(room, heard) * chip->rx_gain : 0;
}

static float sample_for(struct si3050 *chip, float heard, const uint8_t *from_host) {
    switch (si3050_audio(chip)) {
    case 2: return converted(chip, heard);
    case 1: return heard * chip->monitor_gain + chip->nature.offset;
    default: break;
    }
    if (chip->reg[DAA_POWER] & PDL && chip->rx_slot >= 0)
        return decode(chip, from_host[chip->rx_slot]) * gain_of(RECEIVE_DB);
    return si3050_off_hook(chip) || !chip->linked ? 0 : ring_code(chip);
}

void si3050_transmit_step(struct si3050 *chip, float heard, const uint8_t *from_host, uint8_t *highway,
                          uint8_t *driven) {
    int slot = chip->tx_slot;
    if (slot < 0 || chip->in_reset || chip->no_clock) return;
    bool direct = chip->reg[DAA_LOOPBACK] & DDL && chip->rx_slot >= 0;
    uint8_t octet = direct ? from_host[chip->rx_slot] : encode(chip, sample_for(chip, heard, from_host));
    if (driven[slot] && !chip->collided) {
        chip->collided = true;
        violations_add(chip->log, chip->port, chip->now_us, "two chips drive slot %d of the highway", slot);
    }
    highway[slot] = driven[slot] ? highway[slot] & octet : octet;
    driven[slot] = 1;
}
