"""Dial-in: a caller from outside on some exchange lines dials his PIN, then a number of the house, or out again.

The call is answered by a `DialInLeg`, so the caller's exchange charges from the first tone on. Its record names the
caller and "dial-in", the record of the call that follows whom he reached; the first one points at it (`became`).
Whoever may not dial in rings the line's target, as if there were no dial-in. Settings: `[dial_in.NAME]`, made into a
`DialInPlan` by `firmware/app_dial_in.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from firmware.pbx.call import Call
from firmware.pbx.call_account import side
from firmware.pbx.call_table import CallTable
from firmware.pbx.connection import Joiner
from firmware.pbx.routes import Routes
from firmware.pbx.services.dial_in_bans import CALLER_MOST, DialInBans
from firmware.pbx.services.dial_in_leg import DialInLeg
from firmware.pbx.services.dial_in_machine import DialInMachine, DialInWaits
from firmware.pbx.services.dial_in_people import DIAL_IN, DialInLine, Person, who_has
from firmware.pbx.services.hand_over import hand_over, take_back
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import Destination, Leg, Party
from firmware.telephony.number import Match

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DialInPlan:
    """lines: by name, those with dial-in. tones: `PIN_TONE` and the country's by key."""

    lines: Mapping[str, DialInLine] = field(default_factory=dict)
    bans: DialInBans = field(default_factory=DialInBans)
    tones: Mapping[str, Tone] = field(default_factory=dict)
    waits: DialInWaits = field(default_factory=DialInWaits)


class Visit:
    """One caller who may try: the machine's `Door`."""

    def __init__(self, line: DialInLine, number: str, bans: DialInBans, routes: Routes) -> None:
        self.line = line
        self.person: Person | None = None
        self.wrong = 0
        self.services: dict[str, Any] = {}
        """What the record of the call says beside who called whom: who dialled in, how many wrong PINs."""
        self.leg: DialInLeg | None = None
        self._people = line.open_to(number)
        self._number = number
        self._bans = bans
        self._routes = routes

    @property
    def longest(self) -> int:
        return max((somebody.digits for somebody in self._people), default=0)

    @property
    def tries_left(self) -> int:
        left = self._bans.tries_left(self.line.name, self._number) if self._people else 0
        return min(left, CALLER_MOST - self.wrong)

    def enter(self, pin: str) -> bool:
        found = who_has(pin, self._people)
        if self.tries_left < 1:  # shut meanwhile, by a call on another line
            return False
        if found is None:
            self.wrong += 1
            self.services["wrong_pins"] = self.wrong
            self._bans.wrong(self.line.name, self._number)
        else:
            self.services["dial_in"] = found.name
            self._bans.right(self.line.name, self._number, found.name)
        self.person = found
        return found is not None

    def is_pin(self, digits: str) -> bool:
        return who_has(digits, self.line.people) is not None

    @property
    def outside(self) -> bool:
        return self.person is not None and self.person.outside

    def match(self, number: str) -> Match:
        return self._routes.match(number, outside=self.outside)


class DialIn:
    """The exchange asks it about each call that arrives (`resolve`, `find`), and tells it what callers do."""

    def __init__(self, plan: DialInPlan, calls: CallTable, routes: Routes, media: Joiner) -> None:
        self._plan = plan
        self._calls = calls
        self._routes = routes
        self._media = media
        self._visits: dict[Leg, Visit] = {}

    def __len__(self) -> int:
        return len(self._visits)

    # -- from the exchange -------------------------------------------------------------
    def resolve(self, leg: Leg) -> None:
        """Before its call begins: whoever may not dial in calls the line's target, where there is one."""
        line = self._plan.lines.get(side(leg))
        if line is None or leg.called.number != DIAL_IN:
            return
        visit = Visit(line, leg.party.number, self._plan.bans, self._routes)
        if visit.tries_left < 1:
            log.info("%s: no dial-in for %s", line.name, leg.party.number or "a caller without a number")
            leg.called = Party(line.target or DIAL_IN)
            return
        self._visits[leg] = visit

    def find(self, leg: Leg) -> Destination | None:
        """The dial-in of `leg`; None when it called somebody."""
        visit = self._visits.get(leg)
        if visit is not None:
            visit.leg = DialInLeg(leg, DialInMachine(visit, self._plan.waits), self, self._media, self._plan.tones)
            return Destination([visit.leg], leg.called)
        refused = side(leg) in self._plan.lines and leg.called.number == DIAL_IN
        return Destination(party=leg.called, cause=Cause.CALL_REJECTED) if refused else None

    def connected(self, leg: Leg) -> None:
        """The exchange line of `leg` has been taken: from now on the caller hears us."""
        visit, call = self._visits.get(leg), self._calls.of(leg)
        if visit is not None and visit.leg is not None and call is not None:
            visit.services = call.account.services
            visit.leg.begin()

    def digit(self, leg: Leg, digit: str) -> bool:
        """Whether the digit was for us: then no log tells of it."""
        visit = self._visits.get(leg)
        if visit is None or visit.leg is None or visit.leg.over:
            return False
        visit.leg.digit(digit)
        return True

    def released(self, leg: Leg) -> None:
        """That leg is over."""
        self._visits.pop(leg, None)

    # -- from the machine --------------------------------------------------------------
    def reach(self, leg: DialInLeg, number: str) -> None:
        """Ring `number` for the caller at `leg`, or tell him by its tone that it cannot be had."""
        visit, call = self._visits.get(leg.caller), self._calls.of(leg)
        if visit is None or call is None or leg.over:
            return
        leg.caller.may_call_out = visit.outside  # nor by way of a telephone that sends its calls on
        if visit.is_pin(number):  # dialled once more: no log and no exchange shall get to know it
            destination = Destination(cause=Cause.UNALLOCATED_NUMBER)
        else:
            destination = self._routes.find(number, leg.caller, outside=visit.outside)
        if destination.cause is not None or not destination.legs:
            cause = destination.cause or Cause.SUBSCRIBER_ABSENT
            log.info("call %s: dial-in: refused, cause %d, %s", call.call_id, cause, CAUSES[cause].en)
            leg.refused(cause)
            return
        self._send_on(visit, call, destination, again=True)

    def to_target(self, leg: DialInLeg) -> None:
        """Nothing was dialled: the line's target rings."""
        visit, call = self._visits.get(leg.caller), self._calls.of(leg)
        if visit is None or call is None or leg.over:
            return
        target = visit.line.target
        destination = self._routes.find(target, leg.caller, outside=False) if target else None
        if destination is None or not destination.legs:
            leg.release(Cause.INVALID_NUMBER_FORMAT)
            return
        self._send_on(visit, call, destination, again=False)

    # -- inside ------------------------------------------------------------------------
    def _send_on(self, visit: Visit, call: Call, destination: Destination, *, again: bool) -> None:
        """again: when it is not reached, the caller may dial another number."""
        desk, visit.leg = visit.leg, None
        back = partial(self._not_reached, visit, desk) if again and desk is not None else None
        new = hand_over(self._calls, call, destination, dict(visit.services), back)
        log.info("call %s: dial-in: goes on as call %s", call.call_id, new.call_id)

    def _not_reached(self, visit: Visit, before: DialInLeg, call: Call, cause: Cause) -> bool:
        """Busy, nobody there or no line free: that call ends for the cause, its caller hears so and dials again."""
        if call.caller not in self._visits:
            return False
        visit.leg = before.another()
        new = take_back(self._calls, call, visit.leg, DIAL_IN, cause)
        new.account.services.update(visit.services)
        visit.services = new.account.services
        visit.leg.refused(cause)
        return True
