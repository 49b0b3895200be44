/* SPI framing of the Si321x, section 2: address octet, data octet, each with its own pulse on CS;
 * in daisy-chain mode a select octet goes before them. */
#include "si321x.h"

#define READ_BIT 0x80
#define DAISY_BIT 0x80
#define FLOATING 0xFF /* MISO is pulled up when nobody drives it */
#define PLL_SETTLING_US 31.25 /* 64 PCLK periods at 2.048 MHz */

enum { AWAIT_ADDRESS, AWAIT_DATA, AWAIT_ADDRESS_OF_CHAIN };

static bool can_answer(struct si321x *chip, uint8_t mosi) {
    if (chip->in_reset) {
        if (!(mosi & READ_BIT)) si321x_breach(chip, "register written while RESET is low");
        return false;
    }
    if (chip->no_clock) return false;
    if (chip->now_us - chip->released_us < PLL_SETTLING_US)
        si321x_breach(chip, "register access before the PLL has settled after RESET");
    return true;
}

uint8_t si321x_exchange(struct si321x *chip, uint8_t mosi, double now_us) {
    chip->now_us = now_us;
    if (chip->dead_bus) return FLOATING;
    if (chip->spi_state == AWAIT_ADDRESS && (chip->dr[DR_SPI] & DAISY_BIT)) {
        chip->spi_deaf = !(mosi & 1);
        chip->spi_state = AWAIT_ADDRESS_OF_CHAIN;
        return FLOATING;
    }
    if (chip->spi_state != AWAIT_DATA) {
        chip->spi_address = mosi;
        chip->spi_state = AWAIT_DATA;
        return FLOATING;
    }
    chip->spi_state = AWAIT_ADDRESS;
    bool deaf = chip->spi_deaf;
    chip->spi_deaf = false;
    if (deaf || !can_answer(chip, chip->spi_address)) return FLOATING;
    si321x_indirect_settle(chip);
    if (chip->spi_address & READ_BIT) return si321x_read(chip, chip->spi_address & 0x7F);
    si321x_write(chip, chip->spi_address & 0x7F, mosi);
    return FLOATING;
}
