"""What a machine on a line notices by itself: how often the bell rang, and that the other end has gone.

Looked at again and again while time passes (`look`), stepped or real; judged from the copper alone, as such
machines do. Who acts on it: `characters.py`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.phone import RATE_HZ, Phone

WINDOW_MS = 20
RING_SWING_V = 30.0
"""Peak to peak; a bell that is to be noticed has at least 40 V rms."""
RING_MS = 100.0
"""So long it must last to be one: the feed that jumps when somebody hangs up is none."""
RINGS_APART_MS = 700.0
"""A shorter pause parts the two halves of one ring, as in Britain (200 ms)."""
GIVEN_UP_MS = 8000.0
"""So long after a ring the caller has gone [M: line sheet, section 2]."""
OPEN_V = 2.0
OPEN_MS = 200.0
"""An open interval of 250 ms must be seen, one of 80 ms must not [M: line sheet, section 4]."""
BUSY_LOOK_S = 0.5
BUSY_WINDOW_S = 3.0
BUSY_PERIODS = 3
BUSY_TOLERANCE = 0.15
_WINDOW = WINDOW_MS * RATE_HZ // 1000


class Bell:
    """Counts the rings of a telephone on the hook. rings: 0 again when the caller has given up."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._frame = phone.frame
        self._quiet_ms = GIVEN_UP_MS
        self._swing_ms = 0.0
        self.rings = 0

    def look(self) -> None:
        """Take in what has happened since the last look."""
        volts = self._phone.volts_since(self._frame)
        for start in range(0, volts.size - _WINDOW + 1, _WINDOW):
            self._frame += _WINDOW
            swings = np.ptp(volts[start : start + _WINDOW]) >= RING_SWING_V
            self._swing_ms = self._swing_ms + WINDOW_MS if swings else 0.0
            if self._swing_ms >= RING_MS:
                self.rings += self._quiet_ms >= RINGS_APART_MS
                self._quiet_ms = 0.0
            else:
                self._quiet_ms += WINDOW_MS
            if self._quiet_ms > GIVEN_UP_MS:
                self.rings = 0

    def forget(self) -> None:
        """The telephone was lifted or hung up: what follows is a new call."""
        self._frame, self._quiet_ms, self._swing_ms, self.rings = self._phone.frame, GIVEN_UP_MS, 0.0, 0


class FarEnd:
    """Whether the other end of a call has gone: "open-loop" or "busy-tone" in `gone`, "" while it is there."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._frame = phone.frame
        self._open_ms = 0.0
        self._since_frame = phone.frame
        self._looked_frame = phone.frame
        self.gone = ""

    def look(self) -> None:
        """Take in what has happened since the last look."""
        volts = self._phone.volts_since(self._frame)
        for start in range(0, volts.size - _WINDOW + 1, _WINDOW):
            self._frame += _WINDOW
            dead = abs(float(np.median(volts[start : start + _WINDOW]))) < OPEN_V
            self._open_ms = self._open_ms + WINDOW_MS if dead else 0.0
            if self._open_ms >= OPEN_MS:
                self.gone = "open-loop"
        if not self.gone and self._phone.frame - self._looked_frame >= BUSY_LOOK_S * RATE_HZ:
            self._looked_frame = self._phone.frame
            self._listen()

    def _listen(self) -> None:
        oldest = max(self._since_frame, self._phone.frame - round(BUSY_WINDOW_S * RATE_HZ))
        if is_busy_tone(self._phone.heard_since(oldest)):
            self.gone = "busy-tone"


def is_busy_tone(heard: NDArray[np.int16]) -> bool:
    """Whether bursts of one tone, as long as the pauses between them, come BUSY_PERIODS times on end."""
    bursts = [burst for burst in measure.bursts(heard) if burst.tones]
    alike = 0
    for before, after in pairwise(bursts):
        gap_ms = after.start_ms - before.start_ms - before.ms
        same = _near(before.ms, gap_ms) and _near(before.ms, after.ms) and _same_tone(before, after)
        alike = alike + 1 if same else 0
        if alike >= BUSY_PERIODS - 1:
            return True
    return False


def _near(ms: float, other_ms: float) -> bool:
    return abs(ms - other_ms) <= max(BUSY_TOLERANCE * ms, 25.0)


def _same_tone(one: measure.Burst, other: measure.Burst) -> bool:
    return abs(one.tones[0].hz - other.tones[0].hz) <= 15.0
