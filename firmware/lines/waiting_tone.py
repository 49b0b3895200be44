"""The tone that tells somebody who talks of another call: the country's cadence, in short bursts.

A tone takes the place of the voice it is played over, its pauses too. So the cadence is cut at its long pauses,
and only what lies between them is played.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware.telephony.cadence import Tone, ToneSegment

LONG_PAUSE_MS = 1000
QUIET_MS = 4000
"""After a cadence whose table (Macao, South Africa) has no long pause: it must be possible to talk between [M]."""


@dataclass(frozen=True, slots=True)
class Burst:
    """tone ends by itself. next_s: after how long the next one begins; None: there is none."""

    tone: Tone
    next_s: float | None


def bursts(tone: Tone) -> tuple[tuple[Burst, ...], bool]:
    """The bursts of a call-waiting tone, and whether they repeat."""
    found: list[Burst] = []
    piece: list[ToneSegment] = []
    for segment in tone.segments:
        if segment.hz or 0 < (segment.ms or 0) < LONG_PAUSE_MS:
            piece.append(replace(segment, ms=segment.ms or LONG_PAUSE_MS, once=True))
        elif piece:
            found.append(_burst(tone, piece, segment.ms))
            piece = []
    if piece:
        found.append(_burst(tone, piece, QUIET_MS))
    return tuple(found), not all(segment.once or segment.ms is None for segment in tone.segments)


def _burst(tone: Tone, piece: list[ToneSegment], pause_ms: int | None) -> Burst:
    lasts_ms = sum(segment.ms or 0 for segment in piece)
    return Burst(replace(tone, segments=tuple(piece)), None if pause_ms is None else (lasts_ms + pause_ms) / 1000)


class WaitingTone:
    """play: gives one burst to the telephone's ear; it may leave one out."""

    def __init__(self, tone: Tone, play: Callable[[Tone], None]) -> None:
        self._bursts, self._repeats = bursts(tone)
        self._play = play
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def first_s(self) -> float:
        """How long the first burst lasts."""
        return sum(segment.ms or 0 for segment in self._bursts[0].tone.segments) / 1000

    def start(self) -> None:
        """The first burst at once."""
        self.stop()
        self._next = 0
        self._beep()

    def stop(self) -> None:
        """No more bursts; the present one is not cut short."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beep(self) -> None:
        burst = self._bursts[self._next]
        self._next += 1
        self._play(burst.tone)
        if self._next == len(self._bursts):
            self._next = 0
            if not self._repeats:
                return
        if burst.next_s is not None:
            self._timer = asyncio.get_running_loop().call_later(burst.next_s, self._beep)
