"""How fast the other end of the loop reacted to the last lift, measured on the copper.

The trade's figures are "off hook to dial tone" and "off hook to end of ringing"; both are
read off the ear's and the voltmeter's memory, counted from the frame in which the hook moved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.phone import RATE_HZ, Phone

RING_SWING_V = 12.0
"""Peak to peak within one window: more is ringing, less is speech or feed settling on an off-hook loop."""
_WINDOW = 320  # 40 ms: one period of the slowest usual ringing but Japan's
_HOP = 40


def first_tone_ms(phone: Phone) -> float | None:
    """From the last lift to the first tone in the ear; None while the handset rests or nothing was heard."""
    if not phone.line().lifted:
        return None
    heard = measure.bursts(phone.heard_since(phone.hook_moved_frame))
    sounding = [burst for burst in heard if burst.tones and burst.ms >= 60]
    return round(sounding[0].start_ms, 1) if sounding else None


def ring_trip_ms(phone: Phone) -> float | None:
    """From the last lift to the end of ringing voltage; 0 when it was lifted in a pause, None on hook."""
    if not phone.line().lifted:
        return None
    return swing_ends_ms(phone.volts_since(phone.hook_moved_frame))


def swing_ends_ms(trace_v: NDArray[np.float32]) -> float:
    """The end of the ringing at the beginning of `trace_v`, in ms to 5 ms; 0 when there is none."""
    end = 0
    for start in range(0, max(0, trace_v.size - _WINDOW), _HOP):
        window = trace_v[start : start + _WINDOW]
        # A feed that moves once from one voltage to another also has a wide span, but few of its samples lie outside.
        centre = np.median(window)
        outside = np.mean(np.abs(window - centre) > RING_SWING_V / 2)
        if np.ptp(window) < RING_SWING_V or outside < 0.3:
            break
        end = start + _WINDOW // 2
    return end * 1000 / RATE_HZ
