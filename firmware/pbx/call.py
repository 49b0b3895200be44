"""A call: one calling leg, one or more called legs, and what becomes of them.

    trying -> ringing -> talking -> over

The first called leg that answers wins, the others are released as answered elsewhere. When
one end of a talking pair goes, the other is released with its cause. A call may also begin in
the middle, when a transfer brings two legs together (`services/transfer.py`). Nothing here knows
what kind of leg it holds. Who makes calls: `exchange.py`; who hears whom: `connection.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from firmware.pbx.call_account import Account, Records, most_telling
from firmware.pbx.connection import Connection, Joiner, Sounds
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import CallRequest, Destination, Journey, Leg, Party

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What every call needs of the house."""

    media: Joiner
    records: Records
    sounds: Sounds = field(default_factory=Sounds)


class Call:
    """Legs meet here. `cause` is set once it is over; the record is written when its last leg is gone. called: whom the
    caller wants, as dialled, or to whom a transfer leads."""

    def __init__(self, call_id: str, caller: Leg, house: House, called: Party | None = None) -> None:
        self.call_id = call_id
        self.caller = caller
        self.called = called or caller.called
        self.callees: list[Leg] = []
        self.party = self.called
        self.state = "trying"
        self.cause: Cause | None = None
        self.connection = Connection(house.media, house.sounds)
        self.last_resort: Callable[[Call], bool] | None = None
        """Asked when nobody took it: True when it rings somebody else now."""
        self.fall_back: Callable[[Call, Cause], bool] | None = None
        """Asked first when every leg was refused, for the most telling cause: likewise."""
        self.numbers: set[str] = set()  # all that have been rung
        self._caller_waits = False
        self._joined: Leg | None = None
        self._refusals: list[tuple[Cause, Leg]] = []
        self._teller: Leg | None = None
        self._alive: set[Leg] = {caller}
        self._legs: list[Leg] = [caller]
        caller.call_id = call_id
        self.account = Account(house.records, call_id, caller.party.number, self.called.number, caller.leg_id)
        log.info("call %s: %s calls %s", call_id, caller.leg_id, self.called.number)

    # -- from the exchange -------------------------------------------------------------
    def place(self, destination: Destination) -> None:
        """Ring the legs of `destination`, or end the call for its cause."""
        self.party = destination.party
        if destination.cause is not None or not destination.legs:
            self.fail(destination.cause or Cause.SUBSCRIBER_ABSENT)
            return
        self.caller.proceed()
        self.ring(destination, self.caller.journey)

    def ring(self, destination: Destination, journey: Journey) -> None:
        """Ring the legs of `destination` beside those that ring already, each with its share of the breadth (RFC 5393
        5.3.3). journey: how the call came to them."""
        self.numbers.add(destination.party.number)
        self._add(destination.legs)
        if len(destination.legs) > 1:
            journey = replace(journey, breadth=journey.breadth // len(destination.legs))
        caller = self.caller
        request = CallRequest(
            self.call_id, caller.party, destination.party, caller.hops - 1, journey, caller.codecs(), caller.alert
        )
        for leg in destination.legs:
            leg.place(request)

    def ring_instead(self, destination: Destination) -> None:
        """Ring these legs; those that have been rung so far are released."""
        before, self.callees = self.callees, []
        self._refusals.clear()
        self.party = destination.party
        self.ring(destination, self.caller.journey)
        for leg in before:
            leg.release(Cause.NO_ANSWER)

    def go_on_with(self, legs: Sequence[Leg], *, state: str, party: Party, held_by: set[Leg]) -> None:
        """A transfer: the caller, who is connected already, talks with the one of `legs`, or hears that they ring.

        state: "trying", "ringing" or "talking". held_by: those of both ends that hold the other.
        """
        self.state, self.party, self._caller_waits = state, party, state != "talking"
        self._add(legs)
        self.connection.holders |= held_by
        if self._caller_waits:
            self.connection.alert(self.caller)
            return
        self.account.answer()
        self._join(legs[0])

    def give_up(self, leg: Leg) -> None:
        """A transfer takes `leg` away; the call is about to end."""
        self._alive.discard(leg)
        if leg in self.callees:
            self.callees.remove(leg)

    def fail(self, cause: Cause) -> None:
        """The exchange ends the call: nobody there, nobody answers, no such number."""
        self._over(cause, None)

    def end(self, by: Leg) -> None:
        """The exchange ends the call on behalf of `by`, whose leg is not gone by itself."""
        if self.state != "over":
            self._over(Cause.NORMAL_CLEARING, by)

    # -- from the legs -----------------------------------------------------------------
    def ringing(self, leg: Leg) -> None:
        if self.state == "trying" and leg in self.callees:
            self.state = "ringing"
            log.info("call %s: %s rings", self.call_id, leg.leg_id)
            if not self._caller_waits:
                self.caller.show_ringing()

    def progress(self, leg: Leg) -> None:
        """Early media is cut through only when it is clear whose it is."""
        if self.state in {"trying", "ringing"} and self.callees == [leg]:
            self.state = "ringing"
            log.info("call %s: early media from %s", self.call_id, leg.leg_id)
            self._join(leg)
            if not self._caller_waits:
                self.caller.prefer_codecs(leg.codecs())
                self.caller.show_progress()

    def answered(self, leg: Leg) -> None:
        if leg is self.caller and self.state == "talking":
            self.account.answer()
            return
        if self.state not in {"trying", "ringing"} or leg not in self.callees:
            return
        self.state = "talking"
        log.info("call %s: answered by %s after %.1f s", self.call_id, leg.leg_id, now_s() - self.account.began_s)
        if self._caller_waits or not self.caller.connects_later:
            self.account.answer()
        for other in self.callees:
            if other is not leg and other in self._alive:
                other.release(Cause.ANSWERED_ELSEWHERE, elsewhere=True)
        self.callees = [leg]
        if not self._caller_waits:
            self.caller.prefer_codecs(leg.codecs())
            self.caller.accept()
        self._join(leg)

    def signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        """A digit that does not travel in the audio: pass it to the other end of a talking pair."""
        log.debug("call %s: a digit beside the audio from %s", self.call_id, leg.leg_id)
        if (other := self.other_end(leg)) is not None:
            other.send_digit(digit, duration_ms)

    def identified(self, leg: Leg) -> None:
        """Who calls is known only now."""
        if leg is not self.caller or self.state == "over":
            return
        log.info("call %s: the caller is %s", self.call_id, leg.party.number or leg.party.name)
        self.account.name_caller(leg.party.number)
        for callee in self.callees:
            callee.show_caller(leg.party)

    def held(self, leg: Leg, held: bool) -> None:
        """A leg holds the other, which hears the music on hold until both talk again."""
        self.connection.hold(leg, held)
        self.account.hold(bool(self.connection.holders) and self.state == "talking")

    def released(self, leg: Leg, cause: Cause) -> bool:
        """A leg is gone. True when it was the last one: the call can be forgotten."""
        self._alive.discard(leg)
        if self.state != "over":
            if leg is self.caller:
                self._over(cause, leg)
            elif leg in self.callees:
                self.callees.remove(leg)
                self._refusals.append((cause, leg))
                if self.state == "talking":
                    self._over(cause, leg)
                elif not self.callees:
                    self._nobody_took_it(leg)
        if self._alive:
            return False
        pair = (self.caller, self._joined) if self._joined is not None else ()
        self.account.write(self.cause or Cause.NORMAL_CLEARING, self._legs, pair, self._teller)
        return True

    @property
    def legs(self) -> list[Leg]:
        return self._legs

    def other_end(self, leg: Leg) -> Leg | None:
        """Who is joined to `leg`: None before early media or the answer."""
        if leg is self.caller:
            return self._joined
        return self.caller if leg is self._joined else None

    def peer_number(self, leg: Leg) -> str:
        """The number at the other end of `leg`."""
        return self.called.number if leg is self.caller else self.caller.party.number

    # -- inside ------------------------------------------------------------------------
    def _add(self, legs: Sequence[Leg]) -> None:
        self.callees += legs
        self._alive.update(legs)
        self._legs += legs
        for leg in legs:
            leg.call_id = self.call_id

    def _join(self, leg: Leg) -> None:
        self._joined = leg
        for one, other in ((self.caller, leg), (leg, self.caller)):
            if one.steady_ms:
                other.keep_delay(one.steady_ms)
            other.passes_flash = one.serves_flash
        self.connection.join(self.caller, leg)

    def _nobody_took_it(self, last: Leg) -> None:
        """The caller hears of the most telling refusal, and a SIP caller its very status."""
        cause, teller = most_telling(self._refusals)
        if self.fall_back is not None and self.fall_back(self, cause):
            return
        if self.last_resort is not None and self.last_resort(self):
            return
        self.caller.far_status = teller.sip_status
        self._teller = teller
        self._over(cause, last)

    def _over(self, cause: Cause, by: Leg | None) -> None:
        self.account.stop(by)
        self.state = "over"
        self.cause = cause
        who = f" by {by.leg_id}" if by is not None else ""
        log.info("call %s: ended%s, cause %d, %s", self.call_id, who, cause, CAUSES[cause].en)
        self.connection.end()
        for leg in [leg for leg in self._legs if leg in self._alive]:
            leg.release(cause)
