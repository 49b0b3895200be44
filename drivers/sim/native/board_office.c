/* The rig's face of exchange lines: see simoffice.h. */
#include "board.h"

#include <errno.h>

static struct board_port *exchange_port(struct simboard *board, int number) {
    struct board_port *port = board_port(board, number);
    return port && port->exchange_line ? port : NULL;
}

static bool within(double value, double low, double high) {
    return value >= low && value <= high; /* false for NaN */
}

static bool is_possible(const struct simboard_office *o) {
    return within(o->battery_v, 0, 120) && within(o->feed_ohm, 100, 4000) && within(o->limit_ma, 5, 500) &&
           (o->parallel_ohm == 0 || within(o->parallel_ohm, 50, 20000)) && within(o->ring_v_rms, 0, 150) &&
           within(o->ring_hz, 10, 100) && within(o->meter_v_rms, 0, 10) && o->impedance >= 0 && o->impedance <= 15;
}

int simboard_get_office(struct simboard *board, int number, struct simboard_office *office) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    *office = port->office.set;
    board_unlock(board);
    return 0;
}

int simboard_set_office(struct simboard *board, int number, const struct simboard_office *office) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    if (!is_possible(office)) return -ERANGE;
    board_lock(board);
    port->office.set = *office;
    port->daa.impedance = office->impedance;
    si3050_audio_setup(&port->daa);
    board_unlock(board);
    return 0;
}

static int add_events(struct office *office, const struct simboard_office_event *events, int count) {
    if (count > SIMOFFICE_MAX_EVENTS - office->events) return -ENOSPC;
    long long last_us = events[0].at_us;
    if (office->events > 0)
        last_us = office->event[(office->event_first + office->events - 1) % SIMOFFICE_MAX_EVENTS].at_us;
    for (int i = 0; i < count; i++) {
        if (events[i].at_us < last_us || events[i].feed < SIMOFFICE_NORMAL || events[i].feed > SIMOFFICE_NO_FEED)
            return -EINVAL;
        last_us = events[i].at_us;
    }
    for (int i = 0; i < count; i++)
        office->event[(office->event_first + office->events++) % SIMOFFICE_MAX_EVENTS] = events[i];
    return 0;
}

int simboard_office_plan(struct simboard *board, int number, const struct simboard_office_event *events, int count) {
    struct board_port *port = exchange_port(board, number);
    if (!port || count < 1) return -EINVAL;
    board_lock(board);
    int result = add_events(&port->office, events, count);
    board_unlock(board);
    return result;
}

int simboard_office_forget(struct simboard *board, int number) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    port->office.events = 0;
    board_unlock(board);
    return 0;
}

int simboard_office_planned(struct simboard *board, int number) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    int left = port->office.events;
    board_unlock(board);
    return left;
}

int simboard_office_edges(struct simboard *board, int number, long long *from, struct simboard_loop_edge *out, int max) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    const struct office *office = &port->office;
    long long oldest = office->edges - SIMOFFICE_EDGES;
    if (*from < oldest) *from = oldest;
    if (*from < 0) *from = 0;
    int count = 0;
    for (; count < max && *from + count < office->edges; count++)
        out[count] = office->edge[(*from + count) % SIMOFFICE_EDGES];
    board_unlock(board);
    return count;
}

int simboard_office_now(struct simboard *board, int number, struct simboard_office_now *now) {
    struct board_port *port = exchange_port(board, number);
    if (!port) return -EINVAL;
    board_lock(board);
    const struct office *office = &port->office;
    *now = (struct simboard_office_now){
        .port_v = office->port_v,
        .loop_ma = office->loop_a * 1e3,
        .feed_ma = office->feed_a * 1e3,
        .closed = office->closed,
        .off_hook = si3050_off_hook(&port->daa),
        .feed = office->feed,
        .ringing = office->ringing,
        .linked = port->daa.linked,
        .audio = si3050_audio(&port->daa),
    };
    board_unlock(board);
    return 0;
}
