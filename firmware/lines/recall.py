"""Ringing for somebody who was left behind: a telephone was hung up while it held a call, or while one waited.

A held party is connected already, so that no exchange ends the ringing: it ends by itself after a while, and the
party with it. Who decides that the telephone rings: `flash_services.py`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Event
from firmware.telephony.cause import Cause


class Line(Protocol):
    """The line, as far as it rings."""

    leg: FxsLeg | None

    def feed(self, event: Event) -> None: ...


class Recall:
    """Of one line. patience_s: how long it rings for a held party."""

    def __init__(self, line: Line, patience_s: float) -> None:
        self._line = line
        self._patience_s = patience_s
        self._timer: asyncio.TimerHandle | None = None

    def ring_for(self, leg: FxsLeg) -> None:
        """The line, on hook and idle, rings; `leg` is what it is busy with from now on."""
        self._line.leg = leg
        self._line.feed(Event.CALL_COMES)
        if leg.up and self._line.leg is leg:
            self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._nobody_came, leg)

    def stop(self) -> None:
        """Lifted, or the party has gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _nobody_came(self, leg: FxsLeg) -> None:
        self._timer = None
        if self._line.leg is leg:
            leg.release(Cause.NO_ANSWER)
