/* One watched telephone line: what the scanner knows of it and does to it.
 *
 * Inner header of the scanner, not part of the face to Python. The scanner's
 * lock is held around every call. Time is an argument, in us of board time. */
#define LINE_POLL_OPS 5 /* DR68, DR64, DR19, DR8, DR78 */

enum line_mode {
    LINE_FEEDING, /* fed as wanted */
    LINE_BURST,   /* ringing voltage on the line */
    LINE_PAUSE,   /* silent part of a ring cadence */
    LINE_OPENED   /* open interval */
};

struct line_watch {
    /* Set by the scanner. */
    struct registers *registers;
    struct scanner_queue *queue;
    int port;
    int cs;

    int known;      /* scanner_add has been called */
    int in_service; /* polled */
    struct hook hook;
    struct line_loop loop;

    enum line_mode mode;
    int wanted;              /* linefeed to go back to */
    int commanded;           /* linefeed last written */
    long long changed_us;    /* when */
    long long settle_us;     /* until then a hook state that contradicts what is known may be the feed's transient */
    long long due_us;        /* end of the burst, pause or open interval */
    struct ring_plan plan;
    int part;                /* of the plan's two lists, -1: it has not begun */
    int turned;              /* the plan has reversed the line; its end turns it back */
    long long turn_due_us;   /* when it is turned back after it rang; 0: not due */
    long long may_ring_us;   /* not earlier: the chip would ring with the polarity it is leaving */
    int burst_seen;          /* the chip has shown this burst in DR64 */
    long long burst_end_us;  /* of the last burst */
    int steady_lsb;            /* loop voltage of a closed loop in the pause, in steps of 1.5 V */
    long long steady_since_us; /* since when it has been that; 0: not looked at */

    /* Debounce of failures: polls in a row. */
    int bus_errors;
    int no_answers;
    int resets;
    int opens;
    int status_kept; /* interrupt checks after which status bits were still set */
    int alarms;      /* DR19 bits 7:2 seen since the line was last well */
};

void line_watch_begin(struct line_watch *line, long long now_us, int linefeed);
void line_watch_poll_ops(const struct line_watch *line, struct spi_op ops[LINE_POLL_OPS]);
/* result: of the transfer, 0 or -errno. */
void line_watch_polled(struct line_watch *line, long long now_us, const struct spi_op ops[LINE_POLL_OPS], int result);
/* Ends bursts, pauses and open intervals that are due; begins no burst. */
void line_watch_tick(struct line_watch *line, long long now_us);
/* 1 when its next burst is due, or its plan waits to be begun. */
int line_watch_wants_to_ring(const struct line_watch *line, long long now_us);
/* 1 while it sends data before its first burst, which must follow them directly. */
int line_watch_has_turn(const struct line_watch *line);
/* 1 while the ringing supply must carry it: it rings, has just rung, or has its turn. */
int line_watch_weighs(const struct line_watch *line, long long now_us);
/* Begins the burst, or plan, that line_watch_wants_to_ring told of. */
void line_watch_go_on_ringing(struct line_watch *line, long long now_us);
/* Reads and clears DR18 to DR20 while INT is low. Returns 1 while status bits come back. */
int line_watch_clear_interrupts(struct line_watch *line, long long now_us);

int line_watch_feed(struct line_watch *line, long long now_us, int linefeed);
/* Only takes the plan: line_watch_go_on_ringing begins it. */
int line_watch_ring(struct line_watch *line, long long now_us, const struct ring_plan *plan);
int line_watch_stop_ring(struct line_watch *line, long long now_us);
int line_watch_open(struct line_watch *line, long long now_us, int ms);
