/* One frame of a Si321x and its line, in the order cause and effect have: the state decides the
 * source, the copper answers, the detectors look. */
#include "si321x.h"

void si321x_step(struct si321x *chip, struct copper *copper, double now_us) {
    chip->now_us = now_us;
    if (!chip->no_clock) {
        si321x_indirect_settle(chip);
        si321x_linefeed_step(chip, copper);
    }
    copper_solve(copper, &chip->source);
    if (chip->in_reset || chip->no_clock) return;
    si321x_detect_step(chip, copper);
    si321x_calibrate_step(chip, copper->lifted && !copper->away);
    si321x_tones_step(chip);
}
