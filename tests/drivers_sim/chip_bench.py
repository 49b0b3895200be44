"""A stepped board with raw hands on its SPI bus: constants from the sheet go straight into the chip, no driver between.

Judges of the simulated chips use it: numpy on voltage traces, volts, hertz and milliamperes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim._sim import ffi, lib

RESET_GPIO = 0
INT_GPIO = 1
MS_PER_FRAME = 0.125

# Section 6, column "init", Si3210 numbering; working filter values included.
INDIRECT = {
    19: 0, 20: 0x7EFD, 21: 0x0177, 22: 0, 26: 0x4000, 27: 0x4000, 28: 0x1000, 29: 0x3600, 30: 0x1000, 31: 0x0200,
    32: 0x07C0, 33: 0x2600, 34: 0x1B80, 35: 0x8000, 36: 0x0320, 37: 0x008C, 38: 0x0100, 39: 0x0010, 40: 0x0C00,
    41: 0x0C00, 43: 0x0E00,
}  # fmt: skip
SHIFTED = {number: number - 13 for number in (*range(13, 23), *range(26, 41))} | {41: 64, 43: 66}


class ChipBench:
    """One board, one chip. Times in ms on the board's own clock."""

    def __init__(self, part: int = 3210, seed: int = 7, *, released: bool = True) -> None:
        self.board = ffi.gc(lib.simboard_new(seed), lib.simboard_free)
        self.part = part
        self.port = lib.simboard_add_slic(self.board, part, 0, 0)
        assert self.port == 0
        self.spi = lib.simboard_spi_ops(self.board)
        if released:
            self.gpio(RESET_GPIO, 1)
            self.step_ms(10)

    # -- the bus ------------------------------------------------------------------------

    def octets(self, *out: int, cs: int = 0) -> list[int]:
        op = ffi.new("struct spi_op *", {"cs": cs, "count": len(out), "out": list(out)})
        assert self.spi.transfer(self.spi.self, op, 1) == 0
        return list(getattr(op, "in"))[: len(out)]

    def read(self, register: int) -> int:
        return self.octets(0x80 | register, 0xFF)[1]

    def write(self, register: int, value: int) -> None:
        self.octets(register, value)

    def write_all(self, values: Mapping[int, int]) -> None:
        for register, value in values.items():
            self.write(register, value)

    def wait_indirect(self) -> None:
        while self.read(31):
            pass

    def own_number(self, number: int) -> int:
        """Number of an indirect register on this part, from its Si3210 number."""
        return SHIFTED[number] if self.part == 3215 else number

    def write_indirect(self, number: int, value: int) -> None:
        self.wait_indirect()
        self.write(28, value & 0xFF)
        self.write(29, value >> 8)
        self.write(30, self.own_number(number))
        self.wait_indirect()

    def read_indirect(self, number: int) -> int:
        self.wait_indirect()
        self.write(30, self.own_number(number))
        self.wait_indirect()
        return self.read(28) | self.read(29) << 8

    def gpio(self, line: int, level: int) -> None:
        assert self.spi.gpio_set(self.spi.self, line, level) == 0

    @property
    def interrupt_low(self) -> bool:
        return self.spi.gpio_get(self.spi.self, INT_GPIO) == 0

    # -- start-up, section 5 --------------------------------------------------------------

    def power_up(self, **overrides: int) -> None:
        """Steps 3 to 16 with the sheet's values; ends in forward active, enables all set, no breach."""
        for number, value in (INDIRECT | {int(name[2:]): value for name, value in overrides.items()}).items():
            self.write_indirect(number, value)
        self.write_all({8: 0x00, 108: 0xEB, 67: 0x07, 66: 0x01, 74: 0x34, 92: 0xFF, 14: 0x00})
        self.step_ms(100)
        self.write(93, 0x99)
        self.step_ms(50)
        self.write_all({97: 0x1F, 96: 0x5F})
        self.step_ms(700)
        assert self.read(96) == 0
        self.write_all({18: 0xFF, 19: 0xFF, 20: 0xFF, 1: 0x00, 2: 0, 3: 0, 4: 0, 5: 0})
        self.write(1, 0x20)
        self.linefeed(1)

    def linefeed(self, command: int, settle_ms: float = 30) -> None:
        self.write(64, command)
        self.step_ms(settle_ms)

    # -- time and copper ------------------------------------------------------------------

    def step_ms(self, ms: float) -> None:
        lib.simboard_step_us(self.board, round(ms * 1000))

    @property
    def now_us(self) -> int:
        return int(lib.simboard_now_us(self.board))

    def line(self) -> Any:
        line = ffi.new("struct simboard_line *")
        assert lib.simboard_line(self.board, self.port, line) == 0
        return line

    def wire(self, **values: float) -> None:
        wire = ffi.new("struct simboard_wire *")
        assert lib.simboard_get_wire(self.board, self.port, wire) == 0
        for name, value in values.items():
            setattr(wire, name, value)
        assert lib.simboard_set_wire(self.board, self.port, wire) == 0

    def lift(self, lifted: bool = True) -> None:
        assert lib.simboard_phone_hook(self.board, self.port, int(lifted)) == 0

    def schedule(self, *edges: tuple[float, bool]) -> None:
        """Hook edges, each (ms from now, lifted)."""
        now_us = self.now_us
        planned = ffi.new("struct simboard_edge[]", [(now_us + round(ms * 1000), int(up)) for ms, up in edges])
        assert lib.simboard_phone_schedule(self.board, self.port, planned, len(edges)) == 0

    def trace_of_next_ms(self, ms: float) -> NDArray[np.float64]:
        """Steps `ms` and returns V(tip)-V(ring) at the telephone over that time."""
        start = ffi.new("long long *", lib.simboard_frames(self.board))
        self.step_ms(ms)
        out = ffi.new("float[]", lib.SIMBOARD_TRACE_SAMPLES)
        count = lib.simboard_phone_trace(self.board, self.port, start, out, lib.SIMBOARD_TRACE_SAMPLES)
        return np.frombuffer(ffi.buffer(out, count * 4), dtype=np.float32).astype(np.float64)

    # -- judging ----------------------------------------------------------------------------

    @property
    def violations(self) -> str:
        out = ffi.new("char[]", 65536)
        lib.simboard_violations(self.board, out, 65536)
        return ffi.string(out).decode()


def rms(samples: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def frequency_hz(trace: NDArray[np.float64]) -> float:
    """Frequency of the strongest component, from the phase advance between two halves."""
    n = len(trace)
    swing = trace - trace.mean()
    spectrum = np.abs(np.fft.rfft(swing * np.hanning(n), 8 * n))
    return float(np.argmax(spectrum) * 8000.0 / (8 * n))
