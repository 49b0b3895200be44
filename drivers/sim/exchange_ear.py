"""How a simulated exchange hears digits: dial pulses by its loop detector, tones by a judge of its own.

No part of the product is used: pulses are lengths of openings, tones go through `measure_dtmf.py`. The exchange
that listens is `exchange_line.py`.
"""

from __future__ import annotations

from drivers.sim.measure_dtmf import dtmf
from drivers.sim.phone import RATE_HZ, Phone

PULSE_MS = (20.0, 90.0)
"""An opening of this length is a dial pulse: 8 to 20 a second, 50 to 70 % break."""
DIGIT_GAP_MS = 250.0
_LOOK_MS = 60.0
_TAIL_MS = 80.0
"""A digit this close to the end of what was heard may still go on, over a block that was lost."""


class PulseCounter:
    """Openings of the loop in, digits out."""

    def __init__(self) -> None:
        self._pulses = 0
        self._closed_us = 0

    def opening(self, ms: float, closed_us: int) -> bool:
        """The loop was open for ms and closed again at closed_us. True when that was a pulse."""
        if not PULSE_MS[0] <= ms <= PULSE_MS[1]:
            return False
        self._pulses += 1
        self._closed_us = closed_us
        return True

    def digit(self, now_us: int) -> str:
        """The digit that has ended by now, or ""."""
        if not self._pulses or now_us - self._closed_us < DIGIT_GAP_MS * 1000:
            return ""
        pulses, self._pulses = self._pulses, 0
        return str(pulses % 10) if pulses <= 10 else ""


class ToneReceiver:
    """Hears DTMF on a line; `hear` every few ms while the exchange wants digits."""

    def __init__(self, voice: Phone) -> None:
        self._voice = voice
        self._from = voice.frame
        self._looked = self._from

    def begin(self) -> None:
        """Forget what was said so far."""
        self._from = self._looked = self._voice.frame

    def hear(self) -> str:
        """Digits that have ended since the last call."""
        now = self._voice.frame
        if now - self._looked < _LOOK_MS * RATE_HZ / 1000:
            return ""
        self._looked = now
        sound = self._voice.heard_since(self._from)
        length_ms = sound.size * 1000 / RATE_HZ
        heard = dtmf(sound)
        ended = [seen for seen in heard if seen.start_ms + seen.ms < length_ms - _TAIL_MS]
        if ended:
            self._from += round((ended[-1].start_ms + ended[-1].ms) * RATE_HZ / 1000)
        elif not heard:
            self._from = max(self._from, now - RATE_HZ // 5)
        return "".join(seen.digit for seen in ended)
