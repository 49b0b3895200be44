"""The leg of a telephone on an FXS port: what the exchange says becomes events of the line's machine.

The line owns it, and its calls hear from it through `Line`; what the telephone does with an event stands in
`fxs_machine.py`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from firmware.lines.fxs_machine import Event
from firmware.media.codec_table import TELEPHONE
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import CallRequest, Leg, LegListener, LegStats, Party

_RELEASED = {
    "busy": Event.RELEASED_BUSY,
    "congestion": Event.RELEASED_CONGESTION,
    "sit": Event.RELEASED_UNOBTAINABLE,
}


PULSED_DIGIT_MS = 100
"""How long a pulse-dialled digit is for those who get it as a tone or event; a dial says nothing of it."""


class Line(Protocol):
    """The line, as far as its leg needs it (`fxs_calls.FxsCalls`)."""

    def leg_event(self, leg: FxsLeg, event: Event) -> None: ...
    def leg_ended(self, leg: FxsLeg) -> None: ...
    def play_digit(self, digit: str, ms: int) -> None: ...


class FxsLeg(Leg):
    """One call of one telephone. Events to the exchange go through the loop, never from inside a command.

    up: it was answered. over: it is dead. The endpoint is the telephone's while it is busy with this call, else 0.
    """

    def __init__(self, line: Line, leg_id: str, party: Party, listener: LegListener, endpoint: int) -> None:
        super().__init__(leg_id, party, listener)
        self.line = line
        self.endpoint = endpoint
        self.request = CallRequest("", party, party)
        """What a called leg was asked to do."""
        self.up = False
        self.over = False

    @property
    def rings_for(self) -> CallRequest:
        """What the telephone rings for: a call that came, or one of its own that was held and comes back."""
        return self.request if self.request.call_id else CallRequest(self.call_id, self.called, self.party)

    # -- from the exchange -------------------------------------------------------------
    def proceed(self) -> None:
        self._feed(Event.PROCEEDING)

    def show_ringing(self) -> None:
        self._feed(Event.FAR_END_RINGS)

    def show_progress(self) -> None:
        self._feed(Event.EARLY_MEDIA)

    def accept(self) -> None:
        self.up = True
        self._feed(Event.CONNECTED)

    def place(self, request: CallRequest) -> None:
        self.request = request
        self._feed(Event.CALL_COMES)

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if self.over:
            return
        self._feed(_RELEASED[CAUSES[cause].tone])
        self.ended(cause)

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        """The telephone hears the digit's tones, unless it is busy with another call."""
        if self.endpoint:
            self.line.play_digit(digit, duration_ms)

    def codecs(self) -> tuple[str, ...]:
        return TELEPHONE

    def stats(self) -> LegStats:
        return LegStats()

    # -- from the line -----------------------------------------------------------------
    def ringing(self) -> None:
        self._tell(self.listener.leg_ringing, self)

    def hold(self) -> None:
        """The telephone turns to something else."""
        if self.endpoint:
            self.endpoint = 0
            self._tell(self.listener.leg_held, self, True)

    def resume(self, endpoint: int) -> None:
        """The telephone turns to this call: answers it, or talks on with whom it held."""
        was, self.endpoint = self.endpoint, endpoint
        if not self.up:
            self.up = True
            self._tell(self.listener.leg_answered, self)
        elif not was:
            self._tell(self.listener.leg_held, self, False)

    def joins(self, other: FxsLeg, together: bool) -> None:
        """A conference of three with the other call of the telephone, or out of it."""
        self._tell(self.listener.leg_conference, self, other, together)

    def leaves_to(self, other: FxsLeg) -> None:
        """Leave the far end of this call to that of the other one. The exchange releases both."""
        self.endpoint = other.endpoint = 0
        self._tell(self.listener.leg_transferred, self, other)

    def digit(self, digit: str) -> None:
        self._tell(self.listener.leg_digit, self, digit)

    def signalled(self, digit: str) -> None:
        """A digit that the audio does not carry."""
        self._tell(self.listener.leg_signalled, self, digit, PULSED_DIGIT_MS)

    def flashed(self) -> None:
        self._tell(self.listener.leg_flashed, self)

    def ended(self, cause: Cause) -> None:
        """The leg is over; told once, whoever began it."""
        if self.over:
            return
        self.over = True
        self.endpoint = 0
        self.line.leg_ended(self)
        asyncio.get_running_loop().call_soon(self.listener.leg_released, self, cause)

    def _feed(self, event: Event) -> None:
        if not self.over:
            self.line.leg_event(self, event)

    def _tell(self, listener: object, *args: object) -> None:
        assert callable(listener)
        if not self.over:
            asyncio.get_running_loop().call_soon(listener, *args)
