/* Is it ringing? The half-waves that an exchange line's ring detector sees, judged by their lengths.
 *
 * No chip, no clock: what the detector shows and the time come as arguments. Ringing is a row of half-waves of
 * alternating sign, each as long as a ringing frequency allows and about as long as the one before it; dial pulses of
 * a telephone on the same wires are slower or lopsided, a reversal is a single one. A half-wave in which nobody
 * looked for a while (a machine under load) says nothing either way. Read as it stands by the compiler and cffi. */
#define RING_BEGAN 1 /* value: frequency in tenths of a hertz */
#define RING_ENDED 2 /* value: its length in ms */

/* Frequencies of 1 to 100 Hz, both inclusive. confirm_ms: how long it must ring before it counts. */
struct ring_limits {
    int lowest_hz;
    int highest_hz;
    int confirm_ms;
};

/* One line. Set it up with ring_reset; the fields are ring_heard.c's. */
struct ring_heard {
    struct ring_limits limits;
    int ringing;            /* what the events so far say */
    int half;               /* sign of the last half-wave, 0: none yet */
    long long half_us;      /* its beginning */
    long long length_us;    /* of the half-wave before it, 0: not known */
    long long first_us;     /* beginning of the row of good half-waves */
    long long good_us;      /* their lengths together */
    int count;              /* how many */
    long long fed_us;       /* when it was last fed */
    long long gap_us;       /* longest time between two looks in this half-wave */
};

void ring_reset(struct ring_heard *ring);
/* half: 1 or -1 while the detector sees a positive or negative half-wave, else 0. Returns an event or 0. */
int ring_feed(struct ring_heard *ring, long long now_us, int half, int *value);
