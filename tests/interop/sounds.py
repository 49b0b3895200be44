"""Sounds to send and figures to judge what came back (numpy; shares nothing with the firmware)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FULL_SCALE_DBM0 = 3.14  # a full-scale sine in a WAV file, by the level plan
SPEECH = Path("/usr/share/asterisk/sounds/en_US_f_Allison")

Samples = NDArray[np.float64]


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    """16-bit mono; samples are -1 to 1."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Samples:
    """Samples -1 to 1 of a mono file; also of one whose header was not finished by a killed writer."""
    raw = path.read_bytes()
    start = raw.index(b"data") + 8
    usable = (len(raw) - start) // 2 * 2
    return np.frombuffer(raw[start : start + usable], "<i2").astype(np.float64) / 32768


def sine(hz: float, seconds: float, dbm0: float = -10.0, rate_hz: int = RATE_HZ) -> Samples:
    amplitude = 10 ** ((dbm0 - FULL_SCALE_DBM0) / 20)
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)


def dtmf(digits: str, on_s: float = 0.1, off_s: float = 0.1) -> Samples:
    """Push-button tones (ITU-T Q.23) at -7 dBm0 for the high and -9 for the low group."""
    parts: list[Samples] = []
    for digit in digits:
        row, column = divmod("123A456B789C*0#D".index(digit), 4)
        parts.append(sine((697, 770, 852, 941)[row], on_s, -9) + sine((1209, 1336, 1477, 1633)[column], on_s, -7))
        parts.append(np.zeros(int(off_s * RATE_HZ)))
    return np.concatenate(parts)


def speech(seconds: float = 4.0, name: str = "vm-options") -> Samples:
    """A recorded human voice (Debian's asterisk-core-sounds-en-wav)."""
    return read_wav(SPEECH / f"{name}.wav")[: int(seconds * RATE_HZ)]


def level_dbm0(samples: Samples) -> float:
    rms = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    return 20 * np.log10(max(rms, 1e-9) * np.sqrt(2)) + FULL_SCALE_DBM0


def tone_level_dbm0(samples: Samples, hz: float, rate_hz: int = RATE_HZ) -> float:
    """Level of one frequency, by correlation with it."""
    window = np.hanning(len(samples))
    phasor = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / rate_hz)
    amplitude = 2 * abs(np.sum(samples * window * phasor)) / np.sum(window)
    return float(20 * np.log10(max(amplitude, 1e-9)) + FULL_SCALE_DBM0)


def strongest_hz(samples: Samples) -> float:
    """Frequency of the strongest line, interpolated between FFT bins."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum) * RATE_HZ / (8 * len(samples)))


def loudest_dbm0(samples: Samples, hz: float) -> float:
    """The level of `hz` in the quarter second where it is strongest; -100 for a recording that is shorter."""
    size = RATE_HZ // 4
    levels = [tone_level_dbm0(samples[i : i + size], hz) for i in range(0, len(samples) - size + 1, size // 5)]
    return max(levels, default=-100.0)


def delay_s(sent: Samples, heard: Samples) -> float:
    """By how much `heard` lags `sent`, from the peak of their correlation."""
    size = 1 << int(np.ceil(np.log2(len(sent) + len(heard))))
    correlation = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size)), size)
    lag = int(np.argmax(correlation[: len(heard)]))
    return lag / RATE_HZ


def longest_gap_ms(samples: Samples, hz: float, floor_db: float = 10.0) -> float:
    """The longest time a steady tone of `hz` falls more than `floor_db` below its usual level, in steps of 5 ms."""
    block = 80  # 10 ms windows, 5 ms apart
    levels = np.array([tone_level_dbm0(samples[i : i + block], hz) for i in range(0, len(samples) - block, block // 2)])
    low = levels < np.median(levels) - floor_db
    longest = run = 0
    for is_low in low:
        run = run + 1 if is_low else 0
        longest = max(longest, run)
    return longest * 5.0
