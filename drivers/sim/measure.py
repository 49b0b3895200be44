"""What a bench instrument says about recorded telephone sound: level, tones, bursts, distortion, delay.

This is the judge of the lines. It shares no code with drivers, simulated chips
or media engine, so that none of them can be wrong in the same way. All sound is
an array of 16-bit values at 8 kHz, and a full-scale sine is +3.14 dBm0
(architecture, section 5). Ringing is judged in `measure_ringing.py`, digits in
`measure_dtmf.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAMPLE_RATE_HZ = 8000
FULL_SCALE_SINE_DBM0 = 3.14
SILENCE_DBM0 = -120.0
"""What `level_dbm0` says of an array of zeros."""

Samples = NDArray[np.float64]

_FULL_SCALE_RMS = 32767.0 / np.sqrt(2.0)
_REFINING_ROUNDS = 4
_WEAKER_IS_NOT_LISTED_DB = 30.0


@dataclass(frozen=True, slots=True)
class Tone:
    """One sine: frequency in Hz (good to 0.1 % from 100 ms on) and level in dBm0."""

    hz: float
    dbm0: float


@dataclass(frozen=True, slots=True)
class Burst:
    """A stretch of sound between two silences. Times in ms from the start of the recording."""

    start_ms: float
    ms: float
    tones: tuple[Tone, ...]


def as_samples(sound: ArrayLike | bytes) -> Samples:
    """Any sequence of 16-bit values, or the octets of a WAV's data, as floats."""
    if isinstance(sound, bytes):
        return np.frombuffer(sound, dtype="<i2").astype(np.float64)
    return np.asarray(sound, dtype=np.float64)


def sine(hz: float, dbm0: float, seconds: float, start_phase: float = 0.0) -> NDArray[np.int16]:
    """A test tone of that frequency and level. Several may be added up to +3 dBm0 in all."""
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    peak = peak_of(dbm0)
    return np.round(peak * np.sin(2 * np.pi * hz * time_s + start_phase)).astype(np.int16)


def peak_of(dbm0: float) -> float:
    """Peak sample value of a sine of that level; at most 32767, reached at +3.14 dBm0."""
    return float(32767.0 * 10 ** ((dbm0 - FULL_SCALE_SINE_DBM0) / 20))


def level_dbm0(sound: ArrayLike | bytes) -> float:
    """Power of the whole recording in dBm0 (unweighted), SILENCE_DBM0 for nothing at all."""
    samples = as_samples(sound)
    rms = float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    return _dbm0_of_rms(rms)


def tones(sound: ArrayLike | bytes, floor_dbm0: float = -42.0, limit: int = 6) -> tuple[Tone, ...]:
    """The sines in a steady recording, lowest frequency first.

    Each round takes the strongest peak of what is left and fits all found so far
    together, so neighbours (350 + 440 Hz) do not pull each other. Lines more than
    30 dB under the strongest are companding products and are not listed.
    """
    samples = as_samples(sound)
    if samples.size < SAMPLE_RATE_HZ // 50:
        return ()
    samples = samples - np.mean(samples)
    found: list[float] = []
    while len(found) < limit:
        rest = samples - _fit(samples, found)[0] if found else samples
        hz = _strongest_peak_hz(rest)
        if any(abs(hz - other) < SAMPLE_RATE_HZ / samples.size for other in found):
            break
        candidate = _refine(samples, [*found, hz])
        levels = [_dbm0_of_rms(float(peak) / np.sqrt(2.0)) for peak in _fit(samples, candidate)[1]]
        if levels[-1] < max(floor_dbm0, max(levels) - _WEAKER_IS_NOT_LISTED_DB):
            break
        found = candidate
    peaks = _fit(samples, found)[1] if found else []
    heard = [
        Tone(round(hz, 2), round(_dbm0_of_rms(peak / np.sqrt(2.0)), 2)) for hz, peak in zip(found, peaks, strict=True)
    ]
    return tuple(sorted(heard, key=lambda tone: tone.hz))


def bursts(sound: ArrayLike | bytes, floor_dbm0: float = -45.0, bridge_ms: float = 15.0) -> tuple[Burst, ...]:
    """The stretches of sound louder than the floor, each with its tones: a cadence as an ear hears it.

    Silences up to bridge_ms do not split (slow beats of two tones need about 15).
    Edges are good to about 3 ms.
    """
    samples = as_samples(sound)
    heard = []
    for start, end in _loud_stretches(samples, floor_dbm0, bridge_ms):
        edge = min(40, (end - start) // 4)
        heard.append(Burst(start / 8, (end - start) / 8, tones(samples[start + edge : end - edge], floor_dbm0)))
    return tuple(heard)


def gaps(
    sound: ArrayLike | bytes, floor_dbm0: float = -45.0, longer_than_ms: float = 5.0
) -> tuple[tuple[float, float], ...]:
    """Silences between the first and the last sound as (start_ms, length_ms): lost packets, muted digits."""
    stretches = _loud_stretches(as_samples(sound), floor_dbm0, longer_than_ms)
    return tuple((end / 8, (start - end) / 8) for (_, end), (start, _) in itertools.pairwise(stretches))


def thd_percent(sound: ArrayLike | bytes, harmonics: int = 7) -> float:
    """Total harmonic distortion of the strongest tone in percent, harmonics below 3.9 kHz.

    Give it a tone that does not divide 8000 Hz (1020, not 1000): otherwise the
    quantising noise of G.711, about 1 %, falls on the harmonics too.
    """
    samples = as_samples(sound)
    samples = samples - np.mean(samples)
    fundamental_hz = _refine(samples, [_strongest_peak_hz(samples)])[0]
    lines_hz = [fundamental_hz * order for order in range(1, harmonics + 1) if fundamental_hz * order < 3900]
    peaks = _fit(samples, lines_hz)[1]
    return float(100.0 * np.sqrt(np.sum(np.square(peaks[1:]))) / peaks[0])


def delay_ms(reference: ArrayLike | bytes, recording: ArrayLike | bytes) -> float:
    """How much later the reference's sound stands in the recording (negative: earlier).

    Cross-correlation with interpolation, good to about 0.02 ms for speech or noise.
    Steady tones repeat and give no true answer.
    """
    sent, heard = as_samples(reference), as_samples(recording)
    size = 1 << int(sent.size + heard.size).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sent, size))
    likeness = np.abs(np.fft.irfft(spectrum, size))
    top = int(np.argmax(likeness))
    lag = top + _vertex(likeness[top - 1], likeness[top], likeness[(top + 1) % size])
    return float((lag - size if top > size // 2 else lag) * 1000.0 / SAMPLE_RATE_HZ)


def _dbm0_of_rms(rms: float) -> float:
    if rms <= 0.0:
        return SILENCE_DBM0
    return float(max(SILENCE_DBM0, 20.0 * np.log10(rms / _FULL_SCALE_RMS) + FULL_SCALE_SINE_DBM0))


def _vertex(left: float, middle: float, right: float) -> float:
    """Where between -0.5 and 0.5 the parabola through three points has its top."""
    curvature = left - 2.0 * middle + right
    return 0.0 if curvature == 0.0 else float(0.5 * (left - right) / curvature)


def _strongest_peak_hz(samples: Samples) -> float:
    window = np.hanning(samples.size)
    size = 4 << int(samples.size).bit_length()
    spectrum = np.log(np.abs(np.fft.rfft(samples * window, size)) + 1e-9)
    top = int(np.argmax(spectrum[1:-1])) + 1
    return (top + _vertex(spectrum[top - 1], spectrum[top], spectrum[top + 1])) * SAMPLE_RATE_HZ / size


def _fit(samples: Samples, lines_hz: Sequence[float]) -> tuple[Samples, list[float]]:
    """Least-squares sum of sines at these frequencies: its samples, and the peak of each sine."""
    basis = _basis(samples.size, lines_hz)
    weights: Any = np.linalg.lstsq(basis, samples, rcond=None)[0]
    return basis @ weights, [float(np.hypot(a, b)) for a, b in zip(weights[0::2], weights[1::2], strict=True)]


def _refine(samples: Samples, lines_hz: Sequence[float]) -> list[float]:
    """Gauss-Newton on the frequencies of all lines together."""
    refined = np.array(lines_hz, dtype=np.float64)
    time_s = _centred_time_s(samples.size)
    furthest_hz = 0.5 * SAMPLE_RATE_HZ / samples.size
    for _ in range(_REFINING_ROUNDS):
        basis = _basis(samples.size, refined)
        weights: Any = np.linalg.lstsq(basis, samples, rcond=None)[0]
        slopes = np.empty((samples.size, refined.size))
        for line in range(refined.size):
            cosine, sinus = basis[:, 2 * line], basis[:, 2 * line + 1]
            slopes[:, line] = 2 * np.pi * time_s * (weights[2 * line + 1] * cosine - weights[2 * line] * sinus)
        step: Any = np.linalg.lstsq(np.hstack([slopes, basis]), samples - basis @ weights, rcond=None)[0]
        refined = refined + np.clip(step[: refined.size], -furthest_hz, furthest_hz)
    return [float(hz) for hz in refined]


def _basis(count: int, lines_hz: Sequence[float] | Samples) -> Samples:
    angle = 2 * np.pi * np.outer(_centred_time_s(count), np.asarray(lines_hz, dtype=np.float64))
    basis = np.empty((count, 2 * angle.shape[1]))
    basis[:, 0::2], basis[:, 1::2] = np.cos(angle), np.sin(angle)
    return basis


def _centred_time_s(count: int) -> Samples:
    return (np.arange(count) - (count - 1) / 2) / SAMPLE_RATE_HZ


def _loud_stretches(samples: Samples, floor_dbm0: float, bridge_ms: float) -> list[tuple[int, int]]:
    """Sample ranges in which the 2.5 ms peak is over a sine's peak at the floor; short holes are filled."""
    loud = np.abs(samples) > peak_of(floor_dbm0)
    where = np.flatnonzero(loud)
    if where.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(where) > max(bridge_ms, 2.5) * 8)
    starts = np.concatenate([[where[0]], where[breaks + 1]])
    ends = np.concatenate([where[breaks], [where[-1]]]) + 1
    return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True) if end - start > 40]
