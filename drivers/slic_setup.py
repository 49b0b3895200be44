"""Start-up of one Si321x, in the order of the chip sheet's section 5 (vendor procedure).

Every stage is a generator that yields how many milliseconds it wants to wait and polls
instead of assuming; so all chips of a card, which share one reset line, start side by side
(`startup.py`) and the slow manual gain search of one fills the pauses of another.
A chip whose calibration is stored skips the calibration stages. The stages: `slic_feed.py`
and `slic_calibration.py`; registers: `slic_registers.py`; values by profile: `slic_levels.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.slic_calibration import calibrate, calibrate_converter, read_vector, restore_calibration
from drivers.slic_chip import Identity, SlicChip
from drivers.slic_feed import (
    check_foreign_voltage,
    go_on_line,
    let_ringers_charge,
    quiet,
    start_converter,
    write_audio,
    write_feed,
)
from drivers.slic_levels import LineCodes
from drivers.slic_registers import (
    FILTER_OPEN,
    FILTERS,
    INDIRECTS,
    RECEIVE_GAIN,
    RING_AMPLITUDE,
    RING_FREQUENCY,
    RING_TRIP_FILTER,
    RING_TRIP_THRESHOLD,
    TRANSMIT_GAIN,
    Family,
)
from drivers.startup import Waits

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
    write_audio(chip, wanted.codes, wanted.slot)
    yield from go_on_line(chip)
    yield from let_ringers_charge(chip)


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
