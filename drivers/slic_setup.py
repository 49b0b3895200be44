"""Start-up of one Si321x, in the order of the chip sheet's section 5 (vendor procedure).

Every stage is a generator that yields how many milliseconds it wants to wait and polls
instead of assuming; so all chips of a card, which share one reset line, start side by side
(`run_together`) and the slow manual gain search of one fills the pauses of another.
A chip whose calibration is stored skips the calibration stages. Registers: `slic_registers.py`;
values of the line profile: `slic_levels.py`; calibration stages: `slic_calibration.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

from drivers.bus import Bus
from drivers.errors import HardwareError
from drivers.slic_calibration import (
    CONVERTER_DELAY,
    POLL_MS,
    calibrate,
    calibrate_converter,
    read_vector,
    restore_calibration,
)
from drivers.slic_chip import Identity, SlicChip
from drivers.slic_levels import LineCodes
from drivers.slic_registers import (
    ALARM_BITS,
    FEED_STEP_V,
    FILTER_OPEN,
    FILTERS,
    INDIRECTS,
    LOOP_CHANGE_BIT,
    RECEIVE_GAIN,
    RING_AMPLITUDE,
    RING_FREQUENCY,
    RING_TRIP_BIT,
    RING_TRIP_FILTER,
    RING_TRIP_THRESHOLD,
    SENSE_STEP_V,
    TRANSMIT_GAIN,
    Direct,
    Family,
    Linefeed,
)

Waits = Generator[float, None, None]
"""A stage of start-up; yields milliseconds to wait."""

FOREIGN_LIMIT_V = 6.0
"""Voltage on an open line that counts as "near 0" (our choice; the sheet gives no figure)."""
FOREIGN_SETTLE_MS = 200
"""How long a line that was just opened may take to discharge (our choice)."""
RAMP_LIMIT_MS = 500
RAMP_SLACK_V = 6.0
FEED_LIMIT_MS = 100
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
SCRATCH_WORD = 97
"""An accumulator that section 5, step 3 clears first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What start-up shall make of the chip: profile values, PCM slot, stored calibration vector or none."""

    codes: LineCodes
    slot: int
    vector: bytes | None


@dataclass(slots=True)
class Outcome:
    """vector: DR96 to DR107 after start-up. complete: false when an off-hook telephone kept part of it from running."""

    vector: bytes = b""
    complete: bool = True


def power_up(chip: SlicChip, identity: Identity, wanted: Wanted, outcome: Outcome) -> Waits:
    """From an identified chip to a fed, idle line (section 5, steps 2 to 16).

    Fills `outcome`. Raises ChipError naming register and stage; the line is then open.
    """
    values = indirect_values(identity.family, wanted.codes)
    quiet(chip)
    write_indirects(chip, values)
    write_feed(chip, identity.family, wanted.codes)
    yield from check_foreign_voltage(chip)
    yield from start_converter(chip, identity, wanted.codes)
    yield from calibrate_converter(chip, identity)
    if wanted.vector is None:
        outcome.complete = yield from calibrate(chip, identity)
    else:
        restore_calibration(chip, identity, wanted.vector)
    close_filters(chip, values)
    outcome.vector = read_vector(chip)
    write_audio(chip, wanted)
    yield from go_on_line(chip)


def indirect_values(family: Family, codes: LineCodes) -> dict[int, tuple[str, int]]:
    """Address -> (name, value) of every indirect register, for this family and line profile."""
    ours = {
        RING_FREQUENCY.name: codes.ring_frequency,
        RING_AMPLITUDE.name: codes.ring_amplitude,
        RING_TRIP_THRESHOLD.name: codes.ring_trip_threshold,
        RING_TRIP_FILTER.name: codes.ring_trip_filter,
        TRANSMIT_GAIN.name: codes.transmit_gain,
        RECEIVE_GAIN.name: codes.receive_gain,
    }
    values = {}
    for register in INDIRECTS:
        number = register.number(family)
        if number is not None:
            values[number] = (register.name, ours.get(register.name, register.start))
    return values


def quiet(chip: SlicChip) -> None:
    """Make a chip that may still be running safe: line open, no tones, no interrupts, converter off (step 2)."""
    chip.write(Direct.LINEFEED, Linefeed.OPEN)
    chip.write(Direct.POWER_DOWN_1, CONVERTER_OFF)
    for register in (Direct.ENABLE_1, Direct.ENABLE_2, Direct.ENABLE_3, Direct.TONE_1, Direct.TONE_2):
        chip.write(register, 0)
    chip.write(Direct.RING_OSCILLATOR, 0)
    chip.write(Direct.INDIRECT_ADDRESS, 0)


def write_indirects(chip: SlicChip, values: Mapping[int, tuple[str, int]]) -> None:
    """Define every indirect register; the filters stand open until calibration is over (step 3)."""
    for address, (name, value) in values.items():
        chip.write_indirect(address, FILTER_OPEN if name in FILTERS else value)
    chip.write_indirect(SCRATCH_WORD, 0)


def close_filters(chip: SlicChip, values: Mapping[int, tuple[str, int]]) -> None:
    """Give the five filters their working values and read every indirect register back (step 14)."""
    for address, (name, value) in values.items():
        if name in FILTERS:
            chip.write_indirect(address, value)
    for address, (name, value) in values.items():
        found = chip.read_indirect(address)
        if found != value:
            raise chip.error(f"indirect register {address} ({name}) reads 0x{found:04X}, expected 0x{value:04X}")


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
    """Nobody else may feed this line: with everything off both wires must be near 0 V (step 5)."""
    waited_ms = 0.0
    while True:
        tip_v = chip.read(Direct.TIP_VOLTAGE) * SENSE_STEP_V
        ring_v = chip.read(Direct.RING_VOLTAGE) * SENSE_STEP_V
        if max(tip_v, ring_v) <= FOREIGN_LIMIT_V:
            return
        if waited_ms >= FOREIGN_SETTLE_MS:
            raise chip.error(
                f"foreign voltage on the line: tip {tip_v:.0f} V, ring {ring_v:.0f} V while the port is off "
                f"(registers 80 and 81); is it connected to an exchange line?"
            )
        yield POLL_MS
        waited_ms += POLL_MS


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


def write_audio(chip: SlicChip, wanted: Wanted) -> None:
    """PCM slot and law, gains, impedance, hybrid (step 16). Bits start 8 clocks a slot after FSYNC (section 17)."""
    start_low, start_high = wanted.slot * 8 & 0xFF, wanted.slot * 8 >> 8
    chip.write(Direct.PCM_MODE, wanted.codes.pcm_format)
    for register, value in (
        (Direct.TX_SLOT_LOW, start_low),
        (Direct.TX_SLOT_HIGH, start_high),
        (Direct.RX_SLOT_LOW, start_low),
        (Direct.RX_SLOT_HIGH, start_high),
        (Direct.AUDIO_GAIN, 0x00),
        (Direct.IMPEDANCE, wanted.codes.impedance),
        (Direct.HYBRID, HYBRID_0_DB),
        (Direct.PCM_MODE, wanted.codes.pcm_format | PCM_ENABLE),
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
            raise chip.error(f"the line feed does not start ({because})")
        yield POLL_MS
        waited_ms += POLL_MS


def run_together(bus: Bus, jobs: Mapping[str, Waits]) -> dict[str, HardwareError]:
    """Run start-ups side by side on one bus; blocks. Returns the errors of those that failed, by name."""
    failures: dict[str, HardwareError] = {}
    due_us = dict.fromkeys(jobs, bus.now_us())
    while due_us:
        name = min(due_us, key=lambda job: due_us[job])
        early_us = due_us[name] - bus.now_us()
        if early_us > 0:
            bus.wait_ms(early_us / 1000.0)
        try:
            wait_ms = next(jobs[name])
            due_us[name] = bus.now_us() + round(wait_ms * 1000)
        except StopIteration:
            del due_us[name]
        except HardwareError as error:
            failures[name] = error
            del due_us[name]
    return failures
