"""What the engine must know of a WAV file before it plays it, and what is wrong with one it cannot play.

Read here: the chunks up to the sound. The sound itself is read by the player's own thread
(`native/player.c`). RIFF as in the Multimedia Programming Interface of 1991; lengths that a killed
recorder left open (0 or all ones) mean up to the end of the file.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from firmware.media.errors import BadSoundFile

RATES_HZ = (8000, 16000)
ENCODINGS = {(1, 16): "linear", (6, 8): "A-law", (7, 8): "u-law"}
"""(format tag, bits a sample)."""
_EXTENSIBLE = 0xFFFE
_OPEN_ENDED = (0, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class WavSound:
    """Where the sound lies. offset, octets: of whole frames. rate_hz: 8000 or 16000. channels: 1 or 2."""

    offset: int
    octets: int
    encoding: str
    rate_hz: int
    channels: int

    @property
    def seconds(self) -> float:
        return self.octets / (self.rate_hz * self.channels * (2 if self.encoding == "linear" else 1))


def read_wav(path: Path, file: BinaryIO) -> WavSound:
    """Find the sound in a file opened for reading. BadSoundFile names file and fault."""
    try:
        return _read(file)
    except ValueError as error:
        raise BadSoundFile(f"{path}: {error}") from None


def _read(file: BinaryIO) -> WavSound:
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise ValueError("is no WAV file")
    size = os.fstat(file.fileno()).st_size
    form: tuple[str, int, int] | None = None
    while len(chunk := file.read(8)) == 8:
        name, length = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"data":
            if form is None:
                raise ValueError("its sound comes before its format")
            return _sound(file.tell(), length, size, *form)
        body = file.read(length + length % 2) if name == b"fmt " else b""
        if name == b"fmt ":
            form = _format(body)
        else:
            file.seek(length + length % 2, os.SEEK_CUR)
    raise ValueError("ends before its sound")


def _format(body: bytes) -> tuple[str, int, int]:
    """(encoding, rate in Hz, channels) of a format chunk."""
    if len(body) < 16:
        raise ValueError("its format is cut short")
    tag, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")
    if (encoding := ENCODINGS.get((tag, bits))) is None:
        raise ValueError(f"has encoding {tag} with {bits} bits; allowed: 16 bits linear, A-law, u-law")
    if rate_hz not in RATES_HZ:
        raise ValueError(f"has {rate_hz} samples a second; allowed: 8000, 16000")
    if channels not in {1, 2}:
        raise ValueError(f"has {channels} channels; allowed: 1, 2")
    return encoding, rate_hz, channels


def _sound(offset: int, length: int, size: int, encoding: str, rate_hz: int, channels: int) -> WavSound:
    there = max(size - offset, 0)
    octets = there if length in _OPEN_ENDED else min(length, there)
    octets -= octets % (channels * (2 if encoding == "linear" else 1))
    if octets == 0:
        raise ValueError("holds no sound")
    return WavSound(offset, octets, encoding, rate_hz, channels)
