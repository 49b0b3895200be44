/* The scanner's exchange lines (Si3050): rings heard, loops and voltages watched, lines seized and released, pulses.
 *
 * Commands may come from any thread; they return 0 or -errno as those of scanner.h. Ports are numbered from
 * SCANNER_DAA_FIRST on. Inside: daa_watch.h. */
#define SCANNER_MAX_DAAS 8
#define SCANNER_DAA_FIRST 32
#define DAA_DIGITS_MAX 32

/* Kinds of struct scanner_event. Volts are tip minus ring, currents in tenths of a milliampere. */
#define DAA_RING_BEGAN 32    /* value: frequency in tenths of a hertz */
#define DAA_RING_ENDED 33    /* value: length of the burst in ms */
#define DAA_SEIZED 34        /* value: current, detail: volts */
#define DAA_NO_LOOP 35       /* the line was seized, but no current flows: it is on hook again. detail: volts */
#define DAA_LOOP_BROKEN 36   /* off hook, and the exchange feeds no current for loop_break_ms */
#define DAA_LOOP_MADE 37     /* it feeds again; value: how long the break was, in ms */
#define DAA_REVERSED 38      /* value: 1 when tip is below ring now, detail: volts */
#define DAA_DEAD 39          /* value: 1 no battery on the line, 0 it is there again */
#define DAA_IN_USE 40        /* on hook, value: 1 another telephone on the wires is lifted, 0 not any more */
#define DAA_PARALLEL 41      /* off hook, likewise */
#define DAA_OVERLOAD 42      /* too much current: the line is on hook again */
#define DAA_DIALLED 43       /* the last pulse digit is out */
#define DAA_FLASHED 44       /* the loop is closed again after a flash */
#define DAA_METERED 46       /* off hook, a metering pulse; value: 1 when it overloads the chip's input */
#define DAA_FOREIGN 45       /* on hook, value: 1 more voltage than any exchange feeds, 0 not any more */

#define DAA_REASON_NO_ANSWER 16 /* nothing drives MISO */
#define DAA_REASON_RESET 17     /* the chip lost its settings; detail: register 2 as read */
#define DAA_REASON_LINK 18      /* the isolation link is down; detail: register 12 as read */

struct daa_profile {
    struct ring_limits ring;
    int in_use_v;       /* on hook, less than this is another telephone's doing; 5 to 40 */
    int loop_break_ms;  /* 20 to 3000 */
    int pulse_break_ms; /* 20 to 100 */
    int pulse_make_ms;  /* 10 to 100 */
    int digit_gap_ms;   /* 200 to 2000 */
    /* Registers as set up, of which some bits change during calls: 17, 25 and 31. */
    int international2, resistor, control5;
};

/* Watches the chip at `cs`, which is set up and on hook. Returns the port's number. */
int scanner_add_daa(struct scanner *scanner, int cs, const struct daa_profile *profile);
int scanner_daa_rearm(struct scanner *scanner, int port, const struct daa_profile *profile);
int scanner_daa_remove(struct scanner *scanner, int port);

/* Takes the line. DAA_SEIZED or DAA_NO_LOOP follows after 500 ms. -EBUSY when it is off hook, or while ringing
 * voltage is on it. quick: without calibration, so that sound passes at once. */
int scanner_daa_seize(struct scanner *scanner, int port, int quick);
int scanner_daa_release(struct scanner *scanner, int port); /* 0 too when it is on hook */
/* digits: 0 to 9, at most DAA_DIGITS_MAX. -EBUSY unless off hook and idle. */
int scanner_daa_dial(struct scanner *scanner, int port, const char *digits);
/* Opens the loop for 50 to 1000 ms. */
int scanner_daa_flash(struct scanner *scanner, int port, int ms);
/* 1 while ringing voltage is on the line. */
int scanner_daa_ringing(struct scanner *scanner, int port);
