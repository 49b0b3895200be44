"""Nodes with a file behind them: players and recorders.

Made by `Engine.open_player` and `Engine.open_recorder`. Opening one looks into the file and may wait
for the disk; a caller that must not wait opens it in a thread. From then on the disk is read and
written by a thread of the node's own, and nobody waits for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from firmware.media._engine import ffi, lib
from firmware.media.endpoints import Node
from firmware.media.native_forms import checked
from firmware.media.wav import read_wav

ENCODINGS = {"linear": lib.MEDIA_LINEAR, "A-law": lib.MEDIA_A, "u-law": lib.MEDIA_U}


class Player(Node):
    """The sound of a WAV file: 8 or 16 kHz, 16 bits linear, A-law or u-law, mono or stereo.

    Any number may `Engine.listen` to one; while nobody does, it rests where it is. At its end it tells
    `PlayerEnded` and is silent, unless loop: then the start follows without a gap.
    """

    def __init__(self, native: Any, path: Path, loop: bool) -> None:
        with path.open("rb") as file:
            sound = read_wav(path, file)
            fd = os.dup(file.fileno())
        form = ffi.new("struct media_file *")
        form.fd, form.offset, form.octets = fd, sound.offset, sound.octets
        form.encoding, form.rate, form.channels = ENCODINGS[sound.encoding], sound.rate_hz, sound.channels
        form.loop = loop
        super().__init__(native, _opened(lib.engine_open_player(native, form), fd, path))
        self.path = path
        self.seconds = sound.seconds
        """Length of the sound."""

    def pause(self, on: bool = True) -> None:
        """Be silent, or go on from where it was."""
        checked(lib.engine_pause(self._native, self.id, on), f"pause {self.path}")

    def seek(self, ms: int) -> None:
        """Go on from `ms` after the start, within 50 ms or so; behind the end it ends. ValueError below 0."""
        checked(lib.engine_seek(self._native, self.id, ms), f"seek {self.path} to {ms} ms")


class Recorder(Node):
    """A recording: WAV, A-law, 8 kHz, two channels, one for each side of a call.

    A-law, because what telephones say in it is kept bit for bit in half the octets of linear samples,
    and whatever plays WAV plays it. Whoever is killed leaves a good file without its last second.
    While the disk is blocked, 10 s of sound wait for it; what is lost after that is told as
    `RecorderError`. Closing returns at once; what waits is written after it.
    """

    def __init__(self, native: Any, path: Path) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        super().__init__(native, _opened(lib.engine_open_recorder(native, fd), fd, path))
        self.path = path

    def record(self, left_id: int, right_id: int = 0) -> None:
        """What is on the two channels from now on: what these nodes say; 0: nothing. Calls are not disturbed."""
        for channel, heard in enumerate((left_id, right_id)):
            checked(lib.engine_record(self._native, self.id, channel, heard), f"record {heard}")

    def pause(self, on: bool = True) -> None:
        """Cut the time from now on out of the recording, or go on with it. Faded over 5 ms."""
        checked(lib.engine_pause(self._native, self.id, on), f"pause {self.path}")


def _opened(result: int, fd: int, path: Path) -> int:
    """The new node's id; the native side owns fd from then on. A refused one is closed here."""
    try:
        return checked(result, f"open {path}")
    except Exception:
        os.close(fd)
        raise
