"""A called leg behind which nobody is but the house itself: it answers at once, and plays tones to the caller.

Who are one: `codes.ServiceLeg`, `dial_in_leg.DialInLeg`.
"""

from __future__ import annotations

import asyncio

from firmware.pbx.connection import Joiner
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, LegStats, Party


class HouseLeg(Leg):
    """service: the beginning of its id. It has no endpoint: what is heard is played to the caller's."""

    def __init__(self, caller: Leg, service: str, media: Joiner) -> None:
        super().__init__(f"{service}/{caller.leg_id}", Party(caller.called.number), caller.listener)
        self.caller = caller
        self.over = False
        self._media = media

    def place(self, request: CallRequest) -> None:
        asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        if not self.over:
            self.listener.leg_answered(self)

    def play(self, tone: Tone) -> None:
        """From now on the caller hears `tone`."""
        if self.caller.endpoint:
            self._media.play_tone(self.caller.endpoint, tone)

    def hush(self) -> None:
        """The caller hears no tone of ours any more."""
        if self.caller.endpoint:
            self._media.stop_tone(self.caller.endpoint)

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if not self.over:
            self.over = True
            asyncio.get_running_loop().call_soon(self.listener.leg_released, self, cause)

    def stats(self) -> LegStats:
        return LegStats()

    def proceed(self) -> None:
        """Never a calling leg, as the two below."""

    show_ringing = show_progress = accept = proceed
