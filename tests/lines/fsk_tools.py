"""minimodem and multimon-ng on a recording of the copper: programs of the trade that know nothing of ours."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.sim.recording import write_wav

MARK_SPACE_HZ = {"bell202": (1200, 2200), "v23": (1300, 2100)}


def minimodem(samples: NDArray[np.int16], modem: str, folder: Path) -> bytes:
    """All octets that minimodem reads at 1200 bit/s, noise before and after included. modem: of MARK_SPACE_HZ."""
    mark_hz, space_hz = MARK_SPACE_HZ[modem]
    wav = folder / "copper.wav"
    write_wav(wav, samples)
    command = ["minimodem", "--rx", "-q", "-8", "-f", str(wav), "-M", str(mark_hz), "-S", str(space_hz), "1200"]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).stdout


def multimon_digits(samples: NDArray[np.int16], folder: Path) -> str:
    """The DTMF digits that multimon-ng hears."""
    wav, raw = folder / "copper.wav", folder / "copper.raw"
    write_wav(wav, samples)
    # multimon-ng wants 22050 Hz: interpolated straight, which is good enough for tones under 1.7 kHz.
    at = np.arange(0, samples.size - 1, 8000 / 22050)
    raw.write_bytes(np.interp(at, np.arange(samples.size), samples).astype("<i2").tobytes())
    command = ["multimon-ng", "-q", "-a", "DTMF", "-t", "raw", str(raw)]
    heard = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    return "".join(re.findall(r"DTMF: (\S)", heard))
