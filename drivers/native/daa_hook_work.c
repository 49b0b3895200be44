/* Dial pulses and hook flashes of an exchange line: the DAA sheet's section 9. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "spi.h"
#include "registers.h"
#include "daa_registers.h"
#include "hook.h"
#include "ring_heard.h"
#include "scanner_event.h"
#include "scanner.h"
#include "scanner_daa.h"
#include "daa_watch.h"

#define HOOK 5
#define MUTE 15
#define INTERNATIONAL_2 17
#define RESISTOR 25
#define CONTROL_5 31

#define OFF_HOOK 0x01
#define NO_CALIBRATION 0x20 /* CALD and RCALD */
#define FAST_OFF_HOOK 0x60  /* FOH: 8 ms */
#define RECEIVE_MUTE 0x08

static int put(struct daa_watch *line, int number, int value)
{
    return daa_registers_write(line->registers, line->cs, number, value);
}

int daa_hook_no_delays(struct daa_watch *line)
{
    int result = put(line, INTERNATIONAL_2, line->profile.international2 | NO_CALIBRATION);
    put(line, RESISTOR, line->profile.resistor | NO_CALIBRATION);
    put(line, CONTROL_5, line->profile.control5 | FAST_OFF_HOOK);
    return result;
}

/* No calibration between pulses, no clicks in the call; protection off while the hook moves (section 9). */
static int prepare_hook_work(struct daa_watch *line)
{
    line->guarded = 0;
    int result = daa_hook_no_delays(line);
    put(line, MUTE, RECEIVE_MUTE);
    return result;
}

static void end_hook_work(struct daa_watch *line, long long now_us, int told)
{
    put(line, CONTROL_5, line->profile.control5);
    put(line, MUTE, 0);
    line->mode = DAA_OFF_HOOK;
    line->hook_us = now_us;
    line->broken = line->parallel = (struct daa_steady){0, 0, now_us};
    daa_watch_tell(line, now_us, told, 0, 0);
}

static int pulses_of(char digit)
{
    return digit == '0' ? 10 : digit - '0';
}

static void next_edge(struct daa_watch *line, long long now_us)
{
    if (!line->open && !line->pulses_left) {
        if (line->digit_at == line->digit_count) {
            end_hook_work(line, now_us, DAA_DIALLED);
            return;
        }
        line->pulses_left = pulses_of(line->digits[line->digit_at++]);
    }
    line->open = !line->open;
    put(line, HOOK, line->open ? 0 : OFF_HOOK);
    if (line->open) {
        line->due_us += line->profile.pulse_break_ms * 1000LL;
        return;
    }
    line->pulses_left--;
    line->due_us += (line->pulses_left ? line->profile.pulse_make_ms : line->profile.digit_gap_ms) * 1000LL;
}

void daa_hook_work_tick(struct daa_watch *line, long long now_us)
{
    if (line->mode == DAA_PULSING && now_us >= line->due_us) {
        next_edge(line, now_us);
    } else if (line->mode == DAA_FLASHING && now_us >= line->due_us) {
        put(line, HOOK, OFF_HOOK);
        end_hook_work(line, now_us, DAA_FLASHED);
    }
}

int daa_watch_dial(struct daa_watch *line, long long now_us, const char *digits)
{
    size_t count = strlen(digits);
    if (!count || count > DAA_DIGITS_MAX || strspn(digits, "0123456789") != count)
        return -EINVAL;
    if (line->mode != DAA_OFF_HOOK)
        return -EBUSY;
    memcpy(line->digits, digits, count);
    line->digit_count = (int)count;
    line->digit_at = line->pulses_left = line->open = 0;
    line->mode = DAA_PULSING;
    line->due_us = now_us;
    return prepare_hook_work(line);
}

int daa_watch_flash(struct daa_watch *line, long long now_us, int ms)
{
    if (ms < 50 || ms > 1000)
        return -EINVAL;
    if (line->mode != DAA_OFF_HOOK)
        return -EBUSY;
    line->mode = DAA_FLASHING;
    line->due_us = now_us + ms * 1000LL;
    int result = prepare_hook_work(line);
    return result < 0 ? result : put(line, HOOK, 0);
}
