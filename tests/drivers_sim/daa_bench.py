"""A stepped board with one simulated Si3050 and raw hands on its SPI bus: the sheet's constants go straight in.

Judges of the chip and of the exchange at its wires use it. No driver stands between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim._sim import ffi, lib
from drivers.sim.exchange_line import ExchangeLine
from drivers.sim.office_wires import OfficeWires, WireFeed

READ, WRITE = 0x60, 0x20
SPAIN = {16: 0x00, 26: 0xC2, 30: 0x02, 31: 0x28, 59: 0x00}
BLOCK = 40


class DaaBench:
    """Times in ms on the board's own clock."""

    def __init__(self, seed: int = 7, country: str = "es", *, released: bool = True) -> None:
        self.board = ffi.gc(lib.simboard_new(seed), lib.simboard_free)
        self.port = lib.simboard_add_daa(self.board, 0, 0)
        assert self.port == 0
        self.spi = lib.simboard_spi_ops(self.board)
        self.wires = OfficeWires(self.board, self.port, "fxo1")
        self.exchange = ExchangeLine(self.wires, country)
        if released:
            self.reset(True)
            self.step_ms(10)

    # -- the bus ------------------------------------------------------------------------
    def octets(self, *out: int) -> list[int]:
        op = ffi.new("struct spi_op *", {"cs": 0, "count": len(out), "out": list(out)})
        assert self.spi.transfer(self.spi.self, op, 1) == 0
        return list(getattr(op, "in"))[: len(out)]

    def read(self, register: int) -> int:
        return self.octets(READ, register, 0xFF)[2]

    def write(self, register: int, value: int) -> None:
        self.octets(WRITE, register, value)

    def write_all(self, values: Mapping[int, int]) -> None:
        for register, value in values.items():
            self.write(register, value)

    def reset(self, high: bool) -> None:
        assert self.spi.gpio_set(self.spi.self, 0, int(high)) == 0

    @property
    def interrupt_low(self) -> bool:
        return bool(self.spi.gpio_get(self.spi.self, 1) == 0)

    def power_up(self, **overrides: int) -> None:
        """Section 3 with Spain's values; ends on hook with the monitor on. overrides: r31=0xA3."""
        self.write_all(SPAIN | {33: 0, 34: 0, 35: 0, 36: 0, 37: 0, 18: 0x02})
        self.write_all({int(name[1:]): value for name, value in overrides.items()})
        self.write(6, 0x00)
        self.step_ms(20)
        assert self.read(12) & 0x40
        self.write_all({33: 0x20, 5: 0x08, 4: 0x00})

    def seize(self, ms: float = 500) -> None:
        self.write(5, 0x09)
        self.step_ms(ms)

    def on_hook(self, ms: float = 500) -> None:
        self.write(5, 0x08)
        self.step_ms(ms)

    # -- time ---------------------------------------------------------------------------
    def step_ms(self, ms: float) -> None:
        """Let time pass; the exchange acts every 5 ms."""
        while ms > 0:
            part = min(ms, 5.0)
            lib.simboard_step_us(self.board, round(part * 1000))
            self.exchange.step()
            ms -= part

    # -- voice --------------------------------------------------------------------------
    def talk(self, ms: int, octets: bytes | None = None) -> bytes:
        """Let ms pass; octets go out on slot 0 meanwhile. Returns what the card sent on slot 0."""
        highway = lib.simboard_highway(self.board)
        got = b""
        block = ffi.new("unsigned char[]", BLOCK)
        for number in range(ms // 5):
            if octets is not None:
                part = (octets * (BLOCK // len(octets) + 1))[:BLOCK] if len(octets) < BLOCK else (
                    octets[number * BLOCK % len(octets) :][:BLOCK].ljust(BLOCK, b"\xd5"))  # fmt: skip
                highway.write(highway.self, 0, part)
            self.step_ms(5)
            while highway.begin_block(highway.self):
                highway.read(highway.self, 0, block)
                got += bytes(block)
        return got

    # -- judging ------------------------------------------------------------------------
    @property
    def violations(self) -> str:
        out = ffi.new("char[]", 65536)
        lib.simboard_violations(self.board, out, 65536)
        text: str = ffi.string(out).decode()
        return text

    def lvs(self) -> int:
        code = self.read(29)
        return code - 256 if code & 0x80 else code

    def ring(self, hz: float = 25.0, v_rms: float = 75.0) -> None:
        """Ringing voltage on the wires from now on, without any cadence."""
        self.wires.set_office(ring_hz=hz, ring_v_rms=v_rms)
        self.wires.put(WireFeed.NORMAL, ringing=True)

    def rings_seen(self, ms: float) -> NDArray[Any]:
        """Bits 6:5 of register 5 every ms."""
        seen = []
        for _ in range(round(ms)):
            self.step_ms(1)
            seen.append(self.read(5) & 0x60)
        return np.array(seen)
