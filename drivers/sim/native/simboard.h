/* The simulated board: line chips at register level, and the copper behind them.
 *
 * It has two faces. Drivers see what a real board shows: SPI, two GPIO lines
 * and a PCM highway. The rig sees the outside of the lines: telephones, exchange
 * lines (simoffice.h), wires, voltages. Time passes in frames of 125 us (8 kHz); every access first brings
 * the board up to now. A new board is *stepped*: its clock is a counter that
 * each SPI octet moves on by 8 us and `simboard_step_us` by any amount.
 * `simboard_serve` starts the real clock and the SPI socket server instead.
 *
 * Every function takes the board's own lock, so any thread may call any of
 * them. `port` is the number `simboard_add_slic` gave. Unknown ports: -EINVAL.
 * Read as it stands by the compiler and by cffi. Next: board.c, si321x.h, copper.h. */
#define SIMBOARD_MAX_PORTS 8
#define SIMBOARD_RATE_HZ 8000
#define SIMBOARD_TRACE_SAMPLES 98304 /* how far back traces and ears reach: 12.2 s */
#define SIMBOARD_MOUTH_SAMPLES 65536 /* what a telephone can hold to say: 8.1 s */
#define SIMBOARD_MAX_EDGES 256       /* hook edges waiting on one telephone */

#define SIMBOARD_FAULT_DEAD_BUS 1         /* chip drives nothing on MISO and hears nothing */
#define SIMBOARD_FAULT_WRONG_IDENTITY 2   /* part, revision and presence registers of some other chip */
#define SIMBOARD_FAULT_OVER_TEMPERATURE 3 /* Q5 and Q6 run hot whenever the line is fed */
#define SIMBOARD_FAULT_STUCK_INTERRUPT 4  /* DR19 bit 1 cannot be cleared, INT low */
#define SIMBOARD_FAULT_CHIP_RESET 5       /* once, at the call: a brown-out resets the chip */
#define SIMBOARD_FAULT_PCM_CLOCK_LOSS 6   /* no PCLK and FSYNC at this chip */
#define SIMBOARD_FAULT_LINK_LOST 7        /* Si3050 only: the isolation link to the line side is dead */

struct simboard;
struct spi_ops;
struct highway;

/* ---- life and time ------------------------------------------------------------------ */

/* seed decides everything silicon leaves open: ramp times, calibration results, indirect
 * registers after reset, noise, contact bounce. Chips start held in reset, lines open. */
struct simboard *simboard_new(unsigned long long seed);
void simboard_free(struct simboard *board); /* stops serving first */
unsigned long long simboard_seed(struct simboard *board);

/* Adds a chip: part 3210 or 3215, cs its chip select (0 to 15), slot_hint the PCM slot it is
 * meant for (told in state only; the driver programs the slot). Returns the port number,
 * or -EINVAL, -EBUSY (chip select taken), -ENOSPC. Before time runs. */
int simboard_add_slic(struct simboard *board, int part, int cs, int slot_hint);
int simboard_ports(struct simboard *board);

/* Stepped boards only; nothing happens on a served one. step_to has the stepper's form:
 * `ctx` is the board, and it runs until its clock shows now_us (never backwards). */
void simboard_step_us(struct simboard *board, long long us);
void simboard_step_to(void *ctx, long long now_us);
/* Stepped: the counter, from 0. Served: CLOCK_MONOTONIC. Microseconds. */
long long simboard_now_us(struct simboard *board);
/* Frames passed since the board was made; also the index of the next trace and ear sample. */
long long simboard_frames(struct simboard *board);
/* Error of the board's 8 kHz clock, positive when fast. -500 to 500 ppm. */
void simboard_set_clock_ppm(struct simboard *board, double ppm);

/* Faces for a driver in the same process. They live as long as the board. */
struct spi_ops *simboard_spi_ops(struct simboard *board);
struct highway *simboard_highway(struct simboard *board); /* stepped boards; clock_fd is -1 */

/* Starts the clock thread and the SPI server on a SEQPACKET socket (an old socket file is
 * replaced), with the PCM blocks in a file at shm_path, or in memory only when that is "".
 * Returns 0 or -errno. A board serves once. */
int simboard_serve(struct simboard *board, const char *socket_path, const char *shm_path);
void simboard_stop(struct simboard *board);

/* ---- the wire ----------------------------------------------------------------------- */

/* A line from the port to the telephone. simboard_wire_default tells the values of a new one. */
struct simboard_wire {
    double loop_ohm;      /* both wires together, in series. 0 to 5000; new: 50 */
    double leak_ohm;      /* across the wires; 0 means no leak */
    double ren;           /* ringers on the line, 6930 ohm + 8 uF each. 0 to 10; new: 1 */
    double phone_ohm;     /* DC resistance of the lifted telephone. 1 to 20000; new: 250 */
    double bounce_ms;     /* how long the hook contact bounces when moved by hand. 0 to 50; new: 0 */
    double erl_db;        /* echo of the highway's voice back into the highway. 0 to 60; new: 20 */
    double echo_ms;       /* its delay. 0 to 60; new: 0 */
    double loss_db;       /* of speech, each way. 0 to 40; new: 0 */
    double noise_dbm0;    /* white noise both ways; -90 or less means none. new: -90 */
    double sidetone_db;   /* own voice in the telephone's ear, below the mouth. new: 30 */
    int cut;              /* 1: the wire is cut between port and telephone */
    int short_tip_ring;   /* 1: 10 ohm across the port */
    int tip_ground;       /* 1: tip lies on earth */
};
void simboard_wire_default(struct simboard_wire *wire);
int simboard_get_wire(struct simboard *board, int port, struct simboard_wire *wire);
/* 0, or -ERANGE when a value is outside its range (nothing changes then). */
int simboard_set_wire(struct simboard *board, int port, const struct simboard_wire *wire);

/* ---- the telephone ------------------------------------------------------------------ */

/* Moves the hook now: 1 lifted, 0 on the cradle. Contact bounce as the wire says. Forgets
 * scheduled edges. */
int simboard_phone_hook(struct simboard *board, int port, int lifted);

struct simboard_edge {
    long long at_us; /* on the board's clock */
    int lifted;
};
/* Plans edges of the hook contact, exact to one frame and without bounce: dial pulses, flash.
 * Times must not fall and come after those planned before. 0, -EINVAL or -ENOSPC. */
int simboard_phone_schedule(struct simboard *board, int port, const struct simboard_edge *edges, int count);
/* Edges still to come. */
int simboard_phone_edges(struct simboard *board, int port);

/* The mouth: 16-bit linear, 8 kHz, a full-scale sine is +3.14 dBm0. It speaks from now on, one
 * sample a frame, heard by the port only while the telephone is lifted. Returns how many samples
 * fitted. */
int simboard_phone_say(struct simboard *board, int port, const short *pcm, int count);
/* Samples not yet spoken. */
int simboard_phone_unsaid(struct simboard *board, int port);
void simboard_phone_hush(struct simboard *board, int port);

/* What arrived at the telephone, same scale, from sample *from on (see simboard_frames); works on
 * hook too (caller ID). Returns how many samples were copied; *from is moved up when it reached
 * back too far. */
int simboard_phone_hear(struct simboard *board, int port, long long *from, short *out, int max);
/* V(tip) - V(ring) at the telephone in volts, likewise. */
int simboard_phone_trace(struct simboard *board, int port, long long *from, float *out, int max);

/* ---- measuring and judging ---------------------------------------------------------- */

struct simboard_line {
    double port_v;      /* V(tip) - V(ring) at the port, this frame */
    double phone_v;     /* and at the telephone */
    double loop_ma;     /* positive from tip to ring */
    double tip_v;       /* against earth */
    double ring_v;
    double battery_v;   /* positive number, the chip's VBAT */
    int lifted;         /* the hook contact now */
    int linefeed;       /* DR64 LF, the command */
    int linefeed_state; /* DR64 LFS, the truth: 0 open, 1 active, 2 OHT, 4 ringing, 5, 6 reversed */
    int ringing;        /* 1 while ringing voltage is on the line */
    int in_reset;       /* 1 while held by the RESET line */
    int dead;           /* 1 when a wrong start-up has killed it until the next reset */
    int slot;           /* PCM slot programmed and enabled, else -1 */
    int slot_hint;
    int part;
    int cs;
};
int simboard_line(struct simboard *board, int port, struct simboard_line *line);
int simboard_reset_level(struct simboard *board);

/* ---- power and the lifeline -------------------------------------------------------------- */

/* Adds the relay that puts telephone port `phone` on exchange line `line` while nothing drives it: without power, in
 * reset, until the driver raises SPI_GPIO_LIFELINE. Before time runs, once. 0 or -EINVAL. */
int simboard_add_lifeline(struct simboard *board, int phone, int line);
/* 1: the telephone is on the exchange line (or on its way), 0: on its own port; -EINVAL without such a relay. */
int simboard_lifeline_joined(struct simboard *board);
/* Cuts (0) and gives back (1) the card's supply: chips forget everything and answer nothing meanwhile. */
void simboard_power(struct simboard *board, int on);
int simboard_is_powered(struct simboard *board);

/* Turns a fault on (1) or off (0). PCM_CLOCK_LOSS with port -1 stops the highway of all chips. */
int simboard_fault(struct simboard *board, int port, int fault, int on);
int simboard_fault_state(struct simboard *board, int port, int fault);

/* Breaches of the data sheet since the start or the last clear, one text line each:
 * "fxs<port+1> 12.345678 s: sentence". The text holds the first 256; the count all.
 * Returns the length of the text (without the final 0), cut to max - 1. */
int simboard_violations(struct simboard *board, char *out, int max);
int simboard_violation_count(struct simboard *board);
void simboard_clear_violations(struct simboard *board);
