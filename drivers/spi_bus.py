"""A Linux SPI bus as a transport: `spidev` opens and configures it, C does the transfers.

The chips want mode 3, 8 bits, and a chip-select pulse for every octet, which py-spidev cannot
make (it never sets cs_change); see `native/spi_dev.h`. Each chip select is a device node of its
own, /dev/spidevB.C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.gpio import CardGpio
from drivers.transport import Transport

MODE = 3
"""SCLK idles high, MOSI is sampled on its rising edge (chip sheet, 2.1)."""
BITS = 8


def open_spidev(number: int, chip_selects: Sequence[int], speed_hz: int, gpio: CardGpio | None) -> Transport:
    """Open /dev/spidevNUMBER.C for each C. Raises BusError when one cannot be opened in mode 3."""
    devices: list[Any] = []
    native = lib.spi_dev_new()
    if native == ffi.NULL:
        raise MemoryError

    def close() -> None:
        if gpio is not None:
            gpio.close()
        lib.spi_dev_free(native)
        for device in devices:
            device.close()

    try:
        for cs in chip_selects:
            devices.append(_open_device(number, cs, speed_hz))
            if lib.spi_dev_add(native, cs, devices[-1].fileno()) < 0:
                raise BusError(f"spidev{number}", f"chip select {cs} is outside 0 to {lib.SPI_DEV_MAX_CS - 1}")
        if gpio is not None and gpio.interrupt_pin is not None:
            gpio.watch_interrupt(lambda level: lib.spi_dev_tell_interrupt(native, level))
    except BaseException:
        close()
        raise
    return Transport(f"spidev{number}", lib.spi_dev_ops(native), close, gpio)


def _open_device(number: int, cs: int, speed_hz: int) -> Any:
    import spidev

    device = spidev.SpiDev()
    try:
        device.open(number, cs)
        device.mode = MODE
        device.bits_per_word = BITS
        device.max_speed_hz = speed_hz
    except OSError as error:
        device.close()
        raise BusError(f"spidev{number}", f"/dev/spidev{number}.{cs} cannot be used: {error.strerror}") from error
    return device
