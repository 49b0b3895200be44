/* Whether a telephone closes its loop: the chip's own judgement, mended by the loop voltage.
 *
 * When the hook opens, the ringers of all telephones on the line are charged through it, and the chip, which
 * looks at the current, shows a closed loop for longer: 20 ms with 2 REN, 31 with 3, 70 with 5. A dial pulse
 * would vanish so and a flash look like a pulse. The voltage tells at once: a lifted telephone holds it low,
 * and with ringers alone it leaps by the limiting current times their resistance, 13 V even with 10 REN. What the
 * chip shows as open is open in any case.
 * Inner header of the scanner. No chip, no clock: all comes as arguments. */
struct line_loop {
    int talk_lsb;          /* what the lifted telephone holds, in steps of 1.5 V */
    long long lifted_us;   /* since when it is lifted; 0: it is not */
    long long raised_us;   /* when talk_lsb was last let up */
    long long agreed_us;   /* when the voltage last did not contradict a loop that the chip shows closed */
    unsigned leaps;        /* a bit a poll, the newest is bit 0: the voltage had leapt */
    int stale;             /* hung up, while the chip still shows the old loop */
};

/* What has been learnt no longer holds: the feed has changed. */
void line_loop_forget(struct line_loop *loop);
/* lifted: what the hook's events so far say. chip: 1 while the chip shows a closed loop. lsb: magnitude of the loop
 * voltage in steps of 1.5 V. Returns 1 when the loop is closed. */
int line_loop_closed(struct line_loop *loop, long long now_us, int lifted, int chip, int lsb);
