"""What simulated exchanges are like: tones, ringing, manner of clearing, by country and to be bent by tests.

A table of its own on purpose: the product's `countries.toml` shall not sit in judgement on itself. Sources:
ITU-T E.180 list of tones. Who lives by it: `exchange_line.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drivers.sim.rig_protocol import RigError

RATE_HZ = 8000
SINE_PEAK_AT_0_DBM0 = 32767.0 / 10 ** (3.14 / 20)

HangUp = Literal["loop-break", "polarity", "busy-tone", "congestion-tone", "silence"]
HANG_UPS: tuple[HangUp, ...] = ("loop-break", "polarity", "busy-tone", "congestion-tone", "silence")


@dataclass(frozen=True, slots=True)
class CallTone:
    """hz: one or two frequencies, together at `dbm0`. cadence_ms: on, off ...; () is steady."""

    hz: tuple[float, ...]
    cadence_ms: tuple[int, ...] = ()
    dbm0: float = -10.0

    def samples(self, first: int, count: int) -> NDArray[np.int16]:
        """Samples number `first` to `first + count` of the tone, counted from its beginning."""
        at = np.arange(first, first + count)
        level = self.dbm0 - (3.0 if len(self.hz) > 1 else 0.0)
        peak = SINE_PEAK_AT_0_DBM0 * 10 ** (level / 20)
        sound = peak * np.sum([np.sin(2 * np.pi * hz * at / RATE_HZ) for hz in self.hz], axis=0)
        if self.cadence_ms:
            ends = np.cumsum(self.cadence_ms) * RATE_HZ // 1000
            part = np.searchsorted(ends, at % ends[-1], side="right")
            sound = np.where(part % 2 == 0, sound, 0.0)
        return np.asarray(np.round(sound), dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Habits:
    """How one exchange behaves.

    dial_delay_ms: from the closed loop to dial tone; dial None: there is none. first_ring_ms: from the call's arrival
    to the first ring. answer_reversal: the feed is reversed when the called party of an outgoing call answers, and
    back when it hangs up. break_ms: length of a loop break. release_ms: an open loop this long is a hang-up.
    post_dial_ms: from the last digit to ringback. hold_ms: after our hang-up of an incoming call the caller is held
    (called-party-clear exchanges): 0 none.
    """

    dial: CallTone | None
    ringback: CallTone
    busy: CallTone
    congestion: CallTone
    ring_ms: tuple[int, ...]
    ring_hz: float = 25.0
    hang_up: HangUp = "busy-tone"
    dial_delay_ms: int = 250
    first_ring_ms: int = 200
    answer_reversal: bool = False
    break_ms: int = 600
    release_ms: int = 400
    inter_digit_ms: int = 3000
    post_dial_ms: int = 800
    hold_ms: int = 0


COUNTRIES: dict[str, Habits] = {
    "es": Habits(
        dial=CallTone((425,)),
        ringback=CallTone((425,), (1500, 3000)),
        busy=CallTone((425,), (200, 200)),
        congestion=CallTone((425,), (200, 200, 200, 200, 200, 600)),
        ring_ms=(1500, 3000),
    ),
    "us": Habits(
        dial=CallTone((350, 440)),
        ringback=CallTone((440, 480), (2000, 4000)),
        busy=CallTone((480, 620), (500, 500)),
        congestion=CallTone((480, 620), (250, 250)),
        ring_ms=(2000, 4000),
        ring_hz=20.0,
        hang_up="loop-break",
    ),
    "gb": Habits(
        dial=CallTone((350, 440)),
        ringback=CallTone((400, 450), (400, 200, 400, 2000)),
        busy=CallTone((400,), (375, 375)),
        congestion=CallTone((400,), (400, 350, 225, 525)),
        ring_ms=(400, 200, 400, 2000),
        hang_up="loop-break",
        break_ms=100,
    ),
    "de": Habits(
        dial=CallTone((425,)),
        ringback=CallTone((425,), (1000, 4000)),
        busy=CallTone((425,), (480, 480)),
        congestion=CallTone((425,), (240, 240)),
        ring_ms=(1000, 4000),
    ),
    "fr": Habits(
        dial=CallTone((440,)),
        ringback=CallTone((440,), (1500, 3500)),
        busy=CallTone((440,), (500, 500)),
        congestion=CallTone((440,), (250, 250)),
        ring_ms=(1500, 3500),
        ring_hz=50.0,
        answer_reversal=True,
        hang_up="polarity",
    ),
    "au": Habits(
        dial=CallTone((413, 438)),
        ringback=CallTone((413, 438), (400, 200, 400, 2000)),
        busy=CallTone((425,), (375, 375)),
        congestion=CallTone((425,), (375, 375)),
        ring_ms=(400, 200, 400, 2000),
    ),
}


def habits_of(country: str) -> Habits:
    """Raises RigError naming the countries there are."""
    if country not in COUNTRIES:
        raise RigError(f"there is no exchange of {country!r}, allowed are {', '.join(COUNTRIES)}")
    return COUNTRIES[country]
