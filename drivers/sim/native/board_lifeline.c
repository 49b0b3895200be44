/* The lifeline: a relay that falls without power and then joins one telephone with one exchange line. See simboard.h.
 *
 * A change-over relay with a latch in its driver that reset and loss of power clear: it does not draw again by itself
 * when the power is back, only when the driver says so. */
#include "board.h"

#include <errno.h>

#define TRAVEL_US 4000.0 /* between its contacts the telephone is on neither line [M: a telecom relay moves in 2 to 4 ms] */
#define LONG_AGO_US (-1e9)

void board_lifeline_start(struct simboard *board) {
    board->lifeline = (struct lifeline){.phone = -1, .line = -1, .moved_us = LONG_AGO_US};
}

int simboard_add_lifeline(struct simboard *board, int phone, int line) {
    struct board_port *from = board_port(board, phone), *to = board_port(board, line);
    if (!from || !to || from->exchange_line || !to->exchange_line || board->lifeline.phone >= 0) return -EINVAL;
    board->lifeline.phone = phone;
    board->lifeline.line = line;
    return 0;
}

int board_lifeline_drive(struct simboard *board, bool on) {
    struct lifeline *relay = &board->lifeline;
    if (relay->phone < 0) return -EINVAL;
    if (on && (board->unpowered || !board->reset_level)) return 0;
    if (on == relay->energised) return 0;
    relay->energised = on;
    relay->moved_us = (double)board_now_us(board);
    return 0;
}

void board_lifeline_step(struct simboard *board) {
    const struct lifeline *relay = &board->lifeline;
    if (relay->phone < 0) return;
    struct copper *phone = &board->port[relay->phone]->copper;
    bool moving = board->next_us - relay->moved_us < TRAVEL_US;
    bool joined = !relay->energised && !moving;
    phone->away = !relay->energised || moving;
    board->port[relay->line]->office.joined = joined ? phone : NULL;
    if (moving) phone->phone_v = phone->away_a = 0;
}

int simboard_lifeline_joined(struct simboard *board) {
    if (board->lifeline.phone < 0) return -EINVAL;
    board_lock(board);
    int joined = !board->lifeline.energised;
    board_unlock(board);
    return joined;
}

void simboard_power(struct simboard *board, int on) {
    board_lock(board);
    board->unpowered = !on;
    board_hold_reset(board);
    board_unlock(board);
}

int simboard_is_powered(struct simboard *board) {
    board_lock(board);
    int on = !board->unpowered;
    board_unlock(board);
    return on;
}
