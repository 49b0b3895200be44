/* The exchange's end of an exchange line: what a rig can do to the wires of a simulated Si3050.
 *
 * Electrical only: battery, feed, ringing voltage, a second telephone on the same wires. What an exchange does
 * with them (dial tone, digits, cadences, hang-up) is Python, `exchange_line.py`. Its voice goes over
 * simboard_phone_say, _unsaid, _hush and _hear, the wires are simboard_set_wire, the voltage at the chip is
 * simboard_phone_trace. Read as it stands by the compiler and by cffi, after simboard.h. */
#define SIMOFFICE_MAX_EVENTS 128 /* planned and still to come */
#define SIMOFFICE_EDGES 512      /* how many loop edges are remembered */

#define SIMOFFICE_NORMAL 0   /* tip above ring */
#define SIMOFFICE_REVERSED 1
#define SIMOFFICE_NO_FEED 2  /* both wires open at the exchange: a break, a dead line, an unplugged cord */

/* Adds an Si3050 with an Si3019, and the exchange line at its wires; otherwise as simboard_add_slic. */
int simboard_add_daa(struct simboard *board, int cs, int slot_hint);

struct simboard_office {
    double battery_v;     /* 0 to 120; new: 48 */
    double feed_ohm;      /* both feed resistors together. 100 to 4000; new: 800 */
    double limit_ma;      /* most that it feeds. 5 to 500; new: 100 */
    double parallel_ohm;  /* a lifted telephone on the same wires, 0: none, else 50 to 20000; new: 0 */
    double ring_v_rms;    /* 0 to 150; new: 75 */
    double ring_hz;       /* 10 to 100; new: 25 */
    double meter_v_rms;   /* a metering tone of 12 or 16 kHz, 0: none, at most 10; new: 0 */
    int impedance;        /* the line's, by its code in register 30: 0 to 15; new: 2 */
};
void simboard_office_default(struct simboard_office *office);
int simboard_get_office(struct simboard *board, int port, struct simboard_office *office);
/* 0, or -ERANGE when a value is outside its range (nothing changes then). */
int simboard_set_office(struct simboard *board, int port, const struct simboard_office *office);

struct simboard_office_event {
    long long at_us; /* on the board's clock; 0 or past: now */
    int feed;        /* SIMOFFICE_... */
    int ringing;     /* 1: ringing voltage on top of the battery */
};
/* Plans what the exchange puts on the wires, exact to one frame. Times must not fall. 0, -EINVAL, -ENOSPC. */
int simboard_office_plan(struct simboard *board, int port, const struct simboard_office_event *events, int count);
/* Forgets what is planned; the wires stay as they are. */
int simboard_office_forget(struct simboard *board, int port);
/* Events still to come. */
int simboard_office_planned(struct simboard *board, int port);

struct simboard_loop_edge {
    long long at_us;
    int closed; /* 1: the exchange sees loop current */
};
/* Loop edges from number *from on (the first ever is 0); *from is moved up when they are forgotten. Returns how many. */
int simboard_office_edges(struct simboard *board, int port, long long *from, struct simboard_loop_edge *out, int max);

struct simboard_office_now {
    double port_v;    /* V(tip) - V(ring) at the chip */
    double loop_ma;   /* through the chip */
    double feed_ma;   /* out of the exchange */
    int closed;       /* the exchange sees a loop */
    int off_hook;     /* the chip's OH */
    int feed;         /* SIMOFFICE_... */
    int ringing;
    int linked;       /* isolation link up */
    int audio;        /* 0 none, 1 on-hook monitor, 2 off hook */
};
int simboard_office_now(struct simboard *board, int port, struct simboard_office_now *now);
