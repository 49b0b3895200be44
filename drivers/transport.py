"""Where a bus's octets go: a `struct spi_ops` with its owner.

Above it everything is the same code for real cards and the simulated one. `bus.py` uses
transports, `spi_bus.py` makes one of a Linux SPI bus, `bus_trace.py` wraps one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.gpio import CardGpio

SIMBOARD = "simulated board"


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Transport:
    """ops: a `struct spi_ops *`, valid until `close` is called. gpio: a real card's lines, None when `ops` has them."""

    name: str
    ops: Any
    close: Callable[[], None] = field(default=_nothing)
    gpio: CardGpio | None = None


def simboard_transport(socket_path: str | os.PathLike[str]) -> Transport:
    """The simulated board's SPI socket. Raises BusError when nothing listens there."""
    socket = simboard_socket(socket_path)
    return Transport(SIMBOARD, lib.spi_socket_ops(socket), lambda: lib.spi_socket_free(socket))


def simboard_socket(socket_path: str | os.PathLike[str]) -> Any:
    """Connect; the caller frees the `struct spi_socket *`. Raises BusError."""
    path = os.fspath(socket_path)
    error = ffi.new("int *")
    socket = lib.spi_socket_new(os.fsencode(path), error)
    if socket == ffi.NULL:
        raise BusError(SIMBOARD, f"{path} does not answer: {os.strerror(-error[0])}")
    return socket
