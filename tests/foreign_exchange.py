"""A simulated exchange that speaks the tones of any country of the product's table, drawn by numpy.

The simulator's own table (`exchange_habits.py`) has six countries and judges the product's there; this one is for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim.exchange_habits import CallTone, Habits, habits_of
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import Country
from tests.firmware_media.judge import Signal
from tests.lines.exchange_sounds import sound_of

STEADY_MS = 60_000
LEVEL_DBM0 = -15.0


@dataclass(frozen=True, slots=True)
class DrawnTone(CallTone):
    """wave: the tone for a minute, or longer than any call of a test."""

    wave: Signal = field(default_factory=lambda: np.zeros(1))

    def samples(self, first: int, count: int) -> NDArray[np.int16]:
        return np.asarray(np.take(self.wave, np.arange(first, first + count), mode="wrap"), dtype=np.int16)


def drawn(tone: Tone) -> DrawnTone:
    """As an exchange sends it, from the beginning of its cadence on."""
    return DrawnTone((), wave=sound_of(tone, STEADY_MS, LEVEL_DBM0))


def habits_in(country: Country, **changes: Any) -> Habits:
    """Spain's habits with that country's tones."""
    tones = {name: drawn(country.tone(name)) for name in ("dial", "ringback", "busy", "congestion")}
    return replace(habits_of("es"), **tones, inter_digit_ms=1500, **changes)
