"""Caller ID of a second call, to a telephone that is talking (type 2, GR-575 and EN 300 659-2).

The alert signal asks; a telephone that can show numbers mutes itself and answers with DTMF D (A in some networks);
then come the data. Meanwhile neither end hears the other: the clip lies over the call. One that does not answer has
missed nothing but half a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware.media import clip

ACKNOWLEDGED = "DA"
ANSWER_WITHIN_MS = 420
"""The answer begins within 160 ms and lasts 55 to 65 ms; the rest is the detector and the way through the card."""


class WaitingCall:
    """One exchange with the telephone. play: puts a clip in place of the one before."""

    def __init__(self, play: Callable[[bytes], None], asks: bytes, data: bytes) -> None:
        self._play = play
        self._data = data
        self.answered = False
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later((clip.clip_ms(asks) + ANSWER_WITHIN_MS) / 1000, self._give_up)
        self._waits = True
        play(asks + clip.silence(ANSWER_WITHIN_MS))

    def digit(self, digit: str) -> bool:
        """True when this digit was the telephone's answer, and nobody else's business."""
        if not self._waits or digit not in ACKNOWLEDGED:
            return False
        self.answered, self._waits = True, False
        self._timer.cancel()
        self._play(self._data)
        return True

    def stop(self) -> None:
        """The telephone has hung up, or the call is over."""
        self._timer.cancel()
        self._waits = False

    def _give_up(self) -> None:
        self._waits = False
