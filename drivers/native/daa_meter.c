/* Metering pulses of the exchange (12 or 16 kHz) on an exchange line: the billing-tone bits of the DAA sheet's
 * register 17 (section 7).
 *
 * The chip says that there was such a tone, not for how long: the bit stays until detection is switched off and on
 * again. That must not happen while the tone lasts, because what keeps the line side off hook under a strong one is
 * the same switch. So it happens when the longest usual pulse must be over, and a next pulse before then is missed. */
#include <stdint.h>

#include "spi.h"
#include "registers.h"
#include "daa_registers.h"
#include "hook.h"
#include "ring_heard.h"
#include "scanner_event.h"
#include "scanner.h"
#include "scanner_daa.h"
#include "daa_watch.h"

#define INTERNATIONAL_2 17
#define OVERLOAD_PROTECTION 0x08
#define BILLING_TONE_ENABLE 0x04
#define RECEIVE_OVERLOAD 0x02
#define BILLING_TONE 0x01
#define LOOK_US 10000   /* to see whether it overloads */
#define PULSE_US 250000 /* pulses last 50 to 200 ms, and come no faster than three a second [M] */

static int put(struct daa_watch *line, int bits)
{
    int value = line->profile.international2 | OVERLOAD_PROTECTION | bits;
    return daa_registers_write(line->registers, line->cs, INTERNATIONAL_2, value);
}

int daa_meter_listen(struct daa_watch *line)
{
    line->metering = DAA_NO_PULSE;
    put(line, 0);
    return put(line, line->mode == DAA_OFF_HOOK ? BILLING_TONE_ENABLE : 0);
}

void daa_meter_read(struct daa_watch *line, long long now_us, int value)
{
    if (line->mode != DAA_OFF_HOOK || !line->guarded)
        return;
    if (line->metering == DAA_NO_PULSE && value & BILLING_TONE) {
        line->metering = DAA_PULSE_SEEN;
        line->metered_us = now_us;
    } else if (line->metering == DAA_NO_PULSE && value & RECEIVE_OVERLOAD) {
        put(line, BILLING_TONE_ENABLE); /* loud speech: forget it */
    } else if (line->metering == DAA_PULSE_SEEN && now_us - line->metered_us >= LOOK_US) {
        line->metering = DAA_PULSE_TOLD;
        daa_watch_tell(line, line->metered_us, DAA_METERED, (value & RECEIVE_OVERLOAD) != 0, 0);
    } else if (line->metering == DAA_PULSE_TOLD && now_us - line->metered_us >= PULSE_US) {
        daa_meter_listen(line);
    }
}
