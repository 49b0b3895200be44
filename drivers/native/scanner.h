/* The line scanner: everything about telephone lines that has a deadline.
 *
 * One scanner a board. Every 2 ms it reads each port's loop status, linefeed
 * and alarms in one transfer, tells what the hook did (hook.h), plays ring
 * cadences and open intervals, and notices when a chip or the bus is lost.
 * A failed port is not polled any more and its line is opened; the others go on.
 *
 * It runs as a native thread (scanner_start) or is stepped (scanner_step), never
 * both. It takes no GIL and allocates nothing after scanner_new. Commands may come from any thread;
 * they write DR64 at once and return 0 or -errno: -ENODEV no such port or out of
 * service, -EBUSY not in this state, -EINVAL bad argument.
 * Linefeed codes are those of DR64 (chip sheet, section 7). Inside: scanner_state.h, line_watch.h. */
#define SCANNER_MAX_PORTS 16
#define SCANNER_PERIOD_US 2000
#define SCANNER_CADENCE_MAX 8 /* on, off, up to four times */

struct registers;
struct scanner;

/* What a line rings with: two lists of ms on, off, on, off ... The line is silent, and carries sound, while off. */
struct ring_plan {
    int first_ms[SCANNER_CADENCE_MAX];   /* played once; its first "on" may be 0, so that it begins with a pause */
    int first_count;                     /* 0 to SCANNER_CADENCE_MAX, even */
    int cadence_ms[SCANNER_CADENCE_MAX]; /* repeated after that, each 1 to 60000 */
    int count;                           /* likewise even; 0: the line falls silent after first_ms */
    int told;     /* part, counted through both lists, whose first beginning is told as SCANNER_RING_PART; -1: none */
    int reversed; /* 1: with the polarity reversed from the first part on, until it is lifted or stops */
};

struct scanner *scanner_new(struct registers *registers); /* NULL without memory or descriptors */
void scanner_free(struct scanner *scanner);               /* stops first */

int scanner_start(struct scanner *scanner); /* 0 or -errno */
void scanner_stop(struct scanner *scanner);
/* ctx: the scanner. Call at least every 2 ms of board time. */
void scanner_step(void *ctx, long long now_us);

int scanner_fd(struct scanner *scanner); /* readable while events wait */
int scanner_take(struct scanner *scanner, struct scanner_event *out, int max);
long scanner_dropped(struct scanner *scanner);

/* Watches the chip at `cs`, which is set up and fed with `linefeed`. The telephone counts as on
 * hook at first; a closed loop is told as off hook. Returns the port's number. */
int scanner_add(struct scanner *scanner, int cs, const struct hook_profile *profile, int linefeed);
/* Watches a failed or removed port again, as from the start. */
int scanner_rearm(struct scanner *scanner, int port, int linefeed);
/* Stops watching; the line stays as it is. */
int scanner_remove(struct scanner *scanner, int port);
int scanner_set_profile(struct scanner *scanner, int port, const struct hook_profile *profile);

/* -EBUSY while ringing; during an open interval it counts from its end. */
int scanner_feed(struct scanner *scanner, int port, int linefeed);
/* Rings until lifted or stopped. A burst that the ringing supply cannot carry yet waits, and what follows it
 * moves. -EBUSY when off hook, ringing already, or the line is open. */
int scanner_ring(struct scanner *scanner, int port, const struct ring_plan *plan);
/* How many lines may ring in the same instant, 1 to SCANNER_MAX_PORTS; all of them at first. */
int scanner_set_ring_most(struct scanner *scanner, int most);
int scanner_stop_ring(struct scanner *scanner, int port); /* 0 too when it does not ring */
/* Opens the loop for `ms`, 1 to 60000, then feeds as before. -EBUSY while ringing or already open. */
int scanner_open_interval(struct scanner *scanner, int port, int ms);
/* 1 while a cadence plays, pauses included; 0 otherwise, also for unknown ports. */
int scanner_ringing(struct scanner *scanner, int port);
