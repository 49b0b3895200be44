"""What a telephone with two calls does with them: hold, consult, take, leave, join, by hook and digit.

What is done when stands in `flash_table.py`; the deeds themselves, and the other call, in `other_call.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from firmware.lines.flash_table import HABITS, HUNG_UP, HUNG_UP_WITHOUT_TRANSFER, ORDERS, Deed, Other, Situation
from firmware.lines.fxs_leg import FxsLeg
from firmware.lines.fxs_machine import Event, FxsMachine, State
from firmware.lines.line_options import ServiceRules
from firmware.lines.other_call import OtherCall
from firmware.telephony.cause import Cause

log = logging.getLogger(__name__)

_TONES_OF_FAILURE = (State.BUSY, State.CONGESTION, State.UNOBTAINABLE)


class Line(Protocol):
    """The line, as far as its services need it (`fxs_line.FxsLine`)."""

    name: str
    machine: FxsMachine
    leg: FxsLeg | None
    other: OtherCall

    def feed(self, event: Event) -> None: ...


class FlashServices:
    """Of one line."""

    def __init__(self, line: Line, rules: ServiceRules) -> None:
        self._line = line
        self._other = other = line.other
        self._rules = rules
        self._habit = HABITS[rules.habit]
        self._doing: dict[Deed, Callable[[], None]] = {
            Deed.CONSULT: other.consult,
            Deed.ASK: other.ask,
            Deed.GO_ON: other.go_on,
            Deed.BACK: other.back,
            Deed.SWAP: other.swap,
            Deed.REFUSE: other.refuse,
            Deed.JOIN: other.join,
            Deed.SPLIT: other.split,
            Deed.TRANSFER: other.transfer_and_stay,
        }

    # -- asked by the line -------------------------------------------------------------
    @property
    def may_wait(self) -> bool:
        """Whether one more call may be told to somebody who talks."""
        leg = self._line.leg
        talks = self._line.machine.state is State.TALKING and leg is not None and leg.up
        return talks and self._other.is_ is Other.NONE and bool(self._habit) and self._rules.may_wait()

    def patience_s(self, seconds: float) -> float:
        """How long a tone of failure is heard: not as long as usual while somebody is held."""
        return min(seconds, self._rules.failed_consult_s) if self._other.is_ is Other.HELD else seconds

    # -- told by the line --------------------------------------------------------------
    def flash(self) -> bool:
        """R was pressed. True when that was for us."""
        situation, state = self._other.situation, self._line.machine.state
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
        self._do(ORDERS.get((self._other.situation, digit), Deed.GO_ON))

    def timed_out(self) -> bool:
        """The tone of a failed consultation was heard long enough: True when the held party is back."""
        if self._other.is_ is not Other.HELD or self._line.machine.state not in _TONES_OF_FAILURE:
            return False
        self._other.back()
        return True

    def hang_up(self) -> None:
        """The handset is down: the table's deed, then the line is on hook, then it may ring again."""
        table = HUNG_UP if self._rules.transfer else HUNG_UP_WITHOUT_TRANSFER
        other = self._other
        deed = table.get(other.situation)
        if deed is Deed.TRANSFER and self._line.leg is None:
            deed = Deed.RING_BACK  # nobody to transfer to: not dialled yet, or failed
        left = other.leg
        if deed is not None:
            what = deed.name.lower().replace("_", " ")
            log.info("%s: hung up with a call %s: %s", self._line.name, other.is_.value, what)
        if deed is Deed.TRANSFER:
            other.transfer()
        elif deed is Deed.END_BOTH:
            other.end(Cause.NORMAL_CLEARING)
        other.forget()
        self._line.feed(Event.ON_HOOK)
        if deed is Deed.RING_BACK and left is not None:
            other.recall.ring_for(left)

    def _do(self, deed: Deed) -> None:
        log.info("%s: flash service: %s", self._line.name, deed.name.lower().replace("_", " "))
        self._doing[deed]()
