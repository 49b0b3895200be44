/* Stepped mode: board, scanner and engine move on together, in one call and one thread.
 *
 * Each member is a function of the form step(ctx, now_us) that brings its part
 * to now_us of board time; members run in order, the board first. */
struct stepper_member {
    void (*step)(void *ctx, long long now_us);
    void *ctx;
    long long period_us; /* a multiple of 1000; due at its multiples of board time */
    long long due_us;    /* when next; stepper_run moves it on */
};

/* Steps `ms` milliseconds from start_us, 1 ms at a time. */
void stepper_run(struct stepper_member *members, int count, long long start_us, int ms);
