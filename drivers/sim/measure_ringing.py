"""Ringing as a voltmeter and a stop-watch see it: frequency, volts and cadence from a voltage trace.

The trace is tip minus ring at the telephone, 8000 values a second. Like
`measure.py` this shares nothing with chips or drivers. Windows to hold the
result against: line-electrical.md section 2.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

TRACE_RATE_HZ = 8000
LOWEST_HZ = 14.0
HIGHEST_HZ = 72.0

_SWING_V = 20.0
_WINDOW_MS = 20
_FEWEST_CYCLES = 2

Trace = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RingBurst:
    """One stretch of ringing. v_rms and v_peak are of the alternating part, dc_v is what it rides on."""

    start_ms: float
    ms: float
    hz: float
    v_rms: float
    v_peak: float
    dc_v: float


@dataclass(frozen=True, slots=True)
class Ringing:
    """All ringing of a trace. cadence_ms: on, off, on ... of the bursts seen, last burst included."""

    hz: float
    v_rms: float
    v_peak: float
    cadence_ms: tuple[float, ...]
    bursts: tuple[RingBurst, ...]


def ringing(trace_v: ArrayLike) -> Ringing | None:
    """Measure ringing in a trace of the line's voltage; None where the line does not ring.

    Frequency is good to 0.05 Hz, volts to 1 %, edges to about half a period. Dial
    pulses and single reversals are no ringing: two whole cycles of 14 to 72 Hz are.
    """
    trace = np.asarray(trace_v, dtype=np.float64)
    seen = tuple(burst for start, end in _swinging(trace) if (burst := _burst(trace, start, end)) is not None)
    if not seen:
        return None
    cadence: list[float] = [seen[0].ms]
    for before, after in itertools.pairwise(seen):
        cadence += [round(after.start_ms - before.start_ms - before.ms, 1), after.ms]
    longest = max(seen, key=lambda burst: burst.ms)
    return Ringing(longest.hz, longest.v_rms, longest.v_peak, tuple(cadence), seen)


def _swinging(trace: Trace) -> list[tuple[int, int]]:
    """Sample ranges in which the line moves by more than 20 V within 20 ms."""
    per_ms = TRACE_RATE_HZ // 1000
    whole = trace[: trace.size // per_ms * per_ms].reshape(-1, per_ms)
    if whole.shape[0] < _WINDOW_MS:
        return []
    highest = np.lib.stride_tricks.sliding_window_view(whole.max(axis=1), _WINDOW_MS).max(axis=1)
    lowest = np.lib.stride_tricks.sliding_window_view(whole.min(axis=1), _WINDOW_MS).min(axis=1)
    moving = np.concatenate([[False], highest - lowest > _SWING_V, [False]])
    edges = np.flatnonzero(np.diff(moving.astype(np.int8)))
    # Window k covers ms k to k+19: the movement begins in the last ms of the first window that
    # sees it and ends with the first ms of the last one.
    return [
        (int(start + _WINDOW_MS - 1) * per_ms, int(end) * per_ms)
        for start, end in zip(edges[0::2], edges[1::2], strict=True)
        if end - start > _WINDOW_MS
    ]


def _burst(trace: Trace, start: int, end: int) -> RingBurst | None:
    part = trace[start:end]
    middle_v = (part.max() + part.min()) / 2
    crossings = _rising_crossings(part - middle_v)
    if crossings.size <= _FEWEST_CYCLES:
        return None
    period = float(np.polyfit(np.arange(crossings.size), crossings, 1)[0])
    hz = TRACE_RATE_HZ / period
    if not LOWEST_HZ <= hz <= HIGHEST_HZ:
        return None
    whole = part[round(crossings[0]) : round(crossings[-1])]
    dc_v = float(whole.mean())
    swing = whole - dc_v
    return RingBurst(
        start_ms=round(start * 1000 / TRACE_RATE_HZ, 1),
        ms=round((end - start) * 1000 / TRACE_RATE_HZ, 1),
        hz=round(hz, 3),
        v_rms=round(float(np.sqrt(np.mean(swing**2))), 2),
        v_peak=round(float(np.abs(swing).max()), 2),
        dc_v=round(dc_v, 2),
    )


def _rising_crossings(swing: Trace) -> Trace:
    """Sample positions, with fraction, at which the swing rises through zero (2 V of hysteresis)."""
    side = np.where(swing > 2.0, 1, np.where(swing < -2.0, -1, 0))
    decided = np.flatnonzero(side)
    if decided.size < 2:
        return np.empty(0)
    turns = np.flatnonzero((side[decided[:-1]] < 0) & (side[decided[1:]] > 0))
    found = []
    for turn in turns:
        low, high = decided[turn], decided[turn + 1]
        found.append(low + (high - low) * swing[low] / (swing[low] - swing[high]))
    return np.array(found)
