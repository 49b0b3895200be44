"""The way to the chips of one board: registers on SPI, and the card's few GPIO lines.

`Bus` gives whole register accesses; each runs in C under one lock, so the scanner's polls and
these never meet inside an access, and the GIL is free meanwhile. Where the octets go is the
business of a `Transport`; `spi_bus.py` opens a Linux SPI bus, `bus_trace.py` wraps any transport.
Next: `native/registers.h`, `scanner.py`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.gpio import CardGpio
from drivers.spi_bus import open_spidev
from drivers.transport import Transport, simboard_transport

GPIO_RESET: int = lib.SPI_GPIO_RESET
"""Output, active low: holds every chip of the card in reset."""
GPIO_INT: int = lib.SPI_GPIO_INT
"""Input, active low: the wired OR of the chips' INT pins."""
GPIO_LIFELINE: int = lib.SPI_GPIO_LIFELINE
"""Output, 1 draws the relay that takes a telephone off the exchange line: `lifeline.py`."""


class Bus:
    """Registers and lines behind one transport. Every method raises BusError when the transport fails.

    cs: chip select. Direct registers are 0 to 127 with values of 8 bits, indirect ones 0 to 255
    with values of 16 bits (chip sheet, sections 3, 4 and 6). Any thread may call.
    """

    def __init__(self, transport: Transport) -> None:
        self.name = transport.name
        self._transport = transport
        self._ops = transport.ops
        self._registers = lib.registers_new(transport.ops)
        if self._registers == ffi.NULL:
            raise MemoryError

    # -- constructors -----------------------------------------------------------------------

    @classmethod
    def spidev(cls, number: int, chip_selects: Sequence[int], speed_hz: int, gpio: CardGpio | None = None) -> Bus:
        """Open /dev/spidevNUMBER.C for each C of chip_selects. speed_hz: 100000 to 16000000."""
        return cls(open_spidev(number, chip_selects, speed_hz, gpio))

    @classmethod
    def simboard(cls, socket_path: str | os.PathLike[str]) -> Bus:
        """Connect to the simulated board's SPI socket."""
        return cls(simboard_transport(socket_path))

    @classmethod
    def in_process(cls, spi_ops_address: int) -> Bus:
        """Use a `struct spi_ops` of this process, which must outlive the bus (stepped boards)."""
        return cls(Transport("board in this process", ffi.cast("struct spi_ops *", spi_ops_address)))

    # -- registers --------------------------------------------------------------------------

    def read(self, cs: int, register: int) -> int:
        """Read a direct register."""
        return self._checked(lib.registers_read(self._open(), cs, register), cs, f"read of register {register:d}")

    def write(self, cs: int, register: int, value: int) -> None:
        """Write a direct register."""
        result = lib.registers_write(self._open(), cs, register, value)
        self._checked(result, cs, f"write of register {register:d}")

    def read_indirect(self, cs: int, address: int) -> int:
        """Read an indirect register; BusError also when the chip stays busy for 10 ms."""
        result = lib.registers_read_indirect(self._open(), cs, address)
        return self._checked(result, cs, f"read of indirect register {address:d}")

    def write_indirect(self, cs: int, address: int, value: int) -> None:
        """Write an indirect register; BusError also when the chip stays busy for 10 ms."""
        result = lib.registers_write_indirect(self._open(), cs, address, value)
        self._checked(result, cs, f"write of indirect register {address:d}")

    def read_daa(self, cs: int, register: int) -> int:
        """Read a register of an Si3050, 1 to 59 (DAA sheet, section 1)."""
        result = lib.daa_registers_read(self._open(), cs, register)
        return self._checked(result, cs, f"read of register {register:d}")

    def write_daa(self, cs: int, register: int, value: int) -> None:
        """Write a register of an Si3050."""
        result = lib.daa_registers_write(self._open(), cs, register, value)
        self._checked(result, cs, f"write of register {register:d}")

    # -- lines and time ---------------------------------------------------------------------

    def gpio_set(self, line: int, level: int) -> None:
        """Drive GPIO_RESET (0 low, chips held in reset; 1 high) or GPIO_LIFELINE."""
        if (gpio := self._transport.gpio) is not None:
            (gpio.set_lifeline if line == GPIO_LIFELINE else gpio.set_reset)(level)
            return
        self._open()
        self._line_checked(self._ops.gpio_set(self._ops.self, line, level), line)

    def gpio_get(self, line: int) -> int:
        """Electrical level of GPIO_INT, GPIO_RESET or GPIO_LIFELINE."""
        self._open()
        return self._line_checked(self._ops.gpio_get(self._ops.self, line), line)

    def wait_ms(self, ms: float) -> None:
        """Let time of the board pass: sleep, or step a stepped board."""
        self._open()
        self._ops.wait_us(self._ops.self, round(ms * 1000))

    def now_us(self) -> int:
        """The board's time in microseconds: CLOCK_MONOTONIC, or a stepped board's counter."""
        self._open()
        return int(self._ops.now_us(self._ops.self))

    # -- what natives share -----------------------------------------------------------------

    @property
    def ops_address(self) -> int:
        """Address of the `struct spi_ops`."""
        return int(ffi.cast("uintptr_t", self._ops))

    @property
    def registers(self) -> Any:
        """The `struct registers *`, for the scanner; valid until `close`."""
        return self._open()

    def close(self) -> None:
        """Let go of the transport. The card's lines stay as they are. Scanners must be closed before."""
        if self._registers != ffi.NULL:
            lib.registers_free(self._registers)
            self._registers = ffi.NULL
            self._transport.close()

    def _open(self) -> Any:
        if self._registers == ffi.NULL:
            raise BusError(self.name, "the bus is closed")
        return self._registers

    def _checked(self, result: int, cs: int, what: str) -> int:
        if result < 0:
            raise BusError(self.name, f"{what} on chip select {cs} failed: {os.strerror(-result)}")
        return result

    def _line_checked(self, result: int, line: int) -> int:
        if result < 0:
            raise BusError(self.name, f"GPIO line {line} failed: {os.strerror(-result)}")
        return result
