/* Mending of clock drift: a resampler near 1:1 whose ratio may change at any block, and the estimate of how much
 * faster the far end's clock runs than ours.
 *
 * As long as the ratio is 1 nothing is touched, and nothing is delayed. */
#define DRIFT_BLOCK 40       /* samples out of drift_run */
#define DRIFT_MOST 56        /* samples in at most, for ratios up to 1 % off */
#define DRIFT_LINE 96        /* its memory, and what comes in */

struct drift {
    int on;                  /* it looks ahead; it never stops doing so */
    int held;                /* samples taken in at or after the place of the next one out */
    uint32_t phase;          /* that place is this part of 2^32 of a sample later */
    int16_t line[DRIFT_LINE];
};

/* Makes the filter; call once before anything else here. Calling again is harmless. */
void drift_init(void);
void drift_reset(struct drift *drift);
/* How many samples it must be given for the next block when it plays at 1 + excess of the speed (within 1 %). */
int drift_needs(const struct drift *drift, double excess);
/* Takes these samples, makes a block. */
void drift_run(struct drift *drift, double excess, const int16_t *in, int count, int16_t *out);
/* The excess, 0.01 % at most, with which the place of the next sample out comes to lie on a sample again. */
double drift_landing(const struct drift *drift);
/* Samples between the place of the next one out and the end of what was taken in. */
double drift_ahead(const struct drift *drift);

struct pace {
    double excess;           /* the far clock runs at 1 + excess of ours */
    double settled;          /* the part of it that is sure */
    int known, begun;
    int reference, before, lowest; /* least delay in samples: when it began, in the last window, in this one */
    int blocks, packets;     /* of this window */
    int moved_by, windows;   /* how far the delay had moved when it was first seen to, and how long ago that was */
};

void pace_reset(struct pace *pace);
/* One packet's delay against a clock at 1 + excess of ours. */
void pace_note(struct pace *pace, int delay);
/* One block of 5 ms has passed. */
void pace_block(struct pace *pace);
