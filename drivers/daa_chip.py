"""One Si3050 on the bus: register access by name, and who it says it is (DAA sheet, sections 1 and 2).

Every refusal is a sentence with port, register, value read and value expected. Start-up: `daa_setup.py`; the port
made of it: `daa.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.bus import Bus
from drivers.daa_registers import LINE_SIDES, PRESENT, REVISIONS, SUPPORTED_LINE_SIDE, WATCHDOG, Reg
from drivers.errors import BusError, ChipError, Trouble

SCRATCH = 0x5A
ABSENT = 0xFF


@dataclass(frozen=True, slots=True)
class DaaIdentity:
    """revision: of the Si3050, a letter. line_side: the chip beyond the isolation."""

    revision: str
    line_side: str

    def __str__(self) -> str:
        return f"Si3050 revision {self.revision} with {self.line_side}"


class DaaChip:
    """Registers of the chip on one chip select. All methods raise BusError when the bus fails."""

    def __init__(self, name: str, bus: Bus, cs: int) -> None:
        self.name = name
        self.cs = cs
        self.bus = bus

    def read(self, register: int) -> int:
        try:
            return self.bus.read_daa(self.cs, register)
        except BusError as error:
            raise BusError(self.name, error.reason) from error

    def write(self, register: int, value: int) -> None:
        try:
            self.bus.write_daa(self.cs, register, value)
        except BusError as error:
            raise BusError(self.name, error.reason) from error

    def error(self, reason: str) -> ChipError:
        return ChipError(self.name, reason)

    def refuse_absence(self) -> None:
        """Presence after a reset, hard or soft: register 2 reads 0x03, the watchdog's bit set or not."""
        found = self.read(Reg.CONTROL_2)
        if found & ~WATCHDOG != PRESENT:
            who = "no chip answers on" if found == ABSENT else "no Si3050 answers on"
            trouble = Trouble.ABSENT if found == ABSENT else Trouble.SET_UP
            reason = f"{who} chip select {self.cs} (register 2 reads 0x{found:02X}, expected 0x{PRESENT:02X})"
            raise ChipError(self.name, reason, trouble)

    def scratch_test(self) -> None:
        """Write and read back a register that means nothing while PCM is off."""
        self.write(Reg.RX_START, SCRATCH)
        found = self.read(Reg.RX_START)
        self.write(Reg.RX_START, 0)
        if found != SCRATCH:
            raise self.error(
                f"chip select {self.cs} does not keep what is written "
                f"(register {int(Reg.RX_START)} reads 0x{found:02X}, expected 0x{SCRATCH:02X})"
            )

    def identity(self) -> DaaIdentity:
        """Once the line side is linked. Refuses line sides that lack voltage and polarity."""
        found = self.read(Reg.REVISION)
        side, revision = found >> 4, found & 0x0F
        if side != SUPPORTED_LINE_SIDE:
            named = LINE_SIDES.get(side, f"line side of type {side}")
            raise self.error(
                f"chip select {self.cs} has a {named} (register 11 reads 0x{found:02X}), "
                f"this driver wants a {LINE_SIDES[SUPPORTED_LINE_SIDE]}"
            )
        return DaaIdentity(REVISIONS.get(revision, str(revision)), LINE_SIDES[side])
