/* One watched exchange line: what the scanner knows of it and does to it.
 *
 * Inner header of the scanner, not part of the face to Python. The scanner's lock is held around every call. Time is
 * an argument, in us of board time. Every poll reads the ring detector, or in a call the billing-tone bits; the rest
 * (link, voltage, current, alarms, presence) takes turns, so that each is seen every 10 ms. */
#define DAA_POLL_OPS 2

enum daa_mode {
    DAA_ON_HOOK,
    DAA_SEIZING, /* off hook, not yet known whether current flows */
    DAA_OFF_HOOK,
    DAA_PULSING, /* dial pulses */
    DAA_FLASHING
};

enum daa_metering { DAA_NO_PULSE, DAA_PULSE_SEEN, DAA_PULSE_TOLD };

/* A state that counts once it has lasted. */
struct daa_steady {
    int now;            /* as told */
    int seen;           /* as last seen */
    long long since_us; /* since when */
};

struct daa_watch {
    /* Set by the scanner. */
    struct registers *registers;
    struct scanner_queue *queue;
    int port;
    int cs;

    int known;
    int in_service;
    struct daa_profile profile;
    struct ring_heard ring;
    long long ring_free_us; /* until then half-waves mean nothing: dial pulses of another telephone */

    enum daa_mode mode;
    int turn;               /* which of the slower registers is read next */
    long long hook_us;      /* when the hook last moved */
    int guarded;            /* overload protection on */
    int volts, current;     /* as last read: LVS signed, LCS2 in 1.1 mA */
    int seized_volts, seized_current; /* 500 ms after seizing */
    long long broken_us;    /* beginning of a loop break */

    enum daa_metering metering;
    long long metered_us;   /* when the pulse was seen */

    struct daa_steady dead, in_use, foreign, reversed, broken, parallel;

    /* pulses and flash */
    char digits[DAA_DIGITS_MAX];
    int digit_count, digit_at, pulses_left, open;
    long long due_us;

    int bus_errors, no_answers, resets, unlinked; /* polls in a row */
};

void daa_watch_begin(struct daa_watch *line, long long now_us);
void daa_watch_poll_ops(const struct daa_watch *line, struct spi_op ops[DAA_POLL_OPS]);
void daa_watch_polled(struct daa_watch *line, long long now_us, const struct spi_op ops[DAA_POLL_OPS], int result);
/* What is due: overload protection, the verdict on a seizure, pulses, the end of a flash. */
void daa_watch_tick(struct daa_watch *line, long long now_us);

/* daa_hook_work.c */
void daa_hook_work_tick(struct daa_watch *line, long long now_us);
int daa_watch_dial(struct daa_watch *line, long long now_us, const char *digits);
int daa_watch_flash(struct daa_watch *line, long long now_us, int ms);
/* The next time off hook is without calibration: sound passes after 10 ms instead of 400. Until the line is on hook. */
int daa_hook_no_delays(struct daa_watch *line);

/* daa_meter.c */
/* Overload protection on, and in a call metering pulses are listened for. */
int daa_meter_listen(struct daa_watch *line);
void daa_meter_read(struct daa_watch *line, long long now_us, int value);

int daa_watch_seize(struct daa_watch *line, long long now_us, int quick);
int daa_watch_release(struct daa_watch *line, long long now_us);
/* Tells Python. */
void daa_watch_tell(struct daa_watch *line, long long now_us, int kind, int value, int detail);

/* daa_supervise.c: what a voltage or a current just read means. */
/* 1: as last read, somebody else has the line; before that has lasted long enough to be told. */
int daa_supervise_taken(const struct daa_watch *line);
void daa_supervise_begin(struct daa_watch *line, long long now_us);
void daa_supervise_voltage(struct daa_watch *line, long long now_us);
void daa_supervise_current(struct daa_watch *line, long long now_us);
