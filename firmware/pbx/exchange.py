"""The exchange: legs meet here, and it knows nothing but legs.

It is the `LegListener` of every line and of the SIP agent. A leg that arrives becomes a
`Call`; `Routes` says which legs to ring; later events of a leg go to its call.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from firmware.pbx.call import Call, Joiner, Records
from firmware.pbx.routes import Routes
from firmware.telephony.cause import Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Journey, Leg

log = logging.getLogger(__name__)

CALLS_MOST = 5000
"""Calls at one time; beyond it a caller hears congestion, and memory stays bounded."""


class Exchange:
    """Make one, give it to lines and agent as their listener.

    hold_music: the engine's node that a leg on hold listens to; 0: it hears silence.
    """

    def __init__(
        self, routes: Routes, media: Joiner, records: Records, *, no_answer_s: float = 60.0, hold_music: int = 0
    ) -> None:
        self._routes = routes
        self._media = media
        self._records = records
        self._no_answer_s = no_answer_s
        self._hold_music = hold_music
        self._calls: dict[str, Call] = {}
        self._by_leg: dict[Leg, Call] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # -- LegListener -------------------------------------------------------------------
    def leg_arrived(self, leg: Leg) -> None:
        call = Call(self._records.new_id(), leg, self._media, self._records, self._hold_music)
        self._calls[call.call_id] = call
        self._by_leg[leg] = call
        if len(self._calls) > CALLS_MOST:
            call.fail(Cause.SWITCHING_CONGESTION)
        elif leg.hops < 1:
            call.fail(Cause.EXCHANGE_ROUTING_ERROR)
        else:
            self._route(call)

    def leg_ringing(self, leg: Leg) -> None:
        if call := self._by_leg.get(leg):
            call.ringing(leg)

    def leg_progress(self, leg: Leg) -> None:
        if call := self._by_leg.get(leg):
            call.progress(leg)

    def leg_answered(self, leg: Leg) -> None:
        if call := self._by_leg.get(leg):
            call.answered(leg)
            self._stop_timer(call)

    def leg_held(self, leg: Leg, held: bool) -> None:
        log.info("call %s: %s %s", leg.call_id, leg.leg_id, "holds" if held else "resumes")
        if call := self._by_leg.get(leg):
            call.held(leg, held)

    def leg_digit(self, leg: Leg, digit: str) -> None:
        """Digits in a call travel in the media engine; here they are only noted."""
        log.debug("call %s: digit %s from %s", leg.call_id, digit, leg.leg_id)

    def leg_flashed(self, leg: Leg) -> None:
        """No service answers to it yet: noted, and the call goes on."""
        log.info("call %s: hook flash from %s", leg.call_id, leg.leg_id)

    def leg_signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        if call := self._by_leg.get(leg):
            call.signalled(leg, digit, duration_ms)

    def leg_diverted(self, leg: Leg, number: str, journey: Journey) -> bool:
        """A telephone sent its call on to another number: ring that too, as if the caller had dialled it."""
        call = self._by_leg.get(leg)
        if call is None or call.state not in {"trying", "ringing"}:
            return False
        destination = self._routes.find(number, call.caller)
        if destination.cause is not None or not destination.legs:
            return False
        log.info("call %s: %s sends it on to %s", call.call_id, leg.leg_id, number)
        for new in destination.legs:
            self._by_leg[new] = call
        call.ring(destination, journey)
        return True

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        call = self._by_leg.pop(leg, None)
        if call is None:
            return
        last = call.released(leg, cause)
        if call.state == "over":
            self._stop_timer(call)
        if last:
            self._calls.pop(call.call_id, None)

    # -- for the rest of the house -----------------------------------------------------
    def release_all(self, cause: Cause = Cause.NORMAL_CLEARING) -> None:
        """End every call (core is going down)."""
        for call in list(self._calls.values()):
            if call.state != "over":
                call.fail(cause)

    def call_of(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    def status(self) -> list[dict[str, Any]]:
        """One entry a call that is not over, for `tipring status` and the page."""
        return [
            {
                "id": call.call_id,
                "from": call.caller.party.number,
                "to": call.caller.called.number,
                "state": call.state,
                "since_s": round(now_s() - call.began_s, 1),
                "legs": [leg.leg_id for leg in call.legs],
            }
            for call in self._calls.values()
            if call.state != "over"
        ]

    def debug(self) -> dict[str, int]:
        """Counts that return to zero after calls."""
        return {"calls": len(self._calls), "call_legs": len(self._by_leg), "call_timers": len(self._timers)}

    # -- inside ------------------------------------------------------------------------
    def _route(self, call: Call) -> None:
        destination = self._routes.find(call.caller.called.number, call.caller)
        for leg in destination.legs:
            self._by_leg[leg] = call
        call.place(destination)
        if call.state != "over":
            timer = asyncio.get_running_loop().call_later(self._no_answer_s, self._nobody_answers, call)
            self._timers[call.call_id] = timer

    def _nobody_answers(self, call: Call) -> None:
        self._timers.pop(call.call_id, None)
        if call.state in {"trying", "ringing"}:
            call.fail(Cause.NO_ANSWER)

    def _stop_timer(self, call: Call) -> None:
        timer = self._timers.pop(call.call_id, None)
        if timer is not None:
            timer.cancel()
