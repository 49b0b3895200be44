"""A card of bare registers under the true scanner: the test sets what it reads and sees what it writes.

No chip logic but two rules: DR64's upper half follows its lower half (or `shadow`, when set), and
status registers DR18 to DR20 clear where 1 is written (but for `sticky` bits).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from drivers._native import ffi, lib
from drivers.bus import Bus
from drivers.ports import HookProfile, PortEvent
from drivers.scanner import Scanner, ScannerPort

LINEFEED = 64
LOOP = 68
LOOP_VOLTAGE = 78
STATUS = range(18, 21)


@dataclass
class Chip:
    """Registers of one chip."""

    registers: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    shadow: int | None = None
    sticky: int = 0
    absent: bool = False

    def read(self, number: int) -> int:
        if self.absent:
            return 0xFF
        if number == LINEFEED:
            wanted = self.registers[LINEFEED] & 7
            return (wanted if self.shadow is None else self.shadow) << 4 | wanted
        return self.registers[number] | (self.sticky if number == STATUS[1] else 0)

    def write(self, number: int, value: int) -> None:
        if number in STATUS:
            value = self.registers[number] & ~value
        self.registers[number] = value


class Card:
    """Chips by chip select, one bus, one scanner, and time that the test moves."""

    def __init__(self, ports: int = 2, profile: HookProfile | None = None) -> None:
        self.chips: defaultdict[int, Chip] = defaultdict(Chip)
        self.now_us = 1_000_000
        self.linefeeds: list[tuple[float, int, int]] = []
        """Writes of DR64: ms since the start, chip select, code."""
        self.transfers = 0
        self.fails = 0
        """errno of every transfer, 0 for none."""
        self.interrupt_level = 1
        self._callbacks = [
            ffi.callback("int(void *, struct spi_op *, int)", self._transfer),
            ffi.callback("int(void *, int, int)", lambda _self, _line, _level: 0),
            ffi.callback("int(void *, int)", lambda _self, _line: self.interrupt_level),
            ffi.callback("void(void *, long)", lambda _self, _us: None),
            ffi.callback("long long(void *)", lambda _self: self.now_us),
        ]
        self._ops = ffi.new("struct spi_ops *", [ffi.NULL, *self._callbacks])
        self.bus = Bus.in_process(int(ffi.cast("uintptr_t", self._ops)))
        self.scanner = Scanner(self.bus)
        self.ports: list[ScannerPort] = []
        for cs in range(ports):
            self.chips[cs].write(LINEFEED, 1)
            self.ports.append(self.scanner.add(f"fxs{cs + 1}", cs, profile or HookProfile()))

    def loop(self, cs: int, bits: int) -> None:
        """Set DR68: 1 loop closed, 2 ring trip."""
        self.chips[cs].registers[LOOP] = bits

    def volts(self, cs: int, volts: float) -> None:
        """Set DR78, the loop voltage, in its steps of 1.5 V; negative when reversed."""
        self.chips[cs].registers[LOOP_VOLTAGE] = round(abs(volts) / 1.5) | (0x40 if volts < 0 else 0)

    def run(self, ms: int) -> list[PortEvent]:
        """Step the scanner for ms; returns what it told."""
        self.step(ms)
        return self.scanner.drain()

    def step(self, ms: int) -> None:
        """Step the scanner for ms, 1 ms at a time, and leave its events where they are."""
        for _ in range(ms):
            self.now_us += 1000
            lib.scanner_step(self.scanner.native, self.now_us)

    @property
    def ms(self) -> float:
        """Since the start."""
        return (self.now_us - 1_000_000) / 1000

    def close(self) -> None:
        self.scanner.close()
        self.bus.close()

    def _transfer(self, _self: Any, ops: Any, count: int) -> int:
        self.transfers += 1
        if self.fails:
            return -self.fails
        for op in ops[0:count]:
            number, chip = op.out[0] & 0x7F, self.chips[op.cs]
            if op.out[0] & 0x80:
                getattr(op, "in")[1] = chip.read(number)
                continue
            if number == LINEFEED:
                self.linefeeds.append((self.ms, op.cs, op.out[1]))
            chip.write(number, op.out[1])
        return 0
