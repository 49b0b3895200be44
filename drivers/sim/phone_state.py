"""What a telephone's user would notice, put together for `phone.state` of the rig.

Measured on the copper by the judge (`measure.py` and siblings), never asked of
the chip: a lamp, a voltmeter, an ear. Next: `rig_verbs.py`.
"""

from __future__ import annotations

from typing import Any

from drivers.sim import measure
from drivers.sim.measure_dtmf import digits
from drivers.sim.measure_ringing import Ringing, ringing
from drivers.sim.phone import LONGEST_MEMORY_S, RATE_HZ, Phone
from drivers.sim.reactions import first_tone_ms, ring_trip_ms

TONES_WINDOW_S = 1.0
RINGING_WINDOW_S = LONGEST_MEMORY_S - 0.2
LONGEST_SILENCE_MS = 6200.0
"""Longest silent part of a ring cadence in `countries.toml`, with some grace."""
BRIDGED_MS = 20.0
"""Break that leaves a heard digit whole: on a busy machine a block of 5 ms may reach the highway too late."""

_STILL_RINGING_MS = 60.0
_STEADY_MS = 60.0


def phone_state(phone: Phone) -> dict[str, Any]:
    """Hook, volts, milliamperes, ringing, tones of the last second, digits, reactions to the last lift."""
    line = phone.line()
    return {
        "port": phone.name,
        "hook": "off" if line.lifted else "on",
        "loop_v": round(line.phone_v, 2),
        "loop_ma": round(line.loop_ma, 2),
        "ringing": ringing_now(phone),
        "tones": [[tone.hz, tone.dbm0] for tone in tones_now(phone)],
        "digits_sent": phone.digits_sent,
        "digits_heard": digits(phone.heard_last(RINGING_WINDOW_S), BRIDGED_MS) if line.lifted else "",
        "first_tone_ms": first_tone_ms(phone),
        "ring_trip_ms": ring_trip_ms(phone),
    }


def ringing_now(phone: Phone) -> dict[str, Any] | None:
    """The ringing of a telephone on the hook, or None when its bell has been silent for too long.

    cadence_ms: on, off, on ... of the parts that were seen whole. silent_ms: since the
    bell last sounded, 0 while it does.
    """
    if phone.line().lifted:
        return None
    oldest = max(phone.hook_moved_frame, phone.frame - round(RINGING_WINDOW_S * RATE_HZ))
    trace_v = phone.volts_since(oldest)
    seen = ringing(trace_v)
    if seen is None:
        return None
    length_ms = trace_v.size * 1000 / RATE_HZ
    silent_ms = length_ms - seen.bursts[-1].start_ms - seen.bursts[-1].ms
    if silent_ms < _STILL_RINGING_MS:
        silent_ms = 0.0
    if silent_ms > _longest_silence_ms(seen):
        return None
    return {
        "hz": seen.hz,
        "v_rms": seen.v_rms,
        "v_peak": seen.v_peak,
        "cadence_ms": _whole_parts(seen, silent_ms),
        "silent_ms": round(silent_ms, 1),
    }


def tones_now(phone: Phone) -> tuple[measure.Tone, ...]:
    """Every tone of the last second, each once, at its loudest."""
    heard = measure.bursts(phone.heard_last(TONES_WINDOW_S))
    steady = [burst for burst in heard if burst.ms >= _STEADY_MS]
    loudest: list[measure.Tone] = []
    for tone in sorted((tone for burst in steady for tone in burst.tones), key=lambda tone: -tone.dbm0):
        if all(abs(tone.hz - other.hz) > 12 for other in loudest):
            loudest.append(tone)
    return tuple(sorted(loudest, key=lambda tone: tone.hz))


def _longest_silence_ms(seen: Ringing) -> float:
    """How long the bell may be silent before ringing counts as over: the cadence's own silence, when known."""
    silences = seen.cadence_ms[1::2]
    return max(silences) + 500 if silences else LONGEST_SILENCE_MS


def _whole_parts(seen: Ringing, silent_ms: float) -> list[float]:
    """The cadence without a first burst that began before the window and a last one that goes on."""
    parts = list(seen.cadence_ms)
    if silent_ms == 0.0:
        parts = parts[:-1]
    if seen.bursts[0].start_ms < _STILL_RINGING_MS:
        parts = parts[2:]
    return parts
