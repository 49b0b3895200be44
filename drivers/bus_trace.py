"""A readable trace of everything that goes over a bus, scanner and commands alike.

`Bus(trace(simboard_transport(path), Path("bus.trace")))`: any transport can be wrapped, nothing above it
knows. The lines are described in `native/spi_trace.h`; the scanner alone writes some thousands a second.
"""

from __future__ import annotations

import os
from pathlib import Path

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.transport import Transport


def trace(transport: Transport, path: Path) -> Transport:
    """Wrap `transport`; lines are added to the file at `path`. Closing the result closes the transport."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BusError(transport.name, f"trace file {path} cannot be written: {error.strerror}") from error
    native = lib.spi_trace_new(transport.ops, fd)
    if native == ffi.NULL:
        raise MemoryError

    def close() -> None:
        lib.spi_trace_free(native)
        os.close(fd)
        transport.close()

    return Transport(transport.name, lib.spi_trace_ops(native), close, transport.gpio)
