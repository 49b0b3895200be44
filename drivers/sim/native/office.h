/* The circuit between a simulated exchange and a DAA, solved frame by frame. See simoffice.h.
 *
 *   battery, ringing --[feed ohm]--[loop ohm]--(cut?)--+--[DAA]--
 *                                                      +--[leak]--
 *                                                      +--[a second telephone]--
 *                                                      +--[the lifeline's telephone]--
 *
 * The far party's mouth, ear and the trace are those of struct copper; its circuit is not used. */
#ifndef OFFICE_H
#define OFFICE_H

#include "copper.h"

/* What a DAA is for the wires in this frame: below the knee v = drop_v + i * ohm, above it steeper. */
struct line_load {
    bool off_hook;
    double drop_v, ohm;
    double knee_a, knee_ohm; /* knee_a 0: there is none */
    double most_a;           /* it lets no more through */
};

struct office {
    struct simboard_office set;
    struct copper *joined; /* the telephone that the lifeline relay has put on these wires, or NULL */
    int feed;
    bool ringing;
    double ring_turn; /* phase, 0 to 1 */
    /* after office_solve */
    double port_v, loop_a, feed_a;
    bool closed;
    /* planned */
    int events, event_first;
    struct simboard_office_event event[SIMOFFICE_MAX_EVENTS];
    /* what the exchange's loop detector saw */
    long long edges; /* ever */
    struct simboard_loop_edge edge[SIMOFFICE_EDGES];
};

void office_start(struct office *office);
void office_step(struct office *office, const struct copper *copper, const struct line_load *load, double now_us);
/* One frame of voice; returns what the DAA hears. */
float office_voice_step(const struct office *office, struct copper *copper, const struct port_voice *port,
                        int64_t frame);

#endif
