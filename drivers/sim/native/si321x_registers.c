/* Direct registers of the Si321x, section 4: reset values, writable bits, and what a write
 * sets off. */
#include "si321x.h"

#include <string.h>

#include "chance.h"

#define STUCK_BIT (1u << (8 + 1)) /* LCIP, DR19 bit 1 */
#define REVISION_E 5
#define ONLY_3210 1

struct register_row {
    uint8_t address, reset, writable, parts;
};

/* Writable registers. What is not here is read-only or reserved. */
static const struct register_row ROWS[] = {
    {0, 0x00, 0xC0, 0},    {1, 0x08, 0x3F, 0},   {2, 0x00, 0xFF, 0},   {3, 0x00, 0x03, 0},   {4, 0x00, 0xFF, 0},
    {5, 0x00, 0x03, 0},    {6, 0x00, 0x1F, ONLY_3210},                 {8, 0x02, 0x07, 0},   {9, 0x00, 0xFF, 0},
    {10, 0x08, 0x3F, 0},   {11, 0x33, 0x77, 0},  {14, 0x10, 0x3B, 0},  {15, 0x00, 0x3F, 0},  {18, 0x00, 0x00, 0},
    {19, 0x00, 0x00, 0},   {20, 0x00, 0x00, 0},  {21, 0x00, 0xFF, 0},  {22, 0x00, 0xFF, 0},  {23, 0x00, 0x07, 0},
    {28, 0x00, 0x00, 0},   {29, 0x00, 0x00, 0},  {30, 0x00, 0x00, 0},  {32, 0x00, 0x7F, 0},  {33, 0x00, 0x3F, 0},
    {34, 0x00, 0x1B, 0},   {35, 0x00, 0x1C, ONLY_3210},                {36, 0x00, 0xFF, 0},  {37, 0x00, 0xFF, 0},
    {38, 0x00, 0xFF, 0},   {39, 0x00, 0xFF, 0},  {40, 0x00, 0xFF, 0},  {41, 0x00, 0xFF, 0},  {42, 0x00, 0xFF, 0},
    {43, 0x00, 0xFF, 0},   {44, 0x00, 0xFF, ONLY_3210},                {45, 0x00, 0xFF, ONLY_3210},
    {46, 0x00, 0xFF, ONLY_3210},                 {47, 0x00, 0xFF, ONLY_3210},                {48, 0x00, 0xFF, 0},
    {49, 0x00, 0xFF, 0},   {50, 0x00, 0xFF, 0},  {51, 0x00, 0xFF, 0},  {52, 0x00, 0x01, 0},  {63, 0x54, 0xFF, 0},
    {64, 0x00, 0x00, 0},   {65, 0x61, 0x7F, 0},  {66, 0x03, 0x1B, 0},  {67, 0x1F, 0x7F, 0},  {69, 0x0A, 0x7F, 0},
    {70, 0x0A, 0x7F, 0},   {71, 0x00, 0x07, 0},  {72, 0x20, 0x7F, 0},  {73, 0x02, 0x3F, 0},  {74, 0x32, 0x3F, 0},
    {75, 0x10, 0x3F, 0},   {76, 0x00, 0x07, 0},  {92, 0xFF, 0xBF, 0},  {93, 0x14, 0x9F, 0},  {96, 0x1F, 0x7F, 0},
    {97, 0x1F, 0x1F, 0},   {98, 0x10, 0x1F, 0},  {99, 0x10, 0x1F, 0},  {100, 0x11, 0x1F, 0}, {101, 0x11, 0x1F, 0},
    {102, 0x08, 0x0F, 0},  {103, 0x88, 0xFF, 0}, {104, 0x00, 0x0F, 0}, {105, 0x00, 0xFF, 0},
    {106, 0x20, 0x3F, ONLY_3210},                {107, 0x08, 0x0F, 0},  {108, 0x00, 0xFF, 0},
};
#define ROW_COUNT ((int)(sizeof ROWS / sizeof ROWS[0]))

static const struct register_row *row_of(const struct si321x *chip, int address) {
    for (int i = 0; i < ROW_COUNT; i++)
        if (ROWS[i].address == address) return chip->newer_family && ROWS[i].parts == ONLY_3210 ? NULL : &ROWS[i];
    return NULL;
}

void si321x_breach(struct si321x *chip, const char *sentence) {
    violations_add(chip->log, chip->port, chip->now_us, "%s", sentence);
}

void si321x_reset(struct si321x *chip) {
    memset(chip->dr, 0, sizeof chip->dr);
    for (int i = 0; i < ROW_COUNT; i++)
        if (row_of(chip, ROWS[i].address)) chip->dr[ROWS[i].address] = ROWS[i].reset;
    chip->dr[DR_SPI] = REVISION_E;
    if (chip->newer_family) chip->dr[DR_PCM] |= 0x80;
    for (int i = 0; i < 256; i++) chip->ir[i] = (uint16_t)chance_next(&chip->rng);
    memset(chip->ir_written, 0, sizeof chip->ir_written);
    chip->ia_busy = chip->ia_loaded = false;
    chip->irq = 0;
    chip->spi_state = 0;
    chip->spi_deaf = false;
    chip->battery_ready = chip->calibrated = chip->dead = false;
    chip->converter_cal_left = chip->calibration_left = 0;
    chip->state = chip->wanted = LF_OPEN;
    chip->transition_left = 0;
    chip->reversed = chip->ring_on_line = false;
    chip->feed_v = 0;
    memset(&chip->ring_burst, 0, sizeof chip->ring_burst);
    memset(chip->tone_burst, 0, sizeof chip->tone_burst);
    si321x_detect_clear(chip);
    si321x_audio_setup(chip);
}

static void draw_nature(struct si321x_nature *nature, uint64_t *rng) {
    nature->ramp_v_per_frame = 75.0 * 0.125 / chance_between(rng, 35, 65);
    nature->decay_per_frame = 125e-6 / chance_between(rng, 1.5, 2.5);
    nature->transition_frames = (int)chance_between(rng, 8, 33);
    nature->calibration_frames = (int)chance_between(rng, 800, 2320);
    nature->converter_cal_frames = (int)chance_between(rng, 96, 224);
    nature->gain_mismatch_ring = (uint8_t)chance_between(rng, 6, 20);
    nature->gain_mismatch_tip = (uint8_t)chance_between(rng, 6, 20);
    static const uint8_t MASKS[8] = {0x1F, 0x1F, 0x0F, 0xFF, 0x0F, 0xFF, 0x3F, 0};
    for (int i = 0; i < 7; i++) nature->results[i] = (uint8_t)chance_next(rng) & MASKS[i];
    nature->results[7] = (uint8_t)chance_between(rng, 4, 12);
}

void si321x_power_on(struct si321x *chip, int part, int port, uint64_t seed, struct violations *log) {
    memset(chip, 0, sizeof *chip);
    chip->part = part;
    chip->port = port;
    chip->newer_family = part == 3215;
    chip->rng = seed;
    chip->log = log;
    draw_nature(&chip->nature, &chip->rng);
    chip->in_reset = true;
    si321x_reset(chip);
}

void si321x_hold_reset(struct si321x *chip, bool held, double now_us) {
    chip->now_us = now_us;
    if (held && !chip->in_reset) si321x_reset(chip);
    if (!held && chip->in_reset) {
        chip->released_us = now_us;
        if (chip->no_clock) si321x_breach(chip, "RESET released without PCLK");
    }
    chip->in_reset = held;
}

void si321x_interrupt(struct si321x *chip, uint32_t bits) {
    uint32_t enabled = (uint32_t)si321x_register_pair(chip, DR_IRQE1) | (uint32_t)chip->dr[DR_IRQE3] << 16;
    chip->irq |= bits & enabled;
}

static uint8_t wrong_identity(int address, uint8_t value) {
    return address == DR_SPI ? 0x20 : address == DR_HYBRID ? 0x00 : address == DR_LOOPBACK ? 0x55 : value;
}

static uint8_t ring_status(const struct si321x *chip) {
    bool ringing = chip->dr[DR_LINEFEED] == LF_RINGING;
    return (uint8_t)((ringing && chip->ring_burst.on) << 7 | chip->ring_on_line << 5 | ringing << 2);
}

uint8_t si321x_read(struct si321x *chip, int address) {
    uint8_t value = address < DR_COUNT ? chip->dr[address] : 0;
    if (chip->wrong_identity) value = wrong_identity(address, value);
    switch (address) {
    case DR_IRQ1: case DR_IRQ2: case DR_IRQ3: return (uint8_t)((chip->irq | (chip->stuck_interrupt ? STUCK_BIT : 0)) >> 8 * (address - DR_IRQ1));
    case DR_IAS: return chip->ia_busy;
    case DR_OSC1: return value | (uint8_t)(chip->tone_burst[0].on << 7);
    case DR_OSC2: return value | (uint8_t)(chip->tone_burst[1].on << 7);
    case DR_RING: return value | ring_status(chip);
    case DR_LINEFEED: return (uint8_t)(chip->state << 4 | value);
    case DR_IQ5: case DR_IQ6: return si321x_gain_search(chip, address);
    default: return value;
    }
}

static void acknowledge(struct si321x *chip, int address, uint8_t value) {
    chip->irq &= ~((uint32_t)value << 8 * (address - DR_IRQ1));
}

/* Bits that the Si3215 has not: metering and DTMF interrupts, metering power, ZSEXT and SWDB. */
static uint8_t newer_family_bits(int address) {
    switch (address) {
    case DR_IRQE1: return 0x3F;
    case DR_IRQE3: return 0x02;
    case DR_POWER: return 0x1B;
    case DR_ENHANCE: return 0xE7;
    default: return 0xFF;
    }
}

static void refused(struct si321x *chip, int address) {
    if (address == DR_CALCM) return; /* restored with the calibration vector of DR96-107; does nothing */
    violations_add(chip->log, chip->port, chip->now_us, "write to register %d, which is read-only or reserved on Si%d",
                   address, chip->part);
}

static void follow_write(struct si321x *chip, int address, uint8_t before) {
    if (address <= DR_HYBRID) si321x_audio_setup(chip);
    if (address == DR_POWER) si321x_converter_write(chip, before);
    if (address == DR_OSC1 || address == DR_OSC2) si321x_tone_write(chip, address - DR_OSC1);
    if (address == DR_DCDC) si321x_converter_calibrate_write(chip);
    if (address == DR_CAL1) si321x_calibrate_write(chip);
    if (address >= DR_CAL_FIRST && address < DR_CALCM && !chip->calibration_left)
        chip->calibrated = true; /* a stored calibration vector (section 5 step 15) */
}

void si321x_write(struct si321x *chip, int address, uint8_t value) {
    const struct register_row *row = row_of(chip, address);
    if (!row) {
        refused(chip, address);
        return;
    }
    switch (address) {
    case DR_IRQ1: case DR_IRQ2: case DR_IRQ3: acknowledge(chip, address, value); return;
    case DR_IDA: case DR_IDA_HIGH: si321x_indirect_data(chip, address, value); return;
    case DR_IAA: si321x_indirect_start(chip, value); return;
    case DR_LINEFEED: si321x_linefeed_write(chip, value); return;
    default: break;
    }
    uint8_t before = chip->dr[address];
    uint8_t writable = row->writable & (chip->newer_family ? newer_family_bits(address) : 0xFF);
    chip->dr[address] = (uint8_t)((before & ~writable) | (value & writable));
    follow_write(chip, address, before);
}
