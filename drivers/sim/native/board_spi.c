/* The board's SPI bus and GPIO lines: chip selects, RESET to all chips, INT from any of them. */
#define _GNU_SOURCE
#include "board.h"

#include <errno.h>
#include <time.h>

static uint8_t octet(struct simboard *board, int cs, uint8_t mosi) {
    if (!board->served) {
        board->stepped_us += SPI_OCTET_US;
        board_catch_up(board);
    }
    struct board_port *port = cs < BOARD_CHIP_SELECTS ? board_port(board, board->port_of_cs[cs]) : NULL;
    if (!port || board->unpowered) return 0xFF;
    double now_us = (double)board_now_us(board);
    return port->exchange_line ? si3050_exchange(&port->daa, mosi, now_us) : si321x_exchange(&port->chip, mosi, now_us);
}

int board_transfer(struct simboard *board, struct spi_op *ops, int count) {
    for (int i = 0; i < count; i++)
        if (ops[i].count < 1 || ops[i].count > SPI_OP_MAX) return -EINVAL;
    board_lock(board);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < ops[i].count; k++) ops[i].in[k] = octet(board, ops[i].cs, ops[i].out[k]);
    board_unlock(board);
    return 0;
}

/* As the reset line and the supply say now; either lets the lifeline's relay fall. */
void board_hold_reset(struct simboard *board) {
    double now_us = (double)board_now_us(board);
    bool held = !board->reset_level || board->unpowered;
    for (int i = 0; i < board->ports; i++) {
        struct board_port *port = board->port[i];
        if (port->exchange_line) si3050_hold_reset(&port->daa, held, now_us);
        else si321x_hold_reset(&port->chip, held, now_us);
    }
    if (held) board_lifeline_drive(board, false);
}

int board_gpio_set(struct simboard *board, int line, int level) {
    int result = line == SPI_GPIO_RESET || line == SPI_GPIO_LIFELINE ? 0 : -EINVAL;
    board_lock(board);
    if (line == SPI_GPIO_LIFELINE) result = board_lifeline_drive(board, level != 0);
    if (line == SPI_GPIO_RESET) {
        board->reset_level = level != 0;
        board_hold_reset(board);
    }
    board_unlock(board);
    return result;
}

/* INT is open drain: low while any chip has a status bit set and is not in reset. */
static int interrupt_level(struct simboard *board) {
    for (int i = 0; i < board->ports; i++) {
        struct board_port *port = board->port[i];
        if (port->exchange_line ? si3050_interrupts(&port->daa) : port->chip.irq || port->chip.stuck_interrupt) return 0;
    }
    return 1;
}

int board_gpio_get(struct simboard *board, int line) {
    if (line < SPI_GPIO_RESET || line > SPI_GPIO_LIFELINE) return -EINVAL;
    board_lock(board);
    int level = line == SPI_GPIO_RESET ? board->reset_level
                : line == SPI_GPIO_INT ? interrupt_level(board)
                                       : board->lifeline.energised;
    board_unlock(board);
    return level;
}

static int transfer(void *self, struct spi_op *ops, int count) {
    return board_transfer(self, ops, count);
}

static int gpio_set(void *self, int line, int level) {
    return board_gpio_set(self, line, level);
}

static int gpio_get(void *self, int line) {
    return board_gpio_get(self, line);
}

static void wait_us(void *self, long us) {
    struct simboard *board = self;
    struct timespec span = {us / 1000000, us % 1000000 * 1000};
    if (us <= 0) return;
    if (board->served) clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
    else simboard_step_us(board, us);
}

static long long now_us(void *self) {
    return simboard_now_us(self);
}

void board_spi_start(struct simboard *board) {
    board->spi = (struct spi_ops){board, transfer, gpio_set, gpio_get, wait_us, now_us};
}

struct spi_ops *simboard_spi_ops(struct simboard *board) {
    return &board->spi;
}
