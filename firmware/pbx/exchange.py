"""The exchange: legs meet here, and it knows nothing but legs.

It is the `LegListener` of every line and of the SIP agent. A leg that arrives becomes a
`Call`; `Routes` says which legs to ring; later events of a leg go to its call (`call_table.py`).
What telephones do with two calls at once: `services/`.
"""

from __future__ import annotations

import logging
from typing import Any

from firmware.pbx.call import Call, House
from firmware.pbx.call_account import Records
from firmware.pbx.call_table import CallTable
from firmware.pbx.connection import Joiner, Sounds
from firmware.pbx.fall_back import prepare
from firmware.pbx.routes import Routes
from firmware.pbx.services.codes import ServiceCodes
from firmware.pbx.services.dial_in import DialIn, DialInPlan
from firmware.pbx.services.direct_in import DirectIn, DirectInPlan
from firmware.pbx.services.fax_switch import FaxSwitch
from firmware.pbx.services.subscribers import Subscriber
from firmware.pbx.services.three_way import ThreeWay
from firmware.pbx.services.transfer import Transfer
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Destination, Journey, Leg

log = logging.getLogger(__name__)

CALLS_MOST = 5000
"""Calls at one time; beyond it a caller hears congestion, and memory stays bounded."""


class Exchange:
    """Make one, give it to lines and agent as their listener.

    sounds: what those hear who are on hold or wait. codes: what telephone lines can dial beside numbers.
    dial_in: over which exchange lines callers from outside can dial on, None for none. direct_in: likewise, over which
    the exchange sends digits of the number called.
    """

    def __init__(
        self,
        routes: Routes,
        media: Joiner,
        records: Records,
        *,
        no_answer_s: float = 60.0,
        sounds: Sounds | None = None,
        codes: ServiceCodes | None = None,
        dial_in: DialInPlan | None = None,
        direct_in: DirectInPlan | None = None,
    ) -> None:
        self._routes = routes
        self._codes = codes
        self._calls = CallTable(House(media, records, sounds or Sounds()), no_answer_s)
        routes.engaged = self._calls.engaged
        if codes is not None:
            self._calls.reached = codes.reached
        self._transfer = Transfer(self._calls, routes)
        self._three_way = ThreeWay(self._calls, media)
        self._fax_switch = FaxSwitch(self._calls, routes)
        self._dial_in = DialIn(dial_in or DialInPlan(), self._calls, routes, media)
        self._direct_in = DirectIn(direct_in or DirectInPlan(), self._calls, routes, media)

    # -- LegListener -------------------------------------------------------------------
    def leg_arrived(self, leg: Leg) -> None:
        if self._codes is not None:
            self._codes.resolve(leg)
        self._dial_in.resolve(leg)
        call = self._calls.begin(leg)
        if leg.beside is not None:
            call.account.services["beside"] = leg.beside.call_id
        if len(self._calls) > CALLS_MOST:
            call.fail(Cause.SWITCHING_CONGESTION)
        elif leg.hops < 1:
            call.fail(Cause.EXCHANGE_ROUTING_ERROR)
        else:
            self._route(call)

    def leg_ringing(self, leg: Leg) -> None:
        if call := self._calls.of(leg):
            call.ringing(leg)

    def leg_progress(self, leg: Leg) -> None:
        if call := self._calls.of(leg):
            call.progress(leg)

    def leg_answered(self, leg: Leg) -> None:
        if call := self._calls.of(leg):
            call.answered(leg)
            self._calls.stop_waiting(call)
            self._dial_in.connected(leg)
            self._direct_in.connected(leg)

    def leg_held(self, leg: Leg, held: bool) -> None:
        log.info("call %s: %s %s", leg.call_id, leg.leg_id, "holds" if held else "resumes")
        if call := self._calls.of(leg):
            call.held(leg, held)

    def leg_identified(self, leg: Leg) -> None:
        if call := self._calls.of(leg):
            call.identified(leg)

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """Digits in a call travel in the media engine. No log shows which, they may be a bank's PIN; nor how many there
        are of our own."""
        self._direct_in.digit(leg, digit)
        if not self._dial_in.digit(leg, digit):
            log.debug("call %s: a digit from %s", leg.call_id, leg.leg_id)

    def leg_flashed(self, leg: Leg) -> None:
        """A flash that is no service of the telephone itself (`lines/flash_services.py`): the far end may know it."""
        log.info("call %s: hook flash from %s", leg.call_id, leg.leg_id)
        if (call := self._calls.of(leg)) and (other := call.other_end(leg)) is not None:
            other.send_flash()

    def leg_signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        if call := self._calls.of(leg):
            call.signalled(leg, digit, duration_ms)

    def leg_diverted(self, leg: Leg, number: str, journey: Journey) -> bool:
        """A telephone sent its call on to another number: ring that too, as if the caller had dialled it; but once, for
        a group of which that telephone is one would ring over and over."""
        call = self._calls.of(leg)
        if call is None or call.state not in {"trying", "ringing"} or number in call.numbers:
            return False
        destination = self._routes.find(number, call.caller)
        if destination.cause is not None or not destination.legs:
            return False
        log.info("call %s: %s sends it on to %s", call.call_id, leg.leg_id, number)
        self._calls.give(destination.legs, call)
        call.ring(destination, journey)
        return True

    def leg_faxed(self, leg: Leg, number: str) -> None:
        self._three_way.apart(self._calls.of(leg))
        self._fax_switch.heard(leg, number)

    def leg_transferred(self, leg: Leg, other: Leg) -> None:
        self._three_way.apart(self._calls.of(leg))
        self._transfer.bring_together(leg, other)

    def leg_conference(self, leg: Leg, other: Leg, together: bool) -> None:
        if together:
            self._three_way.together(leg, other)
        else:
            self._three_way.apart(self._calls.of(leg))

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        self._routes.outside.released(leg)
        self._dial_in.released(leg)
        self._direct_in.released(leg)
        call = self._calls.released(leg, cause)
        if call is not None and call.state == "over":
            self._three_way.apart(call)

    # -- for the rest of the house -----------------------------------------------------
    def release_all(self, cause: Cause = Cause.NORMAL_CLEARING) -> None:
        """End every call (core is going down)."""
        for call in self._calls:
            if call.state != "over":
                call.fail(cause)

    def call_of(self, call_id: str) -> Call | None:
        return self._calls.with_id(call_id)

    def subscriber(self, number: str) -> Subscriber | None:
        """What is remembered of that telephone line; None for any other number."""
        return self._codes.subscribers.of(number) if self._codes is not None else None

    def status(self) -> list[dict[str, Any]]:
        """One entry a call that is not over, for `tipring status` and the page.

        held_by: the legs that hold the other end. three_way: the id of the call it is in a conference with, or "".
        """
        return [self._status_of(call) for call in self._calls if call.state != "over"]

    def debug(self) -> dict[str, int]:
        """Counts that return to zero after calls."""
        return {
            **self._calls.debug(),
            "three_way": len(self._three_way),
            "dial_in": len(self._dial_in) + len(self._direct_in),
        }

    # -- inside ------------------------------------------------------------------------
    def _route(self, call: Call) -> None:
        destination = self._destination_of(call)
        self._calls.give(destination.legs, call)
        prepare(self._calls, call, destination)
        call.place(destination)
        if call.state != "over":
            self._calls.wait_for_answer(call, destination.ring_s)

    def _destination_of(self, call: Call) -> Destination:
        ours = self._dial_in.find(call.caller) or self._direct_in.find(call.caller)
        if ours is not None:
            return ours
        if self._codes is None:
            return self._routes.find(call.called.number, call.caller)
        destination = self._codes.find(call.caller) or self._routes.find(call.called.number, call.caller)
        self._codes.remember(call.caller, destination)
        return destination

    def _status_of(self, call: Call) -> dict[str, Any]:
        other = self._three_way.other(call)
        return {
            "id": call.call_id,
            "from": call.caller.party.number,
            "to": call.called.number,
            "state": call.state,
            "since_s": round(now_s() - call.account.began_s, 1),
            "legs": [leg.leg_id for leg in call.legs],
            "held_by": sorted(leg.leg_id for leg in call.connection.holders),
            "three_way": other.call_id if other is not None else "",
        }
