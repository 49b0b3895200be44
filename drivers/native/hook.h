/* Meaning of a telephone's hook contact: glitch, dial pulse, flash, on hook.
 *
 * No chip, no clock: the loop's state and the time come as arguments. A state
 * counts once it has held for glitch_ms (a make between two dial pulses for at
 * most 10 ms); the edge is dated to where that hold began, so the length of an opening is not changed by the wait. Lengths are
 * rounded to whole ms and windows are inclusive. Where the pulse and the flash
 * window overlap the opening is a pulse. One longer than a pulse, up to
 * train_max_ms, is a pulse of a slow dial when another opening follows or came
 * before it within 100 ms; alone it is what the flash window says, 100 ms later.
 * An opening in no window means nothing, unless it is longer than all of them:
 * then the telephone is on hook.
 * Read as it stands by the compiler and by cffi. */
#define HOOK_MAX_EVENTS 2 /* most events of one feed */

#define HOOK_OFF_HOOK 1
#define HOOK_ON_HOOK 2
#define HOOK_FLASH 3 /* value: length of the opening in us */
#define HOOK_DIGIT 4 /* value: 0 to 9; ten pulses are 0 */

/* All in ms; see HookProfile in drivers/ports.py. */
struct hook_profile {
    int glitch_ms;
    int pulse_min_ms;
    int pulse_max_ms;
    int train_max_ms;
    int flash_min_ms;
    int flash_max_ms;
    int digit_gap_ms;
    int pulse_dialling; /* 0: no opening is a pulse, and the pulse window does not delay on hook */
};

struct hook_event {
    int kind;
    int value;
};

/* One telephone. Set it up with hook_reset; the fields are hook.c's. */
struct hook {
    struct hook_profile profile;
    int off_hook;           /* what the events so far say */
    int closed;             /* the loop, qualified */
    long long since_us;     /* its last qualified edge */
    int raw;                /* the loop as last fed */
    long long raw_since_us; /* its last edge */
    int pulses;             /* of the digit being dialled */
    int lone_us;            /* an opening that is a pulse if another follows soon, else maybe a flash; 0: none */
};

/* Known state: off hook with the loop closed, or on hook with it open. Nothing half-heard remains. */
void hook_reset(struct hook *hook, long long now_us, int off_hook);
/* closed: 1 while loop current flows. Returns how many events were written. */
int hook_feed(struct hook *hook, long long now_us, int closed, struct hook_event out[HOOK_MAX_EVENTS]);
