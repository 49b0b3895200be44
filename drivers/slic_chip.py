"""One Si321x on the bus: register access by name, and who it says it is.

Identification follows section 1 of the chip sheet: family, part, revision, presence and
scratch test. Every refusal is a sentence with port, register, value read and value
expected. Start-up: `slic_setup.py`; the port made of it: `slic.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.bus import Bus
from drivers.errors import BusError, ChipError, Trouble
from drivers.slic_registers import Direct, Family

OLDEST_REVISION = 2
NEWEST_REVISION = 14
SCRATCH = 0x5A
ABSENT = 0xFF
"""What a bus reads where no chip drives it (section 2.1)."""
PRESENCE = ((Direct.LOOPBACK, 0x02), (Direct.HYBRID, 0x33), (Direct.LINEFEED, 0x00))
"""Values straight after reset (section 1)."""

_SI3210_PARTS = ("Si3210", "Si3211", "Si3212", "Si3210M")
_SI3215_PARTS = {0b000: "Si3215", 0b011: "Si3215M", 0b100: "Si3216", 0b111: "Si3216M"}
_SUPPORTED = {"Si3210", "Si3210M", "Si3215", "Si3215M"}


@dataclass(frozen=True, slots=True)
class Identity:
    """part: as printed on the chip. revision: 1 = A, 2 = B ... octets: DR0 without its SPI bits, DR1's family bit."""

    part: str
    family: Family
    revision: int
    octets: bytes

    @property
    def mosfet(self) -> bool:
        """The converter drives a MOSFET and transformer instead of a bipolar transistor."""
        return self.part.endswith("M")

    def __str__(self) -> str:
        return f"{self.part} revision {chr(ord('A') + self.revision - 1)}"


class SlicChip:
    """Registers of the chip on one chip select. All methods raise BusError when the bus fails."""

    def __init__(self, name: str, bus: Bus, cs: int) -> None:
        self.name = name
        self.cs = cs
        self.bus = bus

    def read(self, register: int) -> int:
        with self._named():
            return self.bus.read(self.cs, register)

    def write(self, register: int, value: int) -> None:
        with self._named():
            self.bus.write(self.cs, register, value)

    def write_indirect(self, address: int, value: int) -> None:
        with self._named():
            self.bus.write_indirect(self.cs, address, value)

    def read_indirect(self, address: int) -> int:
        with self._named():
            return self.bus.read_indirect(self.cs, address)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """The bus knows no ports; its errors get this port's name."""
        try:
            yield
        except BusError as error:
            raise BusError(self.name, error.reason) from error

    def error(self, reason: str, trouble: Trouble = Trouble.SET_UP) -> ChipError:
        return ChipError(self.name, reason, trouble)

    def identify(self, expected: str | None, after_reset: bool) -> Identity:
        """Find out which chip answers, and refuse what this driver cannot run.

        expected: the board file's chip name ("si3210", "si3215") or None for either.
        after_reset: the chip has just been reset, so the presence test of section 1 holds.
        """
        self._refuse_absence(after_reset)
        identity = self._identity()
        if identity.part not in _SUPPORTED:
            raise self.error(f"chip select {self.cs} holds a {identity.part}, which this driver cannot run")
        if expected is not None and identity.family.value != expected:
            raise self.error(f"chip select {self.cs} holds a {identity.part}, the board file says {expected}")
        self._scratch_test()
        return identity

    def _refuse_absence(self, after_reset: bool) -> None:
        for register, expected in PRESENCE:
            found = self.read(register)
            if found == ABSENT or (after_reset and found != expected):
                who = "no chip answers on" if found == ABSENT else "no Si321x fresh from reset answers on"
                raise self.error(
                    f"{who} chip select {self.cs} "
                    f"(register {int(register)} reads 0x{found:02X}, expected 0x{expected:02X})",
                    Trouble.ABSENT if found == ABSENT else Trouble.SET_UP,
                )

    def _identity(self) -> Identity:
        mode, pcm = self.read(Direct.SPI_MODE), self.read(Direct.PCM_MODE)
        revision = mode & 0x0F
        if not OLDEST_REVISION <= revision <= NEWEST_REVISION:
            raise self.error(
                f"the chip on chip select {self.cs} has revision {revision} (register 0 reads 0x{mode:02X}), "
                f"supported are {OLDEST_REVISION} to {NEWEST_REVISION}"
            )
        octets = bytes((mode & 0x3F, pcm & 0x80))
        if not pcm & 0x80:
            return Identity(_SI3210_PARTS[mode >> 4 & 0x03], Family.SI3210, revision, octets)
        number = self.read(Direct.PART_NUMBER)
        part = _SI3215_PARTS.get(number >> 5, f"chip with part number {number >> 5}")
        return Identity(part, Family.SI3215, revision, octets)

    def _scratch_test(self) -> None:
        """Write and read back a register that means nothing while PCM is off (section 1)."""
        self.write(Direct.PCM_MODE, 0)
        kept = self.read(Direct.RX_SLOT_LOW)
        self.write(Direct.RX_SLOT_LOW, SCRATCH)
        found = self.read(Direct.RX_SLOT_LOW)
        self.write(Direct.RX_SLOT_LOW, kept)
        if found != SCRATCH:
            raise self.error(
                f"chip select {self.cs} does not keep what is written "
                f"(register {int(Direct.RX_SLOT_LOW)} reads 0x{found:02X}, expected 0x{SCRATCH:02X})"
            )
