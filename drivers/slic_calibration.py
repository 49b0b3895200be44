"""Calibration of a Si321x: converter, main, gain search, longitudinal balance (section 5, steps 9 to 15).

Generators like those of `slic_setup.py`, which runs them in order: each yields milliseconds
to wait and polls the busy bits. A finished calibration is twelve octets, DR96 to DR107, which
`restore_calibration` writes back at later starts.
"""

from __future__ import annotations

import logging
from collections.abc import Generator

from drivers.slic_chip import Identity, SlicChip
from drivers.slic_registers import (
    ACCUMULATORS,
    BALANCE_DISTURBED_BIT,
    CALIBRATION_FIRST,
    CALIBRATION_LAST,
    CALIBRATION_OCTETS,
    Direct,
    Family,
    Linefeed,
)
from drivers.startup import Waits

log = logging.getLogger(__name__)

POLL_MS = 5.0
CONVERTER_LIMIT_MS = 1100
CONVERTER_DELAY = {False: 0x19, True: 0x38}
"""DR93 by MOSFET drive; with bit 7 it starts the converter's calibration."""
CONVERTER_START = 0x80
CONVERTER_PEAK_RANGE = range(2, 14)
CONVERTER_PEAK_DEFAULT = 8

START = 0x40
MAIN_LIMIT_MS = {Family.SI3210: 800, Family.SI3215: 2000}
MAIN = {Family.SI3210: (0x1E, 0x47), Family.SI3215: (0x1F, 0x5F)}
"""DR97, DR96. The Si3210 leaves gain mismatch and balance to stages of their own; the Si3215 does all by itself."""
MAIN_ATTEMPTS = 2
GAIN_FIRST = 0x1F
GAIN_MIDDLE = 0x10
GAIN_SETTLE_MS = 40.0
BALANCE_ONLY = 0x01
BALANCE_LIMIT_MS = 800
BALANCE_SETTLE_MS = 100.0
BALANCE_ATTEMPTS = 2
LOOP_CLOSED_BIT = 0x01


def until(chip: SlicChip, register: Direct, mask: int, limit_ms: float) -> Generator[float, None, bool]:
    """Poll until every bit of `mask` reads 0; False when that took longer than limit_ms."""
    waited_ms = 0.0
    while chip.read(register) & mask:
        if waited_ms >= limit_ms:
            return False
        yield POLL_MS
        waited_ms += POLL_MS
    return True


def calibrate_converter(chip: SlicChip, identity: Identity) -> Waits:
    """Find the converter's peak current (step 9); an impossible result is replaced by the middle."""
    chip.write(Direct.CONVERTER_DELAY, CONVERTER_START | CONVERTER_DELAY[identity.mosfet])
    done = yield from until(chip, Direct.CONVERTER_DELAY, CONVERTER_START, CONVERTER_LIMIT_MS)
    if not done:
        raise chip.error(f"calibration of the battery converter did not end in {CONVERTER_LIMIT_MS} ms (register 93)")
    peak = chip.read(Direct.CONVERTER_PEAK)
    if peak not in CONVERTER_PEAK_RANGE:
        log.info("%s: converter peak current reads %d, uses %d", chip.name, peak, CONVERTER_PEAK_DEFAULT)
        chip.write(Direct.CONVERTER_PEAK, CONVERTER_PEAK_DEFAULT)


def calibrate(chip: SlicChip, identity: Identity) -> Generator[float, None, bool]:
    """Main calibration and what the family adds to it (steps 10 to 13).

    Returns False when the balance stage had to be left out because the telephone was off hook.
    """
    for enable in (Direct.ENABLE_1, Direct.ENABLE_2, Direct.ENABLE_3):
        chip.write(enable, 0)
    chip.write(Direct.LINEFEED, Linefeed.OPEN)
    yield from _main(chip, identity.family)
    balanced = True
    if identity.family is Family.SI3210:
        chip.write(Direct.TIP_GAIN, GAIN_MIDDLE)
        yield from _search_gain(chip, "ring", Direct.RING_GAIN, Direct.TIP_TRANSISTOR)
        yield from _search_gain(chip, "tip", Direct.TIP_GAIN, Direct.RING_TRANSISTOR)
        balanced = yield from _balance(chip)
    for address in ACCUMULATORS:
        chip.write_indirect(address, 0)
    return balanced


def _main(chip: SlicChip, family: Family) -> Waits:
    second, first = MAIN[family]
    limit_ms = MAIN_LIMIT_MS[family]
    for _ in range(MAIN_ATTEMPTS):
        chip.write(Direct.CALIBRATION_2, second)
        chip.write(Direct.CALIBRATION_1, first)
        done = yield from until(chip, Direct.CALIBRATION_1, 0xFF, limit_ms)
        if done:
            return
    raise chip.error(f"calibration did not end in {limit_ms} ms, tried {MAIN_ATTEMPTS} times (register 96)")


def _search_gain(chip: SlicChip, wire: str, gain: Direct, sense: Direct) -> Waits:
    """Lower the gain of one wire until its transistor's current reads 0; chips differ, any value may be right."""
    for code in range(GAIN_FIRST, 0, -1):
        chip.write(gain, code)
        yield GAIN_SETTLE_MS
        if chip.read(sense) == 0:
            log.debug("%s: %s gain mismatch is %d", chip.name, wire, code)
            return
    raise chip.error(f"gain calibration of the {wire} wire found no balance (register {int(sense)} never reads 0)")


def _balance(chip: SlicChip) -> Generator[float, None, bool]:
    """Longitudinal balance (step 12). Not possible while the telephone is off hook."""
    chip.write(Direct.ENABLE_3, BALANCE_DISTURBED_BIT)
    balanced = False
    for _ in range(BALANCE_ATTEMPTS):
        chip.write(Direct.LINEFEED, Linefeed.FORWARD_ACTIVE)
        yield BALANCE_SETTLE_MS
        off_hook = chip.read(Direct.LOOP_STATUS) & LOOP_CLOSED_BIT
        chip.write(Direct.LINEFEED, Linefeed.OPEN)
        if off_hook:
            break
        chip.write(Direct.INTERRUPT_3, 0xFF)
        chip.write(Direct.CALIBRATION_2, BALANCE_ONLY)
        chip.write(Direct.CALIBRATION_1, START)
        done = yield from until(chip, Direct.CALIBRATION_1, 0xFF, BALANCE_LIMIT_MS)
        if not done:
            raise chip.error(f"balance calibration did not end in {BALANCE_LIMIT_MS} ms (register 96)")
        if not chip.read(Direct.INTERRUPT_3) & BALANCE_DISTURBED_BIT:
            balanced = True
            break
    chip.write(Direct.ENABLE_3, 0)
    if not balanced:
        log.warning("%s: telephone off hook, balance calibration is left to the next start", chip.name)
    return balanced


def read_vector(chip: SlicChip) -> bytes:
    """Read DR96 to DR107 (step 15)."""
    return bytes(chip.read(number) for number in range(CALIBRATION_FIRST, CALIBRATION_LAST + 1))


def restore_calibration(chip: SlicChip, identity: Identity, vector: bytes) -> None:
    """Write a stored vector back; DR107 stays as `calibrate_converter` has just found it."""
    for number, value in zip(range(CALIBRATION_FIRST, CALIBRATION_LAST), vector, strict=False):
        if number != Direct.BALANCE or identity.family is Family.SI3210:
            chip.write(number, value)
    for address in ACCUMULATORS:
        chip.write_indirect(address, 0)


def is_finished(vector: bytes) -> bool:
    """A vector worth restoring: right length, no calibration running or wanted, converter in range."""
    return len(vector) == CALIBRATION_OCTETS and vector[:2] == b"\0\0" and vector[-1] in CONVERTER_PEAK_RANGE
