/* Calibration of the Si321x, section 5: converter, main and balance calibration with their busy
 * times, and the manual search of the gain mismatch. Results differ from part to part. */
#include "si321x.h"

#define CAL_BUSY 0x40
#define CAL_SHORT_SETTLING 0x20
#define CAL_RING_GAIN 0x10
#define CAL_TIP_GAIN 0x08
#define CAL_MAIN 0x07 /* differential, common-mode, ILIM */
#define CAL_ADC_DAC 0x1E
#define CAL_BALANCE 0x01
#define DCCAL_BUSY 0x80
#define CONVERTER_OFF 0x10
#define SETTLING_FRAMES 2400 /* 300 ms */
#define SHORT_SETTLING_FRAMES 240

static bool powered(const struct si321x *chip) {
    return !(chip->dr[DR_POWER] & CONVERTER_OFF) && chip->battery_ready;
}

void si321x_converter_calibrate_write(struct si321x *chip) {
    if (!(chip->dr[DR_DCDC] & DCCAL_BUSY)) return;
    if (!powered(chip)) si321x_breach(chip, "converter calibrated before the battery was up");
    chip->converter_cal_left = chip->nature.converter_cal_frames;
}

void si321x_calibrate_write(struct si321x *chip) {
    uint8_t control = chip->dr[DR_CAL1];
    if (!(control & CAL_BUSY)) {
        chip->calibration_left = 0;
        return;
    }
    if (!powered(chip)) si321x_breach(chip, "calibration with the converter off");
    if (chip->state != LF_OPEN || chip->wanted != LF_OPEN) si321x_breach(chip, "calibration with the line fed");
    chip->hook_moved_in_cal = false;
    chip->calibration_left =
        chip->nature.calibration_frames + (control & CAL_SHORT_SETTLING ? SHORT_SETTLING_FRAMES : SETTLING_FRAMES);
}

static void finish_calibration(struct si321x *chip) {
    uint8_t control = chip->dr[DR_CAL1];
    bool balance = chip->dr[DR_CAL2] & CAL_BALANCE;
    if ((control & CAL_RING_GAIN) || chip->newer_family) chip->dr[DR_CALGMR] = chip->nature.gain_mismatch_ring;
    if ((control & CAL_TIP_GAIN) || chip->newer_family) chip->dr[DR_CALGMT] = chip->nature.gain_mismatch_tip;
    if (control & CAL_MAIN)
        for (int i = DR_CAL_FIRST; i < DR_CALCM; i++) chip->dr[i] = chip->nature.results[i - DR_CAL_FIRST];
    if (balance && !chip->newer_family) chip->dr[DR_CALCM] = chip->nature.results[DR_CALCM - DR_CAL_FIRST];
    if (balance && chip->hook_moved_in_cal) si321x_interrupt(chip, IRQ_CMCP);
    if (powered(chip) && ((control & CAL_MAIN) || (chip->dr[DR_CAL2] & CAL_ADC_DAC))) chip->calibrated = true;
    chip->dr[DR_CAL1] = chip->dr[DR_CAL2] = 0;
}

/* lifted: the hook contact; balancing needs it to stay as it is (CMCP). */
void si321x_calibrate_step(struct si321x *chip, bool lifted) {
    if (chip->calibration_left == 0) chip->hook_in_cal = lifted;
    if (lifted != chip->hook_in_cal) chip->hook_moved_in_cal = true;
    if (chip->calibration_left > 0 && --chip->calibration_left == 0) finish_calibration(chip);
    if (chip->converter_cal_left > 0 && --chip->converter_cal_left == 0) {
        chip->dr[DR_DCDC] &= (uint8_t)~DCCAL_BUSY;
        chip->dr[DR_DCPEAK] = powered(chip) ? chip->nature.results[DR_DCPEAK - DR_CAL_FIRST] : 0x0F;
    }
}

/* With the line open, DR88 and DR89 fall to 0 once DR98, DR99 are at or below this part's value. */
uint8_t si321x_gain_search(const struct si321x *chip, int address) {
    if (chip->state != LF_OPEN || !powered(chip)) return chip->dr[address];
    int set = chip->dr[address == DR_IQ5 ? DR_CALGMR : DR_CALGMT];
    int end = address == DR_IQ5 ? chip->nature.gain_mismatch_ring : chip->nature.gain_mismatch_tip;
    return (uint8_t)(set > end ? (set - end) * 2 : 0);
}
