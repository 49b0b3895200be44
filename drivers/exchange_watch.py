"""One exchange line in the native scanner: commands by name, events as those of `exchange_port.py`.

`scanner.py` makes it and asks it for events; `daa.py` uses it. The C side is `native/scanner_daa.h`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

from drivers._native import ffi, lib
from drivers.errors import BusError, ChipError, Trouble
from drivers.exchange_port import (
    DigitsSent,
    ExchangeLineEvent,
    ExchangeLineProfile,
    FlashSent,
    ForeignVoltage,
    LineDead,
    LineInUse,
    LineOverloaded,
    LineSeized,
    LoopBroken,
    LoopMade,
    Metered,
    NoLoopCurrent,
    ParallelLifted,
    PolarityChanged,
    RingBegan,
    RingEnded,
)
from drivers.ports import PortFailed

CHIP_SAYS = {
    lib.DAA_REASON_NO_ANSWER: "the chip does not answer any more",
    lib.DAA_REASON_RESET: "the chip was reset, probably by a dip of its supply (register 2 reads 0x{:02X})",
    lib.DAA_REASON_LINK: "the chip has lost its line side (register 12 reads 0x{:02X})",
}
TROUBLES = {
    lib.DAA_REASON_NO_ANSWER: Trouble.SILENT,
    lib.DAA_REASON_RESET: Trouble.RESET,
    lib.DAA_REASON_LINK: Trouble.LINE_SIDE,
}

_REFUSALS = {
    errno.ENODEV: "is refused: the line is not in service",
    errno.EBUSY: "is refused in the line's state",
    errno.EINVAL: "is refused: value out of range",
}
"""Answers of the scanner itself; any other errno comes from the transport."""


class ExchangeWatch:
    """One watched exchange line. Commands raise ChipError when refused, BusError when the transport fails.

    native: gives the `struct scanner *`, raises when that is closed.
    """

    def __init__(self, native: Callable[[], Any], name: str, cs: int, profile: Any) -> None:
        self.name = name
        self._native = native
        self.number = self._checked(int(lib.scanner_add_daa(native(), cs, profile)), "watch")

    @property
    def ringing(self) -> bool:
        """Ringing voltage is on the line."""
        return bool(lib.scanner_daa_ringing(self._native(), self.number))

    def seize(self, *, quick: bool = False) -> None:
        """Go off hook; LineSeized or NoLoopCurrent follows."""
        self._checked(lib.scanner_daa_seize(self._native(), self.number, quick), "seizing the line")

    def release(self) -> None:
        """Go on hook."""
        self._checked(lib.scanner_daa_release(self._native(), self.number), "releasing the line")

    def dial(self, digits: str) -> None:
        """Pulse digits; DigitsSent follows."""
        self._checked(lib.scanner_daa_dial(self._native(), self.number, digits.encode()), f"dialling {digits!r}")

    def flash(self, ms: int) -> None:
        """Open the loop; FlashSent follows."""
        self._checked(lib.scanner_daa_flash(self._native(), self.number, ms), f"a flash of {ms} ms")

    def rearm(self, profile: Any) -> None:
        """Watch a line again that failed, after its chip was set up."""
        self._checked(lib.scanner_daa_rearm(self._native(), self.number, profile), "watch")

    def remove(self) -> None:
        """Stop watching; the line stays as it is."""
        self._checked(lib.scanner_daa_remove(self._native(), self.number), "end of watch")

    def _checked(self, result: int, what: str) -> int:
        if result >= 0:
            return result
        if -result in _REFUSALS:
            raise ChipError(self.name, f"{what} {_REFUSALS[-result]}")
        raise BusError(self.name, f"{what} failed: {os.strerror(-result)}")


def native_profile(profile: ExchangeLineProfile, international2: int, resistor: int, control5: int) -> Any:
    """As a struct daa_profile. The last three: registers 17, 25 and 31 as they were set up."""
    return ffi.new(
        "struct daa_profile *",
        {
            "ring": {
                "lowest_hz": profile.ring_lowest_hz,
                "highest_hz": profile.ring_highest_hz,
                "confirm_ms": profile.ring_confirm_ms,
            },
            "in_use_v": profile.in_use_v,
            "loop_break_ms": profile.loop_break_ms,
            "pulse_break_ms": profile.pulse_break_ms,
            "pulse_make_ms": profile.pulse_make_ms,
            "digit_gap_ms": profile.digit_gap_ms,
            "international2": international2,
            "resistor": resistor,
            "control5": control5,
        },
    )


def exchange_event(event: Any, port: str, at_s: float) -> ExchangeLineEvent | PortFailed | None:
    """What a struct scanner_event of an exchange line says; None for kinds that are not its own."""
    value, volts = event.value, float(event.detail)
    made: dict[int, Callable[[], ExchangeLineEvent]] = {
        lib.DAA_RING_BEGAN: lambda: RingBegan(port, at_s, value / 10),
        lib.DAA_RING_ENDED: lambda: RingEnded(port, at_s, value),
        lib.DAA_SEIZED: lambda: LineSeized(port, at_s, value / 10, volts),
        lib.DAA_NO_LOOP: lambda: NoLoopCurrent(port, at_s, volts),
        lib.DAA_LOOP_BROKEN: lambda: LoopBroken(port, at_s),
        lib.DAA_LOOP_MADE: lambda: LoopMade(port, at_s, value),
        lib.DAA_REVERSED: lambda: PolarityChanged(port, at_s, bool(value)),
        lib.DAA_DEAD: lambda: LineDead(port, at_s, bool(value)),
        lib.DAA_IN_USE: lambda: LineInUse(port, at_s, bool(value), volts),
        lib.DAA_FOREIGN: lambda: ForeignVoltage(port, at_s, bool(value), volts),
        lib.DAA_PARALLEL: lambda: ParallelLifted(port, at_s, bool(value)),
        lib.DAA_OVERLOAD: lambda: LineOverloaded(port, at_s, volts),
        lib.DAA_DIALLED: lambda: DigitsSent(port, at_s),
        lib.DAA_METERED: lambda: Metered(port, at_s, bool(value)),
        lib.DAA_FLASHED: lambda: FlashSent(port, at_s),
    }
    if event.kind == lib.SCANNER_FAILED and event.value in CHIP_SAYS:
        return PortFailed(port, at_s, CHIP_SAYS[event.value].format(event.detail), TROUBLES[event.value])
    return made[event.kind]() if event.kind in made else None
