"""The end of a call at which a caller from outside dials PIN and number: it obeys the dial-in machine.

The exchange of the house joins it to the caller as it joins any called leg; what the machine wants of the rest of the
house goes to `Guide`, which is `dial_in.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from firmware.pbx.connection import Joiner
from firmware.pbx.services.dial_in_machine import Action, DialInMachine, Do, HangUp, Play, Reach, Wait
from firmware.pbx.services.house_leg import HouseLeg
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Leg


class Guide(Protocol):
    """Who sends callers on. Both are called from the loop, never from inside a command."""

    def reach(self, leg: DialInLeg, number: str) -> None: ...
    def to_target(self, leg: DialInLeg) -> None: ...


class DialInLeg(HouseLeg):
    """One stay of a caller; a number that is not reached leads to another one with the same machine."""

    def __init__(
        self, caller: Leg, machine: DialInMachine, guide: Guide, media: Joiner, tones: Mapping[str, Tone]
    ) -> None:
        super().__init__(caller, "dial-in", media)
        self._machine = machine
        self._guide = guide
        self._tones = tones
        self._timer: asyncio.TimerHandle | None = None

    def another(self) -> DialInLeg:
        """The same machine's next stay."""
        return DialInLeg(self.caller, self._machine, self._guide, self._media, self._tones)

    def begin(self) -> None:
        """The caller is connected."""
        self._obey(self._machine.begin(now_s()))

    def digit(self, digit: str) -> None:
        """The caller pressed a key."""
        self._obey(self._machine.digit(digit, now_s()))

    def refused(self, cause: Cause) -> None:
        """The number dialled was not reached."""
        self._obey(self._machine.refused(cause, now_s()))

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if not self.over:
            self._stop_timer()
            self.hush()
        super().release(cause, elsewhere=elsewhere)

    def _obey(self, actions: list[Action]) -> None:
        if self.over:
            return
        if actions:
            self._stop_timer()
        for action in actions:
            match action:
                case Play(tone):
                    self.play(self._tones[tone])
                case Wait(seconds):
                    self._timer = asyncio.get_running_loop().call_later(seconds, self._time_out)
                case Reach(number):
                    asyncio.get_running_loop().call_soon(self._guide.reach, self, number)
                case HangUp(cause):
                    self.release(cause)
                case Do.HUSH:
                    self.hush()
                case Do.TO_TARGET:
                    asyncio.get_running_loop().call_soon(self._guide.to_target, self)

    def _time_out(self) -> None:
        self._timer = None
        self._obey(self._machine.time_out(now_s()))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
