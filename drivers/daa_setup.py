"""Start-up of one Si3050, in the order of the DAA sheet's section 3.

A generator that yields how many milliseconds it wants to wait, as the SLIC's start (`slic_setup.py`), so that
all chips of a card start side by side. Registers: `daa_registers.py`; values by profile: `daa_levels.py`.
"""

from __future__ import annotations

from drivers.daa_chip import DaaChip, DaaIdentity
from drivers.daa_levels import DaaCodes
from drivers.daa_registers import (
    CLOCKS_PER_SLOT,
    FORCED_RESISTOR,
    FULL_WAVE,
    HYBRID_TAPS,
    LINE_SIDE_DOWN,
    LINE_SIDE_UP,
    LINKED,
    ON_HOOK,
    PCM_ENABLE,
    PCM_FORMATS,
    PRESENT,
    SOFT_RESET,
    WATCHDOG,
    Reg,
)
from drivers.errors import ChipError, Trouble
from drivers.startup import Waits

SOFT_RESET_MS = 100
LINK_OFF_MS = 10
LINK_POLL_MS = 10
LINK_LIMIT_MS = 2000
LINK_TRIES = 3
PREPARED = PRESENT | WATCHDOG
"""Register 2 in service: watchdog, hybrid and receiver on, no interrupts: the scanner polls."""


def bring_up(chip: DaaChip, codes: DaaCodes, slot: int, law: str, identity: list[DaaIdentity]) -> Waits:
    """From a chip fresh from reset to an idle, watched line. Appends the identity. Raises ChipError."""
    chip.refuse_absence()
    chip.write(Reg.CONTROL_1, SOFT_RESET)
    yield SOFT_RESET_MS
    chip.refuse_absence()
    chip.write(Reg.PCM, 0)
    chip.scratch_test()
    write_slot(chip, slot)
    write_line(chip, codes)
    yield from link(chip)
    identity.append(chip.identity())
    chip.write(Reg.HOOK, ON_HOOK)
    write_gains(chip, codes)
    chip.write(Reg.PCM, PCM_FORMATS[law] | PCM_ENABLE)
    chip.write(Reg.INTERRUPT_SOURCE, 0)  # powering up the line side has set RDTI and DODI
    chip.write(Reg.CONTROL_2, PREPARED)


def write_slot(chip: DaaChip, slot: int) -> None:
    """Both directions in the same time slot; PCM must be off."""
    clocks = slot * CLOCKS_PER_SLOT
    for register in (Reg.TX_START, Reg.RX_START):
        chip.write(register, clocks & 0xFF)
        chip.write(register + 1, clocks >> 8)


def write_line(chip: DaaChip, codes: DaaCodes) -> None:
    """Country, hybrid and ring detector (section 3, steps 4 and 5)."""
    chip.write(Reg.INTERNATIONAL_1, codes.international1)
    chip.write(Reg.INTERNATIONAL_2, 0)
    chip.write(Reg.RESISTOR, chip.read(Reg.RESISTOR) & FORCED_RESISTOR)
    chip.write(Reg.DC, codes.dc)
    chip.write(Reg.AC, codes.ac)
    chip.write(Reg.CONTROL_5, codes.control5)
    chip.write(Reg.SPARK, codes.spark)
    for tap in range(HYBRID_TAPS):
        chip.write(Reg.HYBRID + tap, codes.hybrid[tap])
    chip.write(Reg.INTERNATIONAL_3, FULL_WAVE)
    chip.write(Reg.RING_2, codes.ring2)
    chip.write(Reg.INTERRUPT_MASK, 0)


def link(chip: DaaChip) -> Waits:
    """Start the line side; three tries, as section 3 says under recovery."""
    for _ in range(LINK_TRIES):
        chip.write(Reg.POWER, LINE_SIDE_UP)
        for _ in range(LINK_LIMIT_MS // LINK_POLL_MS):
            yield LINK_POLL_MS
            if chip.read(Reg.LINE_STATUS) & LINKED:
                return
        chip.write(Reg.POWER, LINE_SIDE_DOWN)
        yield LINK_OFF_MS
    found = chip.read(Reg.LINE_STATUS)
    reason = f"the line side of the chip does not start (register 12 reads 0x{found:02X})"
    raise ChipError(chip.name, reason, Trouble.LINE_SIDE)


def write_gains(chip: DaaChip, codes: DaaCodes) -> None:
    """Coarse and fine gains of both directions."""
    chip.write(Reg.TX_GAIN, codes.tx_gain)
    chip.write(Reg.RX_GAIN, codes.rx_gain)
    chip.write(Reg.TX_GAIN_FINE, codes.tx_fine)
    chip.write(Reg.RX_GAIN_FINE, codes.rx_fine)
