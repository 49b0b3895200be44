"""The other call of a telephone, which waits, is held, or takes part in a conference, and how the two change places.

`FxsLine.leg` is the call that the telephone is busy with; here is the other one. Only the present leg has the
telephone's endpoint. Who decides that they change: `flash_services.py`; what the telephone hears meanwhile:
`fxs_machine.py`; what becomes of the far ends: `firmware/pbx/services/`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from firmware.lines.flash_table import Other, Situation
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Event, FxsMachine, State
from firmware.lines.recall import Recall
from firmware.lines.waiting_tone import WaitingTone
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party

log = logging.getLogger(__name__)

SHOWN_AFTER_S = 0.03
"""From the waiting tone to the signal that announces the caller's number: up to 50 ms (GR-30) [M]."""


class Line(Protocol):
    """The line, as far as its two calls need it (`fxs_line.FxsLine`)."""

    name: str
    machine: FxsMachine
    leg: FxsLeg | None

    def feed(self, event: Event) -> None: ...
    def play_over(self, tone: Tone) -> None:
        """Play a tone that ends by itself over the call."""

    def show_waiting(self, caller: Party) -> None:
        """Let the telephone show who waits, if it can."""


class OtherCall:
    """Of one line, whose endpoint in the engine is `endpoint`. recall_s: how long it rings for a held party."""

    def __init__(self, line: Line, endpoint: int, waiting_tone: Tone, recall_s: float) -> None:
        self.leg: FxsLeg | None = None
        self.is_ = Other.NONE
        self.recall = Recall(line, recall_s)
        self._line = line
        self._endpoint = endpoint
        self._by_waiting = False
        """The two know each other because one of them waited."""
        self._tone = WaitingTone(waiting_tone, self._beep)

    @property
    def situation(self) -> Situation:
        """Of the telephone with its calls."""
        if self.is_ is Other.NONE:
            return Situation.ALONE
        if self.is_ is Other.WAITING:
            return Situation.WAITED
        if self.is_ is Other.THREE_WAY:
            return Situation.THREE_WAY
        leg = self._line.leg
        if leg is None or not leg.up:
            return Situation.CONSULTING
        return Situation.TWO_CALLERS if self._by_waiting else Situation.TWO_CALLS

    @property
    def held(self) -> FxsLeg | None:
        """The party on hold, for a call that is made beside it."""
        return self.leg if self.is_ is Other.HELD else None

    # -- a call waits ------------------------------------------------------------------
    def wait(self, leg: FxsLeg) -> None:
        """A call for this telephone waits until its user turns to it."""
        self.leg, self.is_ = leg, Other.WAITING
        leg.endpoint = 0

    def alert(self, leg: FxsLeg) -> None:
        """The exchange has placed the waiting call: its caller hears ringback, our user the waiting tone."""
        if leg is self.leg and self.is_ is Other.WAITING:
            log.info("%s: a call waits", self._line.name)
            leg.ringing()
            self._tone.start()
            asyncio.get_running_loop().call_later(self._tone.first_s + SHOWN_AFTER_S, self._show, leg)

    def _show(self, leg: FxsLeg) -> None:
        if leg is self.leg and self.is_ is Other.WAITING and self._line.machine.state is State.TALKING:
            self._line.show_waiting(leg.request.caller)

    def _beep(self, tone: Tone) -> None:
        if self._line.machine.state is State.TALKING:
            self._line.play_over(tone)

    # -- what happens to the two -------------------------------------------------------
    def answered(self) -> None:
        """The telephone that rang was lifted."""
        self.recall.stop()
        if (leg := self._line.leg) is not None:
            leg.resume(self._endpoint)

    def ended(self, leg: FxsLeg) -> None:
        """One of our legs is over."""
        if leg is self._line.leg:
            self._line.leg = None
            self.recall.stop()
            if self.is_ is Other.THREE_WAY:
                self._take_other()
        elif leg is self.leg:
            self.forget()
            if self._line.machine.state is State.ORDERING:
                self.go_on()

    def end(self, cause: Cause) -> None:
        """The other call is over."""
        leg = self.leg
        self.forget()
        if leg is not None:
            leg.ended(cause)

    def forget(self) -> None:
        """There is no other call any more; what became of it is settled elsewhere."""
        self.leg, self.is_, self._by_waiting = None, Other.NONE, False
        self._tone.stop()

    # -- deeds (`flash_table.Deed`) ----------------------------------------------------
    def consult(self) -> None:
        """Hold the present call and give dial tone."""
        self._hold_present()
        self._line.leg = None
        self._line.feed(Event.CONSULTS)

    def ask(self) -> None:
        """Hold the present call until a digit says what is wanted."""
        if (leg := self._line.leg) is not None:
            leg.hold()
        self._line.feed(Event.ASKS)

    def go_on(self) -> None:
        """Back to the present call, with nothing changed."""
        if (leg := self._line.leg) is not None:
            leg.resume(self._endpoint)
            self._line.feed(Event.RESUMED)

    def back(self) -> None:
        """End the present call, if there is one, and take the other."""
        present, self._line.leg = self._line.leg, None
        if present is not None:
            present.ended(Cause.NORMAL_CLEARING)
        self._take_other()

    def swap(self) -> None:
        """Hold the present call and take the other."""
        other, waited = self.leg, self.is_ is Other.WAITING or self._by_waiting
        self._tone.stop()
        self._hold_present()
        self._by_waiting = waited
        self._take(other)

    def refuse(self) -> None:
        """End the other, which hears busy if it waited, and go on."""
        self.end(Cause.USER_BUSY if self.is_ is Other.WAITING else Cause.NORMAL_CLEARING)
        self.go_on()

    def join(self) -> None:
        """All three talk."""
        if self.is_ is Other.WAITING:
            self.swap()
        else:
            self.go_on()
        self.is_ = Other.THREE_WAY
        self._tell_conference(True)

    def split(self) -> None:
        """Out of a conference: hold the other, go on with the present one."""
        self._tell_conference(False)
        self.is_, self._by_waiting = Other.HELD, False
        self.go_on()

    def transfer(self) -> None:
        """Leave the two far ends to each other."""
        held, present = self.leg, self._line.leg
        self.forget()
        self._line.leg = None
        if held is not None and present is not None:
            held.leaves_to(present)

    def transfer_and_stay(self) -> None:
        """Likewise; the telephone, still off hook, hears busy tone."""
        self.transfer()
        self._line.feed(Event.RELEASED_BUSY)

    # -- inside ------------------------------------------------------------------------
    def _hold_present(self) -> None:
        """The present call becomes the other one."""
        self.leg, self.is_ = self._line.leg, Other.HELD
        if self.leg is not None:
            self.leg.hold()

    def _take_other(self) -> None:
        leg = self.leg
        self.forget()
        self._take(leg)

    def _take(self, leg: FxsLeg | None) -> None:
        self._line.leg = leg
        if leg is not None:
            leg.resume(self._endpoint)
        self._line.feed(Event.RESUMED)

    def _tell_conference(self, together: bool) -> None:
        if self._line.leg is not None and self.leg is not None:
            self._line.leg.joins(self.leg, together)
