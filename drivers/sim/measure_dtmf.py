"""A judge of DTMF: which digits a recording holds, and how well they were sent.

Independent of the product's detector on purpose (another method: spectra of
20 ms in steps of 5 ms, then a fit of the two sines), so it can sit in judgement
on what the engine sends and on what the rig's own telephones send. Windows to
hold the result against: line-electrical.md section 6. General tones and levels
are in `measure.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from drivers.sim import measure

ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)
KEYS = ("123A", "456B", "789C", "*0#D")

_FRAME = 160
_HOP = 40
_PAIR_SHARE = 0.75
_TOLERANCE = 0.03
_LOWEST_LEVEL_DBM0 = -36.0
_MOST_TWIST_DB = 14.0


@dataclass(frozen=True, slots=True)
class DtmfSeen:
    """One digit: when, how long, and the two tones as measured."""

    digit: str
    start_ms: float
    ms: float
    low: measure.Tone
    high: measure.Tone

    @property
    def twist_db(self) -> float:
        """High tone over low tone."""
        return self.high.dbm0 - self.low.dbm0


def digits(sound: ArrayLike | bytes, bridged_ms: float = 0.0) -> str:
    """The digits of a recording in order.

    bridged_ms: a break shorter than this does not part a digit in two. A telephone's receiver
    bridges 10 to 20 ms (Q.24 clause 2.4); 0 tells what was sent to the letter.
    """
    heard = ""
    ended_ms = -bridged_ms
    for seen in dtmf(sound):
        if not (heard.endswith(seen.digit) and seen.start_ms - ended_ms < bridged_ms):
            heard += seen.digit
        ended_ms = seen.start_ms + seen.ms
    return heard


def dtmf(sound: ArrayLike | bytes) -> tuple[DtmfSeen, ...]:
    """Every DTMF digit of at least 25 ms in a recording. Dial tone underneath does not matter.

    Start and length are good to about 3 ms, frequencies to 0.3 % in 40 ms of tone.
    """
    samples = _above_dial_tone(measure.as_samples(sound))
    if samples.size < _FRAME:
        return ()
    frames = [_key_of(samples[at : at + _FRAME]) for at in range(0, samples.size - _FRAME + 1, _HOP)]
    found: list[DtmfSeen] = []
    first = 0
    for index in range(1, len(frames) + 1):
        if index < len(frames) and frames[index] == frames[first]:
            continue
        key = frames[first]
        if key and (seen := _judge(samples, key, first * _HOP, (index - 1) * _HOP + _FRAME)):
            found.append(seen)
        first = index
    return tuple(found)


def _above_dial_tone(samples: measure.Samples) -> measure.Samples:
    """The recording without anything under 580 Hz (350 to 480 Hz call tones)."""
    spectrum = np.fft.rfft(samples)
    spectrum[: int(580 * samples.size / measure.SAMPLE_RATE_HZ)] = 0
    return np.asarray(np.fft.irfft(spectrum, samples.size))


def _key_of(frame: measure.Samples) -> str:
    """The key whose two tones hold nearly all power of this frame, or ""."""
    power = np.abs(np.fft.rfft(frame * np.hanning(_FRAME), 1024)) ** 2
    total = float(power.sum())
    if measure.level_dbm0(frame) < _LOWEST_LEVEL_DBM0:
        return ""
    row, row_power = _best(power, ROWS_HZ)
    column, column_power = _best(power, COLUMNS_HZ)
    twist_db = 10 * np.log10((column_power + 1e-9) / (row_power + 1e-9))
    if row_power + column_power < _PAIR_SHARE * total or abs(twist_db) > _MOST_TWIST_DB:
        return ""
    return KEYS[row][column]


def _best(power: measure.Samples, nominal_hz: tuple[int, ...]) -> tuple[int, float]:
    """Which of four frequencies is strongest, and the power in +-80 Hz around it (the window's width)."""
    per_bin_hz = measure.SAMPLE_RATE_HZ / 1024
    sums = [float(power[int((hz - 80) / per_bin_hz) : int((hz + 80) / per_bin_hz) + 1].sum()) for hz in nominal_hz]
    centred = [float(power[round(hz / per_bin_hz)]) for hz in nominal_hz]
    best = int(np.argmax(centred))
    return best, sums[best]


def _judge(samples: measure.Samples, key: str, start: int, end: int) -> DtmfSeen | None:
    """Find the digit's edges in the envelope of its stretch, then measure its tones between them."""
    part = samples[start:end]
    envelope = np.sqrt(np.convolve(part**2, np.ones(40) / 40, mode="same"))
    over = np.flatnonzero(envelope > 0.5 * np.median(envelope[40:-40]))
    if over.size == 0:
        return None
    first, last = int(over[0]), int(over[-1]) + 1
    edge = min(40, (last - first) // 5)
    heard = measure.tones(part[first + edge : last - edge], floor_dbm0=-45.0, limit=2)
    low, high = _nearest(heard, ROWS_HZ), _nearest(heard, COLUMNS_HZ)
    if low is None or high is None or (last - first) < 25 * 8:
        return None
    return DtmfSeen(key, (start + first) / 8, (last - first) / 8, low, high)


def _nearest(heard: tuple[measure.Tone, ...], nominal_hz: tuple[int, ...]) -> measure.Tone | None:
    for tone in heard:
        if any(abs(tone.hz / hz - 1) <= _TOLERANCE for hz in nominal_hz):
            return tone
    return None
