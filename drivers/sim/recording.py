"""WAV files of the rig: mono, 8 kHz, 16-bit, nothing else.

Telephones of the simulated board speak and record these. A full-scale sine is
+3.14 dBm0. Anything else is refused with the command that mends it, because a
silent resampling would spoil every measurement. Next: `measure.py`.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.sim.rig_protocol import RigError

RATE_HZ = 8000


def read_wav(path: Path) -> NDArray[np.int16]:
    """Samples of a WAV. Raises RigError when it is missing or not mono, 8 kHz, 16-bit."""
    try:
        with wave.open(str(path), "rb") as file:
            shape = (file.getnchannels(), file.getframerate(), file.getsampwidth() * 8)
            octets = file.readframes(file.getnframes())
    except OSError as error:
        raise RigError(f"{path} cannot be read: {error.strerror}") from error
    except (wave.Error, EOFError) as error:
        raise RigError(f"{path} is no WAV of plain samples ({error}), allowed is mono, 8000 Hz, 16 bit") from error
    if shape != (1, RATE_HZ, 16):
        channels, rate_hz, bits = shape
        raise RigError(
            f"{path} has {channels} channel{'s' if channels != 1 else ''}, {rate_hz} Hz and {bits} bit, allowed is "
            f"mono, 8000 Hz, 16 bit; `sox IN.wav -r 8000 -c 1 -b 16 OUT.wav` makes one"
        )
    return np.frombuffer(octets, dtype="<i2").astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    """Write samples as such a WAV, replacing the file. Raises RigError when the folder does not allow it."""
    try:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples.astype("<i2").tobytes())
    except OSError as error:
        raise RigError(f"{path} cannot be written: {error.strerror}") from error
