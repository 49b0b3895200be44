/* The rig's face of a board: wires, telephones, measurements, faults, the violation log. */
#include "board.h"

#include <errno.h>
#include <stdio.h>

/* ---- wire and hook ---- */

int simboard_get_wire(struct simboard *board, int number, struct simboard_wire *wire) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    *wire = port->copper.wire;
    board_unlock(board);
    return 0;
}

static bool within(double value, double low, double high) {
    return value >= low && value <= high; /* false for NaN */
}

static bool wire_is_possible(const struct simboard_wire *w) {
    return within(w->loop_ohm, 0, 5000) && within(w->leak_ohm, 0, 1e9) && within(w->ren, 0, 10) &&
           within(w->phone_ohm, 1, 20000) && within(w->bounce_ms, 0, 50) && within(w->erl_db, 0, 60) &&
           within(w->echo_ms, 0, 60) && within(w->loss_db, 0, 40) && within(w->noise_dbm0, -200, 3) &&
           within(w->sidetone_db, 0, 100);
}

int simboard_set_wire(struct simboard *board, int number, const struct simboard_wire *wire) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    if (!wire_is_possible(wire)) return -ERANGE;
    board_lock(board);
    copper_wire(&port->copper, wire);
    board_unlock(board);
    return 0;
}

int simboard_phone_hook(struct simboard *board, int number, int lifted) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    phone_move_hook(&port->copper, lifted != 0, (double)board_now_us(board));
    board_unlock(board);
    return 0;
}

static int add_edges(struct copper *copper, const struct simboard_edge *edges, int count) {
    long long last_us = edges[0].at_us;
    if (count > SIMBOARD_MAX_EDGES - copper->edges) return -ENOSPC;
    if (copper->edges > 0)
        last_us = copper->edge[(copper->edge_first + copper->edges - 1) % SIMBOARD_MAX_EDGES].at_us;
    for (int i = 0; i < count; i++) {
        if (edges[i].at_us < last_us) return -EINVAL;
        last_us = edges[i].at_us;
    }
    for (int i = 0; i < count; i++)
        copper->edge[(copper->edge_first + copper->edges++) % SIMBOARD_MAX_EDGES] = edges[i];
    return 0;
}

int simboard_phone_schedule(struct simboard *board, int number, const struct simboard_edge *edges, int count) {
    struct board_port *port = board_port(board, number);
    if (!port || count < 1) return -EINVAL;
    board_lock(board);
    int result = add_edges(&port->copper, edges, count);
    board_unlock(board);
    return result;
}

int simboard_phone_edges(struct simboard *board, int number) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    int left = port->copper.edges;
    board_unlock(board);
    return left;
}

/* ---- mouth and ear ---- */

int simboard_phone_say(struct simboard *board, int number, const short *pcm, int count) {
    struct board_port *port = board_port(board, number);
    if (!port || count < 0) return -EINVAL;
    board_lock(board);
    struct copper *c = &port->copper;
    int room = SIMBOARD_MOUTH_SAMPLES - c->mouth_count;
    int taken = count < room ? count : room;
    for (int i = 0; i < taken; i++) c->mouth[(c->mouth_at + c->mouth_count++) % SIMBOARD_MOUTH_SAMPLES] = pcm[i];
    board_unlock(board);
    return taken;
}

int simboard_phone_unsaid(struct simboard *board, int number) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    int left = port->copper.mouth_count;
    board_unlock(board);
    return left;
}

void simboard_phone_hush(struct simboard *board, int number) {
    struct board_port *port = board_port(board, number);
    if (!port) return;
    board_lock(board);
    port->copper.mouth_count = 0;
    board_unlock(board);
}

/* How many samples from *from on can be copied; moves *from up to the oldest that is kept. */
static int reachable(const struct simboard *board, long long *from, int max) {
    long long oldest = board->frame - SIMBOARD_TRACE_SAMPLES;
    if (oldest < 0) oldest = 0;
    if (*from < oldest) *from = oldest;
    long long count = board->frame - *from;
    return count <= 0 || max <= 0 ? 0 : count < max ? (int)count : max;
}

int simboard_phone_hear(struct simboard *board, int number, long long *from, short *out, int max) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    int count = reachable(board, from, max);
    for (int i = 0; i < count; i++) out[i] = port->copper.ear[(*from + i) % SIMBOARD_TRACE_SAMPLES];
    board_unlock(board);
    return count;
}

int simboard_phone_trace(struct simboard *board, int number, long long *from, float *out, int max) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    int count = reachable(board, from, max);
    for (int i = 0; i < count; i++) out[i] = port->copper.trace[(*from + i) % SIMBOARD_TRACE_SAMPLES];
    board_unlock(board);
    return count;
}

/* ---- measuring ---- */

int simboard_line(struct simboard *board, int number, struct simboard_line *line) {
    struct board_port *port = board_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    const struct copper *copper = &port->copper;
    const struct si321x *chip = &port->chip;
    if (port->exchange_line) {
        *line = (struct simboard_line){
            .port_v = port->office.port_v,         .phone_v = port->office.port_v,
            .loop_ma = port->office.loop_a * 1e3,  .battery_v = port->office.set.battery_v,
            .lifted = si3050_off_hook(&port->daa), .ringing = port->office.ringing,
            .in_reset = port->daa.in_reset,        .slot = port->daa.tx_slot,
            .slot_hint = port->slot_hint,          .part = 3050,
            .cs = port->cs,
        };
        board_unlock(board);
        return 0;
    }
    *line = (struct simboard_line){
        .port_v = copper->port_v,         .phone_v = copper->phone_v,
        .loop_ma = copper->loop_a * 1e3,  .tip_v = chip->tip_v,
        .ring_v = chip->ring_leg_v,       .battery_v = chip->battery_v,
        .lifted = copper->lifted,         .linefeed = chip->dr[DR_LINEFEED],
        .linefeed_state = chip->state,    .ringing = chip->ring_on_line,
        .in_reset = chip->in_reset,       .dead = chip->dead,
        .slot = chip->tx_slot,            .slot_hint = port->slot_hint,
        .part = chip->part,               .cs = port->cs,
    };
    board_unlock(board);
    return 0;
}

int simboard_reset_level(struct simboard *board) {
    return board_gpio_get(board, SPI_GPIO_RESET);
}

/* ---- faults ---- */

static void show_faults(struct simboard *board, struct board_port *port) {
    struct si321x *chip = &port->chip;
    struct si3050 *daa = &port->daa;
    daa->dead_bus = port->faults >> SIMBOARD_FAULT_DEAD_BUS & 1;
    daa->wrong_identity = port->faults >> SIMBOARD_FAULT_WRONG_IDENTITY & 1;
    daa->link_lost = port->faults >> SIMBOARD_FAULT_LINK_LOST & 1;
    daa->no_clock = board->clock_lost || (port->faults >> SIMBOARD_FAULT_PCM_CLOCK_LOSS & 1);
    chip->dead_bus = port->faults >> SIMBOARD_FAULT_DEAD_BUS & 1;
    chip->wrong_identity = port->faults >> SIMBOARD_FAULT_WRONG_IDENTITY & 1;
    chip->stuck_interrupt = port->faults >> SIMBOARD_FAULT_STUCK_INTERRUPT & 1;
    chip->hot = port->faults >> SIMBOARD_FAULT_OVER_TEMPERATURE & 1;
    chip->no_clock = board->clock_lost || (port->faults >> SIMBOARD_FAULT_PCM_CLOCK_LOSS & 1);
}

static void set_fault(struct simboard *board, int number, int fault, int on) {
    struct board_port *port = board_port(board, number);
    if (fault == SIMBOARD_FAULT_CHIP_RESET) {
        if (on && port->exchange_line) si3050_reset(&port->daa);
        else if (on) si321x_reset(&port->chip);
        return;
    }
    if (!port) board->clock_lost = on != 0;
    else if (on) port->faults |= 1u << fault;
    else port->faults &= ~(1u << fault);
    for (int i = 0; i < board->ports; i++) show_faults(board, board->port[i]);
}

/* Only the clock can fail for the whole board, port -1; only a DAA has an isolation link, and it gets never hot. */
static bool is_fault(int number, const struct board_port *port, int fault) {
    if (fault < SIMBOARD_FAULT_DEAD_BUS || fault > SIMBOARD_FAULT_LINK_LOST) return false;
    bool daa = port && port->exchange_line;
    if (daa && (fault == SIMBOARD_FAULT_OVER_TEMPERATURE || fault == SIMBOARD_FAULT_STUCK_INTERRUPT)) return false;
    if (!daa && fault == SIMBOARD_FAULT_LINK_LOST) return false;
    return port || (number == -1 && fault == SIMBOARD_FAULT_PCM_CLOCK_LOSS);
}

int simboard_fault(struct simboard *board, int number, int fault, int on) {
    if (!is_fault(number, board_port(board, number), fault)) return -EINVAL;
    board_lock(board);
    set_fault(board, number, fault, on);
    board_unlock(board);
    return 0;
}

int simboard_fault_state(struct simboard *board, int number, int fault) {
    struct board_port *port = board_port(board, number);
    if (!is_fault(number, port, fault)) return -EINVAL;
    board_lock(board);
    int on = port ? (int)(port->faults >> fault & 1) : board->clock_lost;
    board_unlock(board);
    return on;
}

/* ---- violations ---- */

int simboard_violations(struct simboard *board, char *out, int max) {
    int used = 0;
    if (max < 1) return 0;
    board_lock(board);
    for (int i = 0; i < board->log.lines && used < max - 1; i++) {
        int wrote = snprintf(out + used, (size_t)(max - used), "%s\n", board->log.text[i]);
        used = wrote < max - used ? used + wrote : max - 1;
    }
    board_unlock(board);
    out[used] = 0;
    return used;
}

int simboard_violation_count(struct simboard *board) {
    board_lock(board);
    int count = board->log.count;
    board_unlock(board);
    return count;
}

void simboard_clear_violations(struct simboard *board) {
    board_lock(board);
    board->log.lines = board->log.count = 0;
    board_unlock(board);
}
