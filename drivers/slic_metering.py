"""Metering pulses of 12 or 16 kHz, by which a coin telephone or a call meter counts (chip sheet, section 14).

The Si3210's own generator makes them, above everything a telephone can be heard to say; the Si3215 has none, and
8 kHz samples cannot carry them. Registers are written when the first pulse is wanted, since few lines ever do.
"""

from __future__ import annotations

import math

from drivers.slic_chip import SlicChip
from drivers.slic_registers import Direct, Family

PULSE_MS = 120
"""Networks send 50 to 150 ms, some to 200 [M]."""
PULSE_V_RMS = 0.5
"""At the chip; meters want 0.1 to 2.2 V rms, and the generator has 0.85 [M]."""
FULL_SCALE_V_RMS = 0.85
GENERATOR_HZ = 64_000
VOLUME_STEP = 0x0199
"""Of 0x7FFF, 8000 times a second: 10 ms up and down, so that no click is heard."""
POWER = 0x20
"""PMON in DR14."""
ONE_PULSE = 0x14
"""PMAE and PMOE in DR35: until the active timer ends."""
TIMER_STEPS_PER_MS = 8
PLSD, PLSX, PLSCO = 23, 24, 25
"""Indirect registers of the Si3210."""


def can_meter(family: Family) -> bool:
    """Whether chips of that family have the generator."""
    return family is Family.SI3210


def prepare(chip: SlicChip, hz: int) -> None:
    """Program the generator. hz: 12000 or 16000."""
    for address, value in ((PLSD, VOLUME_STEP), (PLSX, amplitude(hz, PULSE_V_RMS)), (PLSCO, coefficient(hz))):
        chip.write_indirect(address, value)
    active = PULSE_MS * TIMER_STEPS_PER_MS
    chip.write(Direct.METER_ACTIVE_LOW, active & 0xFF)
    chip.write(Direct.METER_ACTIVE_HIGH, active >> 8)
    chip.write(Direct.POWER_DOWN_1, chip.read(Direct.POWER_DOWN_1) | POWER)


def pulse(chip: SlicChip) -> None:
    """Send one pulse; one that is still being sent ends."""
    chip.write(Direct.METERING, 0)
    chip.write(Direct.METERING, ONE_PULSE)


def coefficient(hz: int) -> int:
    """PLSCO: cosine of the angle a 64 kHz clock turns in one step, times 2^15 - 1."""
    return round(_cosine(hz) * 32767)


def amplitude(hz: int, v_rms: float) -> int:
    """PLSX for a sine of v_rms."""
    cosine = _cosine(hz)
    return round(0.25 * math.sqrt((1 - cosine) / (1 + cosine)) * 32767 * v_rms / FULL_SCALE_V_RMS)


def _cosine(hz: int) -> float:
    return math.cos(2 * math.pi * hz / GENERATOR_HZ)
