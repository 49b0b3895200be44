"""The PCM highway of a board: where the media engine gets its `struct highway` from.

Python only opens it and hands on its address (`native/highway.h` tells the rules); it never touches a
sample. A board of another kind adds a constructor here and a C file that fills in the struct.
"""

from __future__ import annotations

import errno
import os
from typing import Any

from drivers._native import ffi, lib
from drivers.errors import BusError
from drivers.transport import SIMBOARD, simboard_socket


class Highway:
    """An open highway. One thread, the engine's, uses it; stop that before `close`."""

    def __init__(self, native: Any) -> None:
        self._native = native

    @classmethod
    def simboard(cls, socket_path: str | os.PathLike[str]) -> Highway:
        """Ask the simulated board for its highway. socket_path: its SPI socket. Raises BusError."""
        path = os.fspath(socket_path)
        socket, fds = simboard_socket(path), ffi.new("int[2]")
        result = lib.spi_socket_open_pcm(socket, fds)
        lib.spi_socket_free(socket)
        if result < 0:
            raise BusError(SIMBOARD, f"{path} gives no PCM highway: {os.strerror(-result)}")
        return cls.shared_memory(fds[0], fds[1])

    @classmethod
    def shared_memory(cls, memory_fd: int, clock_fd: int) -> Highway:
        """A highway in memory laid out like native/pcm_shm.h; both descriptors become the highway's."""
        error = ffi.new("int *")
        native = lib.pcm_highway_new(memory_fd, clock_fd, error)
        if native == ffi.NULL:
            kind = "is no PCM highway of this version" if error[0] == -errno.EPROTO else os.strerror(-error[0])
            raise BusError(SIMBOARD, f"its shared memory cannot be used: {kind}")
        return cls(native)

    @property
    def address(self) -> int:
        """Address of the `struct highway`, for the media engine; valid until `close`."""
        return int(ffi.cast("uintptr_t", lib.pcm_highway_face(self._open())))

    def close(self) -> None:
        """Unmap and close everything."""
        if self._native != ffi.NULL:
            lib.pcm_highway_free(self._native)
            self._native = ffi.NULL

    def _open(self) -> Any:
        if self._native == ffi.NULL:
            raise BusError(SIMBOARD, "the PCM highway is closed")
        return self._native
