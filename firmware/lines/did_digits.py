"""A line whose other end is an old PBX: the number that was called is passed on as tones once the PBX has answered.

So one pair of wires serves many extensions (direct inward dialling). The caller's audio is joined afterwards, so he
hears nothing of it. Which numbers lead here: the setting `did` of the line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware.lines.line_options import Trunk

TONE_MS = 100
PAUSE_MS = 50
"""Between two digits, as the engine keeps it. Receivers want 65 ms of tone at most [M: line sheet, section 6]."""


class DidDigits:
    """Of one line. play: towards the PBX; the engine queues what is played before its time."""

    def __init__(self, trunk: Trunk, play: Callable[[str, int], None]) -> None:
        self._trunk = trunk
        self._play = play
        self._timer: asyncio.TimerHandle | None = None

    def pass_on(self, called: str, then: Callable[[], None]) -> None:
        """Play the last digits of `called` after the pause, and go on with `then`; at once for a number without."""
        digits = called[-self._trunk.digits :] if called in self._trunk.numbers and self._trunk.digits else ""
        if digits:
            self._timer = asyncio.get_running_loop().call_later(self._trunk.pause_s, self._send, digits, then)
        else:
            then()

    def stop(self) -> None:
        """The call is over before all was passed on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, digits: str, then: Callable[[], None]) -> None:
        for digit in digits:
            self._play(digit, TONE_MS)
        lasts_s = len(digits) * (TONE_MS + PAUSE_MS) / 1000
        self._timer = asyncio.get_running_loop().call_later(lasts_s, then)
