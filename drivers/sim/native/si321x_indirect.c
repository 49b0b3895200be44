/* Indirect registers of the Si321x, sections 3 and 6: 16-bit words behind DR28-31, served at
 * 16 kHz, undefined after reset, and numbered anew on the Si3215. */
#include "si321x.h"

#include <math.h>

#define SERVICE_US 62.5

/* Si3210 number -> Si3215 number; -1 where the newer family has no such register. */
int si321x_ir_number(const struct si321x *chip, int number) {
    if (!chip->newer_family) return number;
    if (number >= 13 && number <= 22) return number - 13;
    if (number >= 26 && number <= 40) return number - 13;
    if (number == IR_VMIND) return 64;
    if (number == IR_LCRTL) return 66;
    if (number >= 99 && number <= 104) return number - 30;
    return -1;
}

uint16_t si321x_ir(const struct si321x *chip, int number) {
    int own = si321x_ir_number(chip, number);
    return own < 0 ? 0 : chip->ir[own];
}

bool si321x_ir_require(struct si321x *chip, int first, int last, const char *for_what) {
    bool all = true;
    for (int number = first; number <= last; number++) {
        int own = si321x_ir_number(chip, number);
        if (own < 0 || chip->ir_written[own]) continue;
        violations_add(chip->log, chip->port, chip->now_us, "indirect register %d used uninitialised (%s)", own,
                       for_what);
        all = false;
    }
    return all;
}

static bool refused_while_busy(struct si321x *chip) {
    if (!chip->ia_busy) return false;
    si321x_breach(chip, "indirect access while IAS is busy");
    return true;
}

void si321x_indirect_data(struct si321x *chip, int address, uint8_t value) {
    if (refused_while_busy(chip)) return;
    chip->dr[address] = value;
    chip->ia_loaded = true;
}

void si321x_indirect_start(struct si321x *chip, uint8_t address) {
    if (refused_while_busy(chip)) return;
    chip->dr[DR_IAA] = chip->ia_address = address;
    chip->ia_store = chip->ia_loaded;
    chip->ia_loaded = false;
    chip->ia_busy = true;
    chip->ia_done_us = (floor(chip->now_us / SERVICE_US) + 1.0) * SERVICE_US;
}

/* Carries out the pending access once its service tick has passed. Called before each register
 * access and each frame, so that the busy time is true to the microsecond. */
void si321x_indirect_settle(struct si321x *chip) {
    if (!chip->ia_busy || chip->now_us < chip->ia_done_us) return;
    uint8_t at = chip->ia_address;
    chip->ia_busy = false;
    if (chip->ia_store) {
        chip->ir[at] = (uint16_t)(chip->dr[DR_IDA] | chip->dr[DR_IDA_HIGH] << 8);
        chip->ir_written[at] = true;
        si321x_audio_setup(chip);
    } else {
        chip->dr[DR_IDA] = (uint8_t)chip->ir[at];
        chip->dr[DR_IDA_HIGH] = (uint8_t)(chip->ir[at] >> 8);
    }
    si321x_interrupt(chip, IRQ_INDP);
}
