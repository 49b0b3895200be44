"""The two calls of one telephone: hold, consult, call waiting, return, three-way, transfer, by hook and digit.

`FxsLine.leg` is the call that the telephone is busy with; here is the other one, which waits, is held, or takes
part in a conference. Only the present leg has the telephone's endpoint. What is done when stands in
`flash_table.py`, what the telephone hears meanwhile in `fxs_machine.py`, what becomes of the far ends in
`firmware/pbx/services/`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from firmware.lines.flash_table import HABITS, HUNG_UP, HUNG_UP_WITHOUT_TRANSFER, ORDERS, Deed, Other, Situation
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Event, FxsMachine, State
from firmware.lines.line_options import ServiceRules
from firmware.lines.recall import Recall
from firmware.lines.waiting_tone import WaitingTone
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party

log = logging.getLogger(__name__)

SHOWN_AFTER_S = 0.03
"""From the waiting tone to the signal that announces the caller's number: up to 50 ms (GR-30) [M]."""
_TONES_OF_FAILURE = (State.BUSY, State.CONGESTION, State.UNOBTAINABLE)


class Line(Protocol):
    """The line, as far as its services need it (`fxs_line.FxsLine`)."""

    name: str
    machine: FxsMachine
    leg: FxsLeg | None

    def feed(self, event: Event) -> None: ...
    def play_over(self, tone: Tone) -> None:
        """Play a tone that ends by itself over the call."""

    def show_waiting(self, caller: Party) -> None:
        """Let the telephone show who waits, if it can."""


class FlashServices:
    """Of one line, whose endpoint in the engine is `endpoint`."""

    def __init__(self, line: Line, endpoint: int, waiting_tone: Tone, rules: ServiceRules) -> None:
        self.leg: FxsLeg | None = None
        """The other one."""
        self.is_ = Other.NONE
        self._line = line
        self._endpoint = endpoint
        self._rules = rules
        self._habit = HABITS[rules.habit]
        self._by_waiting = False
        self._tone = WaitingTone(waiting_tone, self._beep)
        self._recall = Recall(line, rules.recall_s)
        self._doing: dict[Deed, Callable[[], None]] = {
            Deed.CONSULT: self._consult,
            Deed.ASK: self._ask,
            Deed.GO_ON: self.go_on,
            Deed.BACK: self._back,
            Deed.SWAP: self._swap,
            Deed.REFUSE: self._refuse,
            Deed.JOIN: self._join,
            Deed.SPLIT: self._split,
            Deed.TRANSFER: self._transfer_and_stay,
        }

    # -- asked by the line -------------------------------------------------------------
    @property
    def situation(self) -> Situation:
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
    def may_wait(self) -> bool:
        """Whether one more call may be told to somebody who talks."""
        leg = self._line.leg
        talks = self._line.machine.state is State.TALKING and leg is not None and leg.up
        return talks and self.is_ is Other.NONE and bool(self._habit) and self._rules.may_wait()

    @property
    def held(self) -> FxsLeg | None:
        """The party on hold, for a call that is made beside it."""
        return self.leg if self.is_ is Other.HELD else None

    def patience_s(self, seconds: float) -> float:
        """How long a tone of failure is heard: not as long as usual while somebody is held."""
        return min(seconds, self._rules.failed_consult_s) if self.is_ is Other.HELD else seconds

    # -- told by the line --------------------------------------------------------------
    def flash(self) -> bool:
        """R was pressed. True when that was for us."""
        situation, state = self.situation, self._line.machine.state
        leg = self._line.leg
        if not self._habit or state is State.ORDERING:
            return False
        if state is State.TALKING and leg is not None and leg.up:
            if leg.passes_flash and situation is Situation.ALONE:
                return False
            self._do(self._habit[situation])
        elif situation is not Situation.ALONE:
            self._do(Deed.BACK)
        else:
            return False
        return True

    def order(self, digit: str) -> None:
        """The digit after R."""
        self._do(ORDERS.get((self.situation, digit), Deed.GO_ON))

    def go_on(self) -> None:
        """Back to the present call after R, with nothing changed."""
        if (leg := self._line.leg) is not None:
            leg.resume(self._endpoint)
            self._line.feed(Event.RESUMED)

    def timed_out(self) -> bool:
        """The tone of a failed consultation was heard long enough: True when the held party is back."""
        if self.is_ is not Other.HELD or self._line.machine.state not in _TONES_OF_FAILURE:
            return False
        self._back()
        return True

    def hang_up(self) -> None:
        """The handset is down: the table's deed, then the line is on hook, then it may ring again."""
        table = HUNG_UP if self._rules.transfer else HUNG_UP_WITHOUT_TRANSFER
        deed = table.get(self.situation)
        if deed is Deed.TRANSFER and self._line.leg is None:
            deed = Deed.RING_BACK  # nobody to transfer to: not dialled yet, or failed
        other, is_ = self.leg, self.is_
        if deed is not None:
            log.info("%s: hung up with a call %s: %s", self._line.name, is_.value, deed.name.lower().replace("_", " "))
        if deed is Deed.TRANSFER:
            self._transfer()
        elif deed is Deed.END_BOTH:
            self.end_other(Cause.NORMAL_CLEARING)
        self._forget()
        self._line.feed(Event.ON_HOOK)
        if deed is Deed.RING_BACK and other is not None:
            self._recall.ring_for(other)

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

    def answered(self) -> None:
        """The telephone that rang was lifted."""
        self._recall.stop()
        if (leg := self._line.leg) is not None:
            leg.resume(self._endpoint)

    def ended(self, leg: FxsLeg) -> None:
        """One of our legs is over."""
        if leg is self._line.leg:
            self._line.leg = None
            self._recall.stop()
            if self.is_ is Other.THREE_WAY:
                self._take_other()
        elif leg is self.leg:
            self._forget()
            if self._line.machine.state is State.ORDERING:
                self.go_on()

    def end_other(self, cause: Cause) -> None:
        """The other call ends with the line."""
        leg = self.leg
        self._forget()
        if leg is not None:
            leg.ended(cause)

    # -- deeds -------------------------------------------------------------------------
    def _do(self, deed: Deed) -> None:
        log.info("%s: flash service: %s", self._line.name, deed.name.lower().replace("_", " "))
        self._doing[deed]()

    def _consult(self) -> None:
        self._hold_present()
        self._line.leg = None
        self._line.feed(Event.CONSULTS)

    def _hold_present(self) -> None:
        """The present call becomes the other one."""
        self.leg, self.is_ = self._line.leg, Other.HELD
        if self.leg is not None:
            self.leg.hold()

    def _ask(self) -> None:
        if (leg := self._line.leg) is not None:
            leg.hold()
        self._line.feed(Event.ASKS)

    def _take_other(self) -> None:
        leg = self.leg
        self._forget()
        self._take(leg)

    def _take(self, leg: FxsLeg | None) -> None:
        self._line.leg = leg
        if leg is not None:
            leg.resume(self._endpoint)
        self._line.feed(Event.RESUMED)

    def _back(self) -> None:
        present, self._line.leg = self._line.leg, None
        if present is not None:
            present.ended(Cause.NORMAL_CLEARING)
        self._take_other()

    def _swap(self) -> None:
        other, waited = self.leg, self.is_ is Other.WAITING or self._by_waiting
        self._tone.stop()
        self._hold_present()
        self._by_waiting = waited
        self._take(other)

    def _refuse(self) -> None:
        self.end_other(Cause.USER_BUSY if self.is_ is Other.WAITING else Cause.NORMAL_CLEARING)
        self.go_on()

    def _join(self) -> None:
        if self.is_ is Other.WAITING:
            self._swap()
        else:
            self.go_on()
        self.is_ = Other.THREE_WAY
        self._tell_conference(True)

    def _split(self) -> None:
        self._tell_conference(False)
        self.is_, self._by_waiting = Other.HELD, False
        self.go_on()

    def _tell_conference(self, together: bool) -> None:
        if self._line.leg is not None and self.leg is not None:
            self._line.leg.joins(self.leg, together)

    def _transfer(self) -> None:
        held, present = self.leg, self._line.leg
        self._forget()
        self._line.leg = None
        if held is not None and present is not None:
            held.leaves_to(present)

    def _transfer_and_stay(self) -> None:
        self._transfer()
        self._line.feed(Event.RELEASED_BUSY)

    # -- inside ------------------------------------------------------------------------
    def _forget(self) -> None:
        self.leg, self.is_, self._by_waiting = None, Other.NONE, False
        self._tone.stop()

    def _beep(self, tone: Tone) -> None:
        if self._line.machine.state is State.TALKING:
            self._line.play_over(tone)
