/* DTMF as RTP events (RFC 4733): one sender and one receiver for a stream.
 *
 * The sender is asked once per packet time. The receiver needs no marker and no
 * particular packet: a digit is one timestamp, and any one packet of it is enough. */
#define EVENT_PAYLOAD 4   /* octets */
#define EVENT_FLASH 16    /* a hook flash: received, never sent */
#define EVENT_FLASH_KEY 33 /* "!" in place of a digit */
#define EVENT_QUEUE 32
#define EVENT_OPEN -1   /* length not known yet */
#define EVENT_BEGAN 1
#define EVENT_ENDED 2
#define EVENT_NEWS 3      /* at most so many news from one packet */

struct event_tx {
    struct {
        int code;
        int ms;
    } queue[EVENT_QUEUE];
    int first, count;
    int on;               /* the first of the queue is being sent */
    int fresh;            /* its next packet carries the marker */
    int ends_left;        /* end packets still to send */
    int gap_samples;
    int before;           /* samples of the packet begun that lie before the digit of EVENT_OPEN was sure */
    uint32_t timestamp;
    int duration;         /* samples of this segment */
    long total;           /* samples of the whole digit */
};

struct event_rx {
    int known;            /* an event was heard before: timestamp is valid */
    int on;
    int code;
    uint32_t timestamp;
    int duration;         /* samples */
    int before;           /* samples of the segments before this one */
    long long heard_us;
};

struct event_news {
    int kind;             /* EVENT_BEGAN or EVENT_ENDED */
    char digit;
    int ms;               /* EVENT_ENDED: its length */
};

/* Returns 0, or -1 no digit or queue full. */
int event_tx_digit(struct event_tx *tx, char digit, int ms);
/* A digit just become sure, until event_tx_end. before: samples of the packet begun. */
int event_tx_open(struct event_tx *tx, char digit, int before);
/* Ends the digit begun with EVENT_OPEN, so that it lasts ms in all, if it did not last longer. */
void event_tx_end(struct event_tx *tx, int ms);
int event_tx_busy(const struct event_tx *tx);
/* Called once per packet time of `samples`, which begins at timestamp. Returns 1 when payload,
 * stamp and marker are to be sent in place of audio. */
int event_tx_packet(struct event_tx *tx, uint32_t timestamp, int samples, uint8_t *payload, uint32_t *stamp,
                    int *marker);
/* One packet of the event payload type. Returns how many news were written. */
int event_rx_packet(struct event_rx *rx, uint32_t timestamp, const uint8_t *payload, int size, long long now_us,
                    struct event_news *news);
/* Ends a digit whose packets stopped 150 ms ago. Returns how many news were written. */
int event_rx_poll(struct event_rx *rx, long long now_us, struct event_news *news);
