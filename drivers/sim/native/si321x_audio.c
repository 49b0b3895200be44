/* Codec and PCM port of the Si321x, section 17: slots, A-law, u-law or linear, gains, mutes and
 * loopbacks. Audio reaches the line only in the states that power it (section 7). */
#include "si321x.h"


#include "companding.h"

#define PCM_ENABLE 0x20
#define FORMAT(mode) ((mode) >> 3 & 3)
#define SIXTEEN_BITS 0x04
#define CLOCKS_PER_SLOT 8
#define TX_MUTE 0x20
#define RX_MUTE 0x10
#define ANALOG_LOOP_1 0x01
#define DIGITAL_LOOP 0x02
#define ANALOG_LOOP_2 0x04
#define OTHER_LAW_GAIN 1.0034598f /* full scale of u-law and linear is +3.17 dBm0, 0.03 dB above WAV's */

enum { A_LAW, U_LAW, RESERVED, LINEAR };

static float analog_gain(int code) {
    static const float GAINS[4] = {1.0f, 0.668344f, 1.496236f, 0.0f}; /* 0, -3.5, +3.5 dB, muted */
    return GAINS[code & 3];
}

/* DR11 HYBA: the balance path's gain. A line matched without any balance returns half the
 * voltage (6 dB); what the wrong gain leaves of that comes back undelayed. */
static float hybrid_leak(int code) {
    static const float GAINS[8] = {1.5996f, 1.3335f, 1.1429f, 1.0f, 0.8892f, 0.7998f, 0.7270f, 0.0f};
    float miss = GAINS[code & 7] - 1.0f;
    return 0.5f * (miss < 0 ? -miss : miss);
}

static float digital_gain(const struct si321x *chip, int number) {
    return (float)((int16_t)si321x_ir(chip, number) >> 4) / 1024.0f;
}

static int width(const struct si321x *chip) {
    uint8_t mode = chip->dr[DR_PCM];
    return FORMAT(mode) == LINEAR && (mode & SIXTEEN_BITS) ? 2 : 1;
}

static int slot_of(struct si321x *chip, int low) {
    int clocks = si321x_register_pair(chip, low);
    int slot = clocks / CLOCKS_PER_SLOT;
    if (!(chip->dr[DR_PCM] & PCM_ENABLE) || slot + width(chip) > PCM_SHM_SLOTS) return -1;
    if (clocks % CLOCKS_PER_SLOT == 0) return slot;
    si321x_breach(chip, "TXS or RXS is not the start of a slot of this highway");
    return -1;
}

static void encode(const struct si321x *chip, float sample, uint8_t *octets) {
    float scaled = sample * chip->law_gain;
    int linear = scaled > 32767 ? 32767 : scaled < -32768 ? -32768 : (int)(scaled + (scaled < 0 ? -0.5f : 0.5f));
    switch (FORMAT(chip->dr[DR_PCM])) {
    case A_LAW: octets[0] = alaw_from_linear(linear); break;
    case U_LAW: octets[0] = ulaw_from_linear(linear); break;
    default:
        octets[0] = (uint8_t)(linear >> 8);
        octets[1] = (uint8_t)linear;
    }
}

static float decode(const struct si321x *chip, const uint8_t *octets) {
    switch (FORMAT(chip->dr[DR_PCM])) {
    case A_LAW: return (float)alaw_to_linear(octets[0]);
    case U_LAW: return (float)ulaw_to_linear(octets[0]) * OTHER_LAW_GAIN;
    default: return (float)(int16_t)(octets[0] << 8 | (width(chip) == 2 ? octets[1] : 0)) * OTHER_LAW_GAIN;
    }
}

/* Works out everything that registers decide, so that frames need not look at them. */
void si321x_audio_setup(struct si321x *chip) {
    uint8_t gain = chip->dr[DR_GAIN], mode = chip->dr[DR_PCM];
    if ((mode & PCM_ENABLE) && FORMAT(mode) == RESERVED) si321x_breach(chip, "PCM format 2 is reserved");
    chip->collided = false;
    chip->tx_slot = slot_of(chip, DR_TXS);
    chip->rx_slot = slot_of(chip, DR_RXS);
    chip->rx_gain = gain & RX_MUTE ? 0 : analog_gain(gain) * digital_gain(chip, IR_DACG);
    chip->tx_gain = gain & TX_MUTE ? 0 : analog_gain(gain >> 2) * digital_gain(chip, IR_ADCG);
    chip->law_gain = FORMAT(mode) == A_LAW ? 1.0f : 1.0f / OTHER_LAW_GAIN;
    chip->hybrid_leak = hybrid_leak(chip->dr[DR_HYBRID]);
    encode(chip, 0, chip->idle_octets);
}

bool si321x_audio_on(const struct si321x *chip) {
    if (chip->in_reset || chip->no_clock) return false;
    bool active = chip->state == LF_ACTIVE || chip->state == LF_REVERSE;
    return chip->state == LF_OHT || chip->state == LF_REVERSE_OHT || (active && chip->loop_closed);
}

static float clipped(float sample) {
    return sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample;
}

float si321x_receive_step(struct si321x *chip, const uint8_t *highway) {
    chip->line_out = 0;
    if (!si321x_audio_on(chip)) return 0;
    float sample = chip->rx_slot >= 0 ? decode(chip, highway + chip->rx_slot) * chip->rx_gain : 0;
    chip->line_out = clipped(sample + chip->tone_to_phone);
    return chip->dr[DR_LOOPBACK] & ANALOG_LOOP_1 ? chip->line_in : chip->line_out;
}

static void drive(struct si321x *chip, const uint8_t *octets, uint8_t *highway, uint8_t *driven) {
    for (int i = 0; i < width(chip); i++) {
        int slot = chip->tx_slot + i;
        if (driven[slot] && !chip->collided) {
            chip->collided = true;
            violations_add(chip->log, chip->port, chip->now_us, "two chips drive slot %d of the highway", slot);
        }
        highway[slot] = driven[slot] ? highway[slot] & octets[i] : octets[i];
        driven[slot] = 1;
    }
}

void si321x_transmit_step(struct si321x *chip, float heard, const uint8_t *from_host, uint8_t *highway,
                          uint8_t *driven) {
    uint8_t octets[2];
    chip->line_in = heard;
    if (chip->tx_slot < 0 || chip->in_reset || chip->no_clock) return;
    if (chip->dr[DR_LOOPBACK] & DIGITAL_LOOP && chip->rx_slot >= 0) {
        drive(chip, from_host + chip->rx_slot, highway, driven);
        return;
    }
    if (!si321x_audio_on(chip)) {
        drive(chip, chip->idle_octets, highway, driven);
        return;
    }
    float source = chip->dr[DR_LOOPBACK] & ANALOG_LOOP_2 ? chip->line_out : heard;
    encode(chip, source * chip->tx_gain + chip->tone_to_pcm, octets);
    drive(chip, octets, highway, driven);
}
