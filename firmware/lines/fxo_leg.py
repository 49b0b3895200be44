"""The leg of a call over an exchange line: what the exchange of the house says becomes events of the line's machine.

The line owns it and hears from it through `TrunkLine`; what the line does with an event stands in `fxo_machine.py`.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from firmware.lines.fxo_machine import Event
from firmware.media.codec_table import TELEPHONE
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, LegListener, LegStats, Party


class TrunkLine(Protocol):
    """The line, as far as its leg needs it (`fxo_line.FxoLine`)."""

    def leg_event(self, leg: FxoLeg, event: Event) -> None: ...
    def leg_ended(self, leg: FxoLeg) -> None: ...
    def play_digit(self, digit: str, ms: int) -> None: ...
    def flash(self) -> None: ...


class FxoLeg(Leg):
    """One call over the line. Events to the exchange go through the loop, never from inside a command."""

    def __init__(self, line: TrunkLine, leg_id: str, party: Party, listener: LegListener, endpoint: int) -> None:
        super().__init__(leg_id, party, listener)
        self.line = line
        self.endpoint = endpoint
        self.number = ""
        """Of a called leg: what is dialled on the line."""
        self.over = False
        self.is_fax = False
        """Of a calling leg: a fax's calling tone was heard."""

    # -- from the exchange -------------------------------------------------------------
    def proceed(self) -> None:
        """The exchange's own ringing goes on; nothing to show."""

    def show_ringing(self) -> None:
        self._feed(Event.FAR_END_RINGS)

    def show_progress(self) -> None:
        """Nothing is heard before the line is answered, so that the caller pays for no announcement."""

    def accept(self) -> None:
        self._feed(Event.ACCEPTED)

    def place(self, request: CallRequest) -> None:
        self._feed(Event.CALL_GOES)

    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if self.over:
            return
        self._feed(Event.RELEASED)
        self.ended(cause)

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        """The far party's end hears the digit's tones."""
        if not self.over:
            self.line.play_digit(digit, duration_ms)

    def send_flash(self) -> None:
        """The exchange sees a hook flash: its own services answer."""
        if not self.over:
            self.line.flash()

    def codecs(self) -> tuple[str, ...]:
        return TELEPHONE

    def stats(self) -> LegStats:
        return LegStats()

    # -- from the line -----------------------------------------------------------------
    def tell(self, listener: object, *args: object) -> None:
        """Tell the exchange, unless the leg is over."""
        assert callable(listener)
        if not self.over:
            asyncio.get_running_loop().call_soon(listener, self, *args)

    def ended(self, cause: Cause) -> None:
        """The leg is over; told once, whoever began it."""
        if self.over:
            return
        self.over = True
        self.line.leg_ended(self)
        asyncio.get_running_loop().call_soon(self.listener.leg_released, self, cause)

    def _feed(self, event: Event) -> None:
        if not self.over:
            self.line.leg_event(self, event)
