/* SPI framing and registers of the Si3050: sections 1 and 2. Three octets an access, each with its own pulse on CS:
 * control, address, data. */
#include "si3050.h"

#include <string.h>

#include "chance.h"

#define FLOATING 0xFF
#define BROADCAST 0x80
#define READ_BIT 0x40
#define FIXED_BITS 0x30 /* bit 5 is 1, bit 4 is 0 */
#define CID_BITS 0x0F
#define PLL_SETTLING_US 1000.0
#define SOFT_RESET_US 1000.0
#define REVISION_E 5
#define LINE_REVISION 0x58 /* always-1 bit 6, revision F in bits 5:2 */
#define SI3019 0x30
#define SLEEP 0x08
#define WATCHDOG 0x10

struct daa_row {
    uint8_t address, reset, writable;
};

static const struct daa_row ROWS[] = {
    {1, 0x00, 0xBA},  {2, 0x03, 0xD7},  {3, 0x00, 0xFF},  {4, 0x00, 0x00},  {5, 0x00, 0x09},  {6, 0x10, 0x18},
    {7, 0x00, 0x08},  {10, 0x00, 0x01}, {14, 0x00, 0x02}, {15, 0x00, 0x88}, {16, 0x00, 0xF3}, {17, 0x00, 0xFC},
    {18, 0x00, 0x02}, {20, 0x00, 0xFF}, {21, 0x00, 0xFF}, {22, 0x96, 0xFF}, {23, 0x2D, 0xFF}, {24, 0x19, 0xBF},
    {25, 0x00, 0x7F}, {26, 0x00, 0xFF}, {30, 0x00, 0x1F}, {31, 0x20, 0xEB}, {32, 0x03, 0x03}, {33, 0x00, 0xBF},
    {34, 0x00, 0xFF}, {35, 0x00, 0x03}, {36, 0x00, 0xFF}, {37, 0x00, 0x03}, {38, 0x00, 0x1F}, {39, 0x00, 0x1F},
    {40, 0x00, 0x1F}, {41, 0x00, 0x1F}, {42, 0x00, 0x0F}, {43, 0x00, 0xFF}, {44, 0x00, 0x07}, {45, 0x00, 0xFF},
    {46, 0x00, 0xFF}, {47, 0x00, 0xFF}, {48, 0x00, 0xFF}, {49, 0x00, 0xFF}, {50, 0x00, 0xFF}, {51, 0x00, 0xFF},
    {52, 0x00, 0xFF}, {59, 0x00, 0xFF},
};
#define ROW_COUNT ((int)(sizeof ROWS / sizeof ROWS[0]))

static const struct daa_row *row_of(int address) {
    for (int i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].address == address) return &ROWS[i];
    return NULL;
}

void si3050_breach(struct si3050 *chip, const char *sentence) {
    violations_add(chip->log, chip->port, chip->now_us, "%s", sentence);
}

void si3050_reset(struct si3050 *chip) {
    bool watched = chip->watched;
    memset(chip->reg, 0, sizeof chip->reg);
    for (int i = 0; i < ROW_COUNT; i++) chip->reg[ROWS[i].address] = ROWS[i].reset;
    chip->reg[DAA_RESISTOR] = chip->nature.undefined25;
    chip->reg[DAA_SPARK] = chip->nature.undefined59;
    chip->linked = false;
    chip->link_left = chip->settle_left = 0;
    chip->starved = chip->over_threshold = chip->asleep = false;
    chip->watched = watched;
    si3050_ring_clear(chip);
    si3050_line_setup(chip);
    si3050_audio_setup(chip);
}

void si3050_power_on(struct si3050 *chip, int port, uint64_t seed, struct violations *log) {
    uint64_t chance = seed;
    memset(chip, 0, sizeof *chip);
    chip->port = port;
    chip->log = log;
    chip->nature.link_frames = (int)chance_between(&chance, 16, 80);
    chip->nature.voltmeter = chance_between(&chance, 0.9, 1.1);
    chip->nature.ring_scale = chance_between(&chance, 0.9, 1.1);
    chip->nature.offset = (float)chance_between(&chance, -3276, 3276);
    chip->nature.undefined25 = (uint8_t)chance_next(&chance) & 0x0F;
    chip->nature.undefined59 = (uint8_t)chance_next(&chance);
    chip->in_reset = true;
    si3050_reset(chip);
}

void si3050_hold_reset(struct si3050 *chip, bool held, double now_us) {
    chip->now_us = now_us;
    if (held) {
        chip->watched = false;
        if (!chip->in_reset) si3050_reset(chip);
        chip->spi_octet = 0;
    } else if (chip->in_reset) {
        chip->released_us = chip->accessed_us = now_us;
        if (chip->no_clock) si3050_breach(chip, "RESET released without PCLK");
    }
    chip->in_reset = held;
}

bool si3050_interrupts(const struct si3050 *chip) {
    bool compared = (chip->reg[DAA_CVT_IRQ] & 0x0A) == 0x0A; /* CVI and CVM */
    return chip->reg[DAA_CONTROL2] & 0x80 && (chip->reg[DAA_SOURCE] & chip->reg[DAA_MASK] || compared);
}

/* ---- reading ---- */

static uint8_t read_register(const struct si3050 *chip, int address) {
    uint8_t value = chip->reg[address];
    if (chip->wrong_identity && address == DAA_CONTROL2) return 0x00;
    switch (address) {
    case DAA_HOOK: return value | si3050_ring_bits(chip);
    case DAA_REVISION: return (uint8_t)(REVISION_E | (chip->linked ? SI3019 : 0));
    case DAA_LINE_REVISION: return chip->linked ? LINE_REVISION : 0x40;
    default: return value;
    }
}

/* ---- writing ---- */

static void check_values(struct si3050 *chip, int address, uint8_t value) {
    if (address == DAA_INT1 || address == DAA_INT2) {
        if (chip->reg[DAA_INT2] & 0x10 && !(chip->reg[DAA_INT1] & 1)) si3050_breach(chip, "RT2=1 with RT=0 is reserved");
    }
    if (address == DAA_RING2 && !(value & 0x78)) si3050_breach(chip, "ring time-out RTO=0 is not allowed");
    if (address == DAA_PCM && value & 0x04) si3050_breach(chip, "reserved bit 2 of register 33 set");
    if (address == DAA_DC && value & 0x0C) si3050_breach(chip, "reserved bits of register 26 set");
}

static void follow_write(struct si3050 *chip, int address, uint8_t before) {
    check_values(chip, address, chip->reg[address]);
    if (address == DAA_POWER) si3050_power_write(chip, before);
    if (address == DAA_HOOK) si3050_hook_write(chip, before);
    if (address == DAA_CONTROL2 && chip->reg[address] & WATCHDOG) chip->watched = true;
    if (address == DAA_DC || address == DAA_CONTROL5 || address == DAA_AC) si3050_line_setup(chip);
    if (address >= DAA_TXS && address < DAA_TXG2 && chip->reg[DAA_PCM] & 0x20)
        si3050_breach(chip, "PCM start count written with PCME=1");
    if (address >= DAA_AC || address == DAA_MUTE) si3050_audio_setup(chip);
}

/* Flags are cleared by writing 0 to them; a 1 changes nothing. BTD goes with BTE. */
static void clear_flags(struct si3050 *chip, int address, uint8_t value) {
    if (address == DAA_INT2 && !(value & 0x04)) chip->reg[DAA_INT2] &= (uint8_t)~0x01;
    if (address == DAA_SOURCE) {
        chip->reg[DAA_SOURCE] &= value;
        if (!(value & DAA_ROVI)) chip->reg[DAA_INT2] &= (uint8_t)~0x02;
    } else if (address == DAA_CVT_IRQ && !(value & 0x08)) {
        chip->reg[DAA_CVT_IRQ] &= (uint8_t)~0x08;
    } else if (address == DAA_INT2 && !(value & 0x02)) {
        chip->reg[DAA_INT2] &= (uint8_t)~0x02;
        chip->reg[DAA_SOURCE] &= (uint8_t)~DAA_ROVI;
    }
}

static void write_register(struct si3050 *chip, int address, uint8_t value) {
    const struct daa_row *row = row_of(address);
    if (!row) {
        violations_add(chip->log, chip->port, chip->now_us, "write to register %d, which is read-only or reserved",
                       address);
        return;
    }
    if (address == DAA_CONTROL1 && value & 0x80) {
        si3050_reset(chip);
        chip->soft_reset_us = chip->now_us;
        return;
    }
    clear_flags(chip, address, value);
    uint8_t before = chip->reg[address], writable = row->writable;
    if (address == DAA_CONTROL2 && chip->watched) value |= WATCHDOG; /* only a hardware reset clears it */
    chip->reg[address] = (uint8_t)((before & ~writable) | (value & writable));
    follow_write(chip, address, before);
}

/* ---- framing ---- */

static bool can_answer(struct si3050 *chip) {
    bool reading = chip->spi_control & READ_BIT;
    if (chip->in_reset) {
        if (!reading) si3050_breach(chip, "register written while RESET is low");
        return false;
    }
    if (chip->no_clock || chip->asleep) return false;
    if (chip->now_us - chip->released_us < PLL_SETTLING_US)
        si3050_breach(chip, "register access before the PLL has settled after RESET");
    if (chip->soft_reset_us > 0 && chip->now_us - chip->soft_reset_us < SOFT_RESET_US)
        si3050_breach(chip, "register access within 1 ms of a soft reset");
    return true;
}

static bool meant(struct si3050 *chip) {
    uint8_t control = chip->spi_control;
    if ((control & FIXED_BITS) != 0x20) {
        violations_add(chip->log, chip->port, chip->now_us, "control octet 0x%02X is none of this chip", control);
        return false;
    }
    if (control & BROADCAST) return !(control & READ_BIT);
    return (control & CID_BITS) == 0;
}

uint8_t si3050_exchange(struct si3050 *chip, uint8_t mosi, double now_us) {
    chip->now_us = now_us;
    if (chip->dead_bus) return FLOATING;
    if (chip->spi_octet == 0) chip->spi_control = mosi;
    if (chip->spi_octet == 1) chip->spi_address = mosi;
    if (++chip->spi_octet < 3) return FLOATING;
    chip->spi_octet = 0;
    if (!meant(chip) || !can_answer(chip)) return FLOATING;
    chip->accessed_us = now_us;
    int address = chip->spi_address;
    if (address >= DAA_COUNT) {
        violations_add(chip->log, chip->port, chip->now_us, "address octet 0x%02X, registers end at 59", address);
        return FLOATING;
    }
    if (chip->spi_control & READ_BIT) return read_register(chip, address);
    write_register(chip, address, mosi);
    return FLOATING;
}
