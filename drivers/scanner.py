"""Python's face of the native line scanner: ports in, events out.

The scanner (`native/scanner.h`) does everything about lines that has a deadline; its thread never
waits for Python. Here its commands get names and errors, and its events become those of
`ports.py`. `slic.py` gives each port a `ScannerPort`; the event loop watches `fileno()` and calls `drain()`.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from drivers._native import ffi, lib
from drivers.bus import Bus
from drivers.errors import BusError, ChipError, HardwareError, Trouble
from drivers.exchange_port import ExchangeLineEvent
from drivers.exchange_watch import ExchangeWatch, exchange_event
from drivers.ports import (
    AT_ONCE,
    HookFlash,
    HookProfile,
    OffHook,
    OnHook,
    PortEvent,
    PortFailed,
    PulseDigitDialled,
    RingOpening,
    RingPartBegan,
)
from drivers.slic_registers import Linefeed

log = logging.getLogger(__name__)

_BATCH = 64
_US_PER_S = 1e6
_TRANSISTORS = 6
MEASURED_TO_MS = 2
"""How exactly the length of an opening is known: every 2 ms the chip is asked for a voltage it takes every 1.25 ms."""
_CHIP_SAYS = {
    errno.ENODEV: "is not in service",
    errno.EBUSY: "is refused in the line's state (ringing, open or off hook)",
    errno.EINVAL: "is refused: value out of range",
}
"""Answers of the scanner itself; any other errno comes from the transport."""


class ScannerPort:
    """One watched line. Commands raise ChipError when refused, BusError when the transport fails."""

    def __init__(self, scanner: Scanner, name: str, number: int) -> None:
        self.name = name
        self.number = number
        self._scanner = scanner

    @property
    def ringing(self) -> bool:
        """A cadence is being played, its pauses included."""
        return bool(lib.scanner_ringing(self._scanner.native, self.number))

    def ring(self, cadence_ms: Sequence[int], opening: RingOpening = AT_ONCE) -> None:
        """Ring with on, off[, on, off ...] up to four pairs, until ring trip or stop_ring."""
        self._checked(lib.scanner_ring(self._scanner.native, self.number, _plan(cadence_ms, opening)), "ringing")

    def stop_ring(self) -> None:
        """Back to the feed set before; nothing happens when the line does not ring."""
        self._checked(lib.scanner_stop_ring(self._scanner.native, self.number), "end of ringing")

    def feed(self, linefeed: Linefeed) -> None:
        """Set the line feed. Refused while ringing; during an open interval it counts from its end."""
        self._checked(lib.scanner_feed(self._scanner.native, self.number, linefeed), f"feed {linefeed.name}")

    def open_interval(self, ms: int) -> None:
        """Open the loop for ms, then feed as before. The hook is not judged meanwhile."""
        self._checked(lib.scanner_open_interval(self._scanner.native, self.number, ms), "open interval")

    def set_hook_profile(self, profile: HookProfile) -> None:
        """Judge the hook by `profile` from now on."""
        self._checked(lib.scanner_set_profile(self._scanner.native, self.number, _native(profile)), "hook profile")

    def rearm(self, linefeed: Linefeed = Linefeed.FORWARD_ACTIVE) -> None:
        """Watch a port again that failed, after its chip was set up and fed anew."""
        self._checked(lib.scanner_rearm(self._scanner.native, self.number, linefeed), "watch")

    def remove(self) -> None:
        """Stop watching; the line stays as it is."""
        self._checked(lib.scanner_remove(self._scanner.native, self.number), "end of watch")

    def _checked(self, result: int, what: str) -> None:
        if result < 0:
            raise _error(self.name, what, -result)


class Scanner:
    """The scanner of one board. Start it as a thread with `start`, or step it (`stepper.py`), never both."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._scanner = lib.scanner_new(bus.registers)
        if self._scanner == ffi.NULL:
            raise MemoryError
        self._names: dict[int, str] = {}
        self._events = ffi.new("struct scanner_event[]", _BATCH)
        self._dropped = 0

    def add(
        self, name: str, cs: int, profile: HookProfile, linefeed: Linefeed = Linefeed.FORWARD_ACTIVE
    ) -> ScannerPort:
        """Watch the chip at cs, which is set up and fed. A telephone already off hook is told as OffHook."""
        number = int(lib.scanner_add(self.native, cs, _native(profile), linefeed))
        if number < 0:
            raise _error(name, "watch", -number)
        self._names[number] = name
        return ScannerPort(self, name, number)

    def set_ring_most(self, lines: int) -> None:
        """How many lines may ring in the same instant, 1 to 16, else ValueError; bursts of others wait."""
        if lib.scanner_set_ring_most(self.native, lines) < 0:
            raise ValueError(f"{lines} lines ringing at one time, allowed 1 to {lib.SCANNER_MAX_PORTS}")

    def add_exchange_line(self, name: str, cs: int, native_profile: Any) -> ExchangeWatch:
        """Watch the Si3050 at cs, which is set up and on hook."""
        watch = ExchangeWatch(lambda: self.native, name, cs, native_profile)
        self._names[watch.number] = name
        return watch

    def start(self) -> None:
        """Start the native thread."""
        result = lib.scanner_start(self.native)
        if result < 0:
            raise BusError(self._bus.name, f"scanner thread does not start: {os.strerror(-result)}")

    def fileno(self) -> int:
        """Readable while events wait."""
        return int(lib.scanner_fd(self.native))

    def drain(self) -> list[PortEvent | ExchangeLineEvent]:
        """All events so far, oldest first."""
        events: list[PortEvent | ExchangeLineEvent] = []
        while True:
            count = lib.scanner_take(self.native, self._events, _BATCH)
            events += [e for e in map(self._event, self._events[0:count]) if e is not None]
            if count < _BATCH:
                break
        dropped = int(lib.scanner_dropped(self.native))
        if dropped != self._dropped:
            log.error("%s: %d line events lost, nobody drained them", self._bus.name, dropped - self._dropped)
            self._dropped = dropped
        return events

    @property
    def native(self) -> Any:
        """The `struct scanner *`."""
        if self._scanner == ffi.NULL:
            raise BusError(self._bus.name, "the scanner is closed")
        return self._scanner

    @property
    def step_address(self) -> int:
        """For the stepper: `void fn(void *ctx, long long now_us)`."""
        return int(ffi.cast("uintptr_t", ffi.addressof(lib, "scanner_step")))

    @property
    def context_address(self) -> int:
        """For the stepper: the ctx."""
        return int(ffi.cast("uintptr_t", self.native))

    def close(self) -> None:
        """Stop the thread. Lines stay as they are. Close the bus afterwards."""
        if self._scanner != ffi.NULL:
            lib.scanner_free(self._scanner)
            self._scanner = ffi.NULL

    def _event(self, event: Any) -> PortEvent | ExchangeLineEvent | None:
        if event.kind == lib.SCANNER_INTERRUPT:
            log.warning("%s: interrupt line stays low though no chip says why; polling goes on", self._bus.name)
            return None
        port, at_s = self._names[event.port], event.at_us / _US_PER_S
        return exchange_event(event, port, at_s) or _of_port(event, port, at_s)


def _of_port(event: Any, port: str, at_s: float) -> PortEvent:
    made: dict[int, Callable[[], PortEvent]] = {
        lib.HOOK_OFF_HOOK: lambda: OffHook(port, at_s, bool(event.value)),
        lib.HOOK_ON_HOOK: lambda: OnHook(port, at_s),
        lib.HOOK_FLASH: lambda: HookFlash(port, at_s, event.value / 1000.0),
        lib.HOOK_DIGIT: lambda: PulseDigitDialled(port, at_s, str(event.value)),
        lib.SCANNER_FAILED: lambda: PortFailed(
            port, at_s, failure_sentence(event.value, event.detail), _TROUBLES[event.value]
        ),
        lib.SCANNER_RING_PART: lambda: RingPartBegan(port, at_s, event.value),
    }
    return made[event.kind]()


_TROUBLES = {
    lib.SCANNER_REASON_BUS: Trouble.BUS,
    lib.SCANNER_REASON_NO_ANSWER: Trouble.SILENT,
    lib.SCANNER_REASON_CHIP_RESET: Trouble.RESET,
    lib.SCANNER_REASON_POWER_ALARM: Trouble.POWER,
    lib.SCANNER_REASON_INTERRUPT: Trouble.INTERRUPT,
}


def failure_sentence(reason: int, detail: int) -> str:
    """What an installer reads about SCANNER_REASON_... (native/scanner_event.h)."""
    if reason == lib.SCANNER_REASON_BUS:
        return f"the bus to the line card failed: {os.strerror(detail)}"
    if reason == lib.SCANNER_REASON_NO_ANSWER:
        return f"the chip does not answer any more (register 68 reads 0x{detail:02X})"
    if reason == lib.SCANNER_REASON_CHIP_RESET:
        return f"the chip was reset, probably by a dip of its supply (register 8 reads 0x{detail:02X})"
    if reason == lib.SCANNER_REASON_POWER_ALARM:
        hot = ", ".join(f"Q{q + 1}" for q in range(_TRANSISTORS) if detail >> q + 2 & 1)
        return "power alarm: the chip opened the line" + (f" because {hot} ran hot" if hot else "")
    status = f"0x{detail & 0xFF:02X} 0x{detail >> 8 & 0xFF:02X} 0x{detail >> 16 & 0xFF:02X}"
    return f"interrupts of the chip cannot be cleared (registers 18 to 20 read {status})"


def _plan(cadence_ms: Sequence[int], opening: RingOpening) -> Any:
    """As a struct ring_plan; lists too long to hold are left to the scanner to refuse, by their count."""
    most = lib.SCANNER_CADENCE_MAX
    return ffi.new(
        "struct ring_plan *",
        {
            "first_ms": list(opening.first_ms[:most]),
            "first_count": len(opening.first_ms),
            "cadence_ms": list(cadence_ms[:most]),
            "count": len(cadence_ms),
            "told": opening.told,
            "reversed": opening.reversed,
        },
    )


def _native(profile: HookProfile) -> Any:
    """The windows as they are measured: wider by MEASURED_TO_MS, so that what lies in a flash window is always one."""
    flash_min_ms = profile.flash_min_ms - MEASURED_TO_MS
    pulse_max_ms = profile.pulse_max_ms
    if flash_min_ms <= pulse_max_ms < profile.flash_min_ms:
        pulse_max_ms = flash_min_ms - 1
    return ffi.new(
        "struct hook_profile *",
        {
            "glitch_ms": profile.glitch_ms,
            "pulse_min_ms": profile.pulse_min_ms,
            "pulse_max_ms": pulse_max_ms,
            "train_max_ms": profile.train_max_ms,
            "flash_min_ms": flash_min_ms,
            "flash_max_ms": profile.flash_max_ms + MEASURED_TO_MS,
            "digit_gap_ms": profile.digit_gap_ms,
            "pulse_dialling": profile.pulse_dialling,
        },
    )


def _error(port: str, what: str, number: int) -> HardwareError:
    if number in _CHIP_SAYS:
        return ChipError(port, f"{what} {_CHIP_SAYS[number]}")
    return BusError(port, f"{what} failed: {os.strerror(number)}")
