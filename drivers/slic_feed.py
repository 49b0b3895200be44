"""What start-up does around calibration: feed registers, converter, highway, line on (section 5).

Stages of `slic_setup.py`, which runs them in order. Those that wait are generators that yield
milliseconds and poll. Every register is written, none relies on its reset value, because a
port can also be started anew without the card's reset line. Values by line profile:
`slic_levels.py`.
"""

from __future__ import annotations

from drivers.errors import Trouble
from drivers.slic_calibration import CONVERTER_DELAY, LOOP_CLOSED_BIT, POLL_MS
from drivers.slic_chip import Identity, SlicChip
from drivers.slic_levels import LineCodes
from drivers.slic_registers import (
    ALARM_BITS,
    FEED_STEP_V,
    LOOP_CHANGE_BIT,
    RING_TRIP_BIT,
    SENSE_STEP_V,
    Direct,
    Family,
    Linefeed,
)
from drivers.startup import Waits

FOREIGN_LIMIT_V = 6.0
"""Voltage on an open line that counts as "near 0" (our choice; the sheet gives no figure)."""
FOREIGN_WATCH_MS = 1000
DISCHARGE_V = 1.5
"""A fall that tells a discharging ringer from a foreign source (our choice, as is the time)."""
RAMP_LIMIT_MS = 500
RAMP_SLACK_V = 6.0
FEED_LIMIT_MS = 100
CHARGE_SEEN_MS = 25.0
"""Debounce (LOOP_DEBOUNCE_CODE) and change of state: by then the charge shows in DR68 if it ever does."""
CHARGE_LIMIT_MS = 200.0
PROBATION_MS = 1500.0
PROBATION_POLL_MS = 50.0
ENHANCEMENTS = {Family.SI3210: 0xEB, Family.SI3215: 0xE3}
"""DR108; bits 4:3 are reserved on the Si3215 family. HYSTEN (bit 0) makes LCRTL count."""
AUTOMATIC = 0x17
"""DR67: ring trip, loop closure and power alarm act by themselves; SPDS so that pulses survive a high REN."""
TRACKING = 0x01
"""DR66: the battery follows the line voltage, range of VMIND 0 to 9 V."""
BIAS = 0x61
ON_HOOK_CODE = 0x20
"""48 V between the wires on hook."""
COMMON_MODE_CODE = 0x04
"""6 V."""
BATTERY_LOW_CODE = 0x10
"""24 V."""
LOOP_DEBOUNCE_CODE = 0x0A
"""12.5 ms: pulse edges are 33 ms and more apart (section 10)."""
CONVERTER_OFF = 0x10
CONVERTER_PERIOD = {False: 0xFF, True: 0x60}
"""DR92 by MOSFET drive: slow start."""
PCM_ENABLE = 0x20
HYBRID_0_DB = 0x33


def quiet(chip: SlicChip) -> None:
    """Make a chip that may still be running safe: line open, converter off, nothing on the highway (step 2)."""
    chip.write(Direct.LINEFEED, Linefeed.OPEN)
    chip.write(Direct.POWER_DOWN_1, CONVERTER_OFF)
    for register in (Direct.ENABLE_1, Direct.ENABLE_2, Direct.ENABLE_3, Direct.TONE_1, Direct.TONE_2):
        chip.write(register, 0)
    chip.write(Direct.RING_OSCILLATOR, 0)
    chip.write(Direct.PCM_MODE, 0)
    chip.write(Direct.INDIRECT_ADDRESS, 0)


def write_feed(chip: SlicChip, family: Family, codes: LineCodes) -> None:
    """Battery, feed and debounce registers; none relies on its reset value (step 4)."""
    for register, value in (
        (Direct.LOOPBACK, 0x00),
        (Direct.ENHANCEMENTS, ENHANCEMENTS[family]),
        (Direct.AUTOMATIC, AUTOMATIC),
        (Direct.BATTERY_FEED, TRACKING),
        (Direct.BIAS, BIAS),
        (Direct.ON_HOOK_VOLTAGE, ON_HOOK_CODE),
        (Direct.COMMON_MODE_VOLTAGE, COMMON_MODE_CODE),
        (Direct.BATTERY_HIGH, codes.battery_high),
        (Direct.BATTERY_LOW, BATTERY_LOW_CODE),
        (Direct.LOOP_DEBOUNCE, LOOP_DEBOUNCE_CODE),
        (Direct.RING_TRIP_DEBOUNCE, codes.ring_trip_debounce),
    ):
        chip.write(register, value)


def check_foreign_voltage(chip: SlicChip) -> Waits:
    """Nobody else may feed this line: with everything off both wires must be near 0 V (step 5).

    A line that was fed a moment ago still holds the charge of the telephones' ringer capacitors,
    seconds long; that voltage falls while a foreign one stays.
    """
    waited_ms = 0.0
    first_v = wire_v = _highest_wire_v(chip)
    while wire_v > FOREIGN_LIMIT_V and wire_v > first_v - DISCHARGE_V:
        if waited_ms >= FOREIGN_WATCH_MS:
            raise chip.error(
                f"foreign voltage on the line: {wire_v:.0f} V while the port is off (registers 80 and 81); "
                f"is it connected to an exchange line?",
                Trouble.FOREIGN_VOLTAGE,
            )
        yield POLL_MS
        waited_ms += POLL_MS
        wire_v = _highest_wire_v(chip)


def _highest_wire_v(chip: SlicChip) -> float:
    return max(chip.read(Direct.TIP_VOLTAGE), chip.read(Direct.RING_VOLTAGE)) * SENSE_STEP_V


def start_converter(chip: SlicChip, identity: Identity, codes: LineCodes) -> Waits:
    """Switch the battery converter on and watch it rise to VBATH (steps 6 and 7)."""
    chip.write(Direct.CONVERTER_PERIOD, CONVERTER_PERIOD[identity.mosfet])
    if identity.mosfet:
        chip.write(Direct.CONVERTER_DELAY, CONVERTER_DELAY[True])
    chip.write(Direct.POWER_DOWN_1, 0x00)
    wanted_v = codes.battery_high * FEED_STEP_V - RAMP_SLACK_V
    waited_ms = 0.0
    while (battery_v := chip.read(Direct.BATTERY_SENSE) * SENSE_STEP_V) < wanted_v:
        if waited_ms >= RAMP_LIMIT_MS:
            chip.write(Direct.POWER_DOWN_1, CONVERTER_OFF)
            raise chip.error(
                f"no line battery: {battery_v:.0f} V after {RAMP_LIMIT_MS} ms, expected {wanted_v:.0f} V "
                f"(register 82); is the card's 12 V supply connected?"
            )
        yield POLL_MS
        waited_ms += POLL_MS
    chip.write(Direct.LOOP_CURRENT_LIMIT, codes.current_limit)
    chip.write(Direct.CONVERTER_DELAY, CONVERTER_DELAY[identity.mosfet])


def write_audio(chip: SlicChip, codes: LineCodes, slot: int) -> None:
    """PCM slot and law, gains, impedance, hybrid (step 16). Bits start 8 clocks a slot after FSYNC (section 17)."""
    start_low, start_high = slot * 8 & 0xFF, slot * 8 >> 8
    chip.write(Direct.PCM_MODE, codes.pcm_format)
    for register, value in (
        (Direct.TX_SLOT_LOW, start_low),
        (Direct.TX_SLOT_HIGH, start_high),
        (Direct.RX_SLOT_LOW, start_low),
        (Direct.RX_SLOT_HIGH, start_high),
        (Direct.AUDIO_GAIN, 0x00),
        (Direct.IMPEDANCE, codes.impedance),
        (Direct.HYBRID, HYBRID_0_DB),
        (Direct.PCM_MODE, codes.pcm_format | PCM_ENABLE),
    ):
        chip.write(register, value)


def go_on_line(chip: SlicChip) -> Waits:
    """Clear old events, feed the line, and believe it only when the chip says so (end of step 16)."""
    for status in (Direct.INTERRUPT_1, Direct.INTERRUPT_2, Direct.INTERRUPT_3):
        chip.write(status, 0xFF)
        pending = chip.read(status)
        if pending:
            raise chip.error(f"interrupt stuck: register {int(status)} reads 0x{pending:02X} after clearing")
    chip.write(Direct.ENABLE_2, ALARM_BITS | LOOP_CHANGE_BIT | RING_TRIP_BIT)
    chip.write(Direct.LINEFEED, Linefeed.FORWARD_ACTIVE)
    waited_ms = 0.0
    while (state := chip.read(Direct.LINEFEED)) >> 4 != Linefeed.FORWARD_ACTIVE:
        alarms = chip.read(Direct.INTERRUPT_2) & ALARM_BITS
        if alarms or waited_ms >= FEED_LIMIT_MS:
            because = f"power alarm, register 19 reads 0x{alarms:02X}" if alarms else f"register 64 reads 0x{state:02X}"
            raise chip.error(f"the line feed does not start ({because})", Trouble.POWER if alarms else Trouble.SET_UP)
        yield POLL_MS
        waited_ms += POLL_MS


def let_ringers_charge(chip: SlicChip) -> Waits:
    """Until the loop current of a line that was just fed means something.

    48 V charge the ringers' capacitors (5 REN: 40 uF) with more than the loop-closure threshold
    for up to 0.15 s; a loop still closed after that is a telephone off hook.
    """
    yield CHARGE_SEEN_MS
    waited_ms = CHARGE_SEEN_MS
    while chip.read(Direct.LOOP_STATUS) & LOOP_CLOSED_BIT and waited_ms < CHARGE_LIMIT_MS:
        yield POLL_MS
        waited_ms += POLL_MS


def prove(chip: SlicChip) -> Waits:
    """Watch a line that failed before for a while: thermal alarms take a second to return (section 11)."""
    waited_ms = 0.0
    while waited_ms < PROBATION_MS:
        yield PROBATION_POLL_MS
        waited_ms += PROBATION_POLL_MS
        alarms = chip.read(Direct.INTERRUPT_2) & ALARM_BITS
        if alarms:
            raise chip.error(
                f"power alarm again after {waited_ms:.0f} ms of feeding (register 19 reads 0x{alarms:02X})",
                Trouble.POWER,
            )
