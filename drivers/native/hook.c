#include <stdint.h>

#include "hook.h"

#define PULSES_MAX 10
#define MAKE_MS 10 /* between two dial pulses: at 20 pulses/s a make lasts 16 ms, of which polling may miss 2 */

#define TRAIN_MAKE_MS 100 /* two openings less apart are of one digit: nobody flashes twice so fast */

void hook_reset(struct hook *hook, long long now_us, int off_hook)
{
    hook->off_hook = hook->closed = hook->raw = off_hook;
    hook->since_us = hook->raw_since_us = now_us;
    hook->pulses = hook->lone_us = 0;
}

static long long in_ms(long long us)
{
    return (us + 500) / 1000;
}

static int longest_ms(const struct hook_profile *profile)
{
    int pulse_ms = profile->pulse_dialling ? profile->pulse_max_ms : 0;
    return pulse_ms > profile->flash_max_ms ? pulse_ms : profile->flash_max_ms;
}

/* Ends the pulse digit, if one is being dialled. More than ten pulses are no digit. */
static int end_digit(struct hook *hook, struct hook_event *out)
{
    int pulses = hook->pulses;
    hook->pulses = 0;
    if (pulses < 1 || pulses > PULSES_MAX)
        return 0;
    *out = (struct hook_event){HOOK_DIGIT, pulses % PULSES_MAX};
    return 1;
}

static int flash(const struct hook *hook, int open_us, struct hook_event *out)
{
    long long open_ms = in_ms(open_us);
    if (open_ms < hook->profile.flash_min_ms || open_ms > hook->profile.flash_max_ms)
        return 0;
    *out = (struct hook_event){HOOK_FLASH, open_us};
    return 1;
}

/* The opening that waited to see whether another follows was alone. */
static int end_lone(struct hook *hook, struct hook_event *out)
{
    int open_us = hook->lone_us;
    hook->lone_us = 0;
    return flash(hook, open_us, out);
}

static int loop_opened(struct hook *hook, struct hook_event *out)
{
    long long made_ms = in_ms(hook->raw_since_us - hook->since_us);
    if (hook->lone_us && made_ms >= TRAIN_MAKE_MS)
        return end_lone(hook, out);
    if (hook->lone_us) {
        hook->lone_us = 0;
        hook->pulses = 1;
    }
    return made_ms >= hook->profile.digit_gap_ms ? end_digit(hook, out) : 0;
}

static int loop_closed(struct hook *hook, struct hook_event *out)
{
    const struct hook_profile *profile = &hook->profile;
    if (!hook->off_hook) {
        hook->off_hook = 1;
        out[0] = (struct hook_event){HOOK_OFF_HOOK, 0};
        return 1;
    }
    long long open_us = hook->raw_since_us - hook->since_us;
    long long open_ms = in_ms(open_us);
    int longest_pulse_ms = hook->pulses ? profile->train_max_ms : 0;
    if (longest_pulse_ms < profile->pulse_max_ms)
        longest_pulse_ms = profile->pulse_max_ms;
    if (profile->pulse_dialling && open_ms >= profile->pulse_min_ms && open_ms <= longest_pulse_ms) {
        hook->pulses += hook->pulses <= PULSES_MAX;
        return 0;
    }
    if (profile->pulse_dialling && open_ms > profile->pulse_max_ms && open_ms <= profile->train_max_ms) {
        hook->lone_us = (int)open_us;
        return 0;
    }
    if (open_ms > longest_ms(profile)) {
        /* Nothing was fed between the end of the longest flash and this. */
        hook->pulses = 0;
        out[0] = (struct hook_event){HOOK_ON_HOOK, 0};
        out[1] = (struct hook_event){HOOK_OFF_HOOK, 0};
        return 2;
    }
    int count = end_digit(hook, out);
    return count + flash(hook, (int)open_us, &out[count]);
}

/* What time alone decides, while the loop stays as it is. */
static int held(struct hook *hook, long long now_us, struct hook_event *out)
{
    long long held_ms = in_ms(now_us - hook->since_us);
    if (hook->closed && hook->lone_us)
        return held_ms >= TRAIN_MAKE_MS ? end_lone(hook, out) : 0;
    if (hook->closed)
        return hook->pulses && held_ms >= hook->profile.digit_gap_ms ? end_digit(hook, out) : 0;
    if (!hook->off_hook || held_ms <= longest_ms(&hook->profile))
        return 0;
    hook->off_hook = 0;
    hook->pulses = 0;
    out[0] = (struct hook_event){HOOK_ON_HOOK, 0};
    return 1;
}

/* How long the loop must stay as it is to count. */
static long long hold_us(const struct hook *hook)
{
    int make = hook->raw && hook->off_hook && hook->profile.glitch_ms > MAKE_MS;
    return (make ? MAKE_MS : hook->profile.glitch_ms) * 1000LL;
}

/* Takes the raw state over once it has held long enough. */
static int qualify(struct hook *hook, long long now_us, struct hook_event *out)
{
    if (hook->raw == hook->closed || now_us - hook->raw_since_us < hold_us(hook))
        return 0;
    int count = hook->raw ? loop_closed(hook, out) : loop_opened(hook, out);
    hook->closed = hook->raw;
    hook->since_us = hook->raw_since_us;
    return count;
}

int hook_feed(struct hook *hook, long long now_us, int closed, struct hook_event out[HOOK_MAX_EVENTS])
{
    int count = qualify(hook, now_us, out);
    if (closed != hook->raw) {
        hook->raw = closed;
        hook->raw_since_us = now_us;
    }
    return !count && hook->raw == hook->closed ? held(hook, now_us, out) : count;
}
