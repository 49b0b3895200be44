"""A call: one calling leg, one or more called legs, and what becomes of them.

    trying -> ringing -> talking -> over

The first called leg that answers wins, the others are released as answered elsewhere. When
one end of a talking pair goes, the other is released with its cause. Nothing here knows what
kind of leg it holds. Who makes calls: `exchange.py`.
"""

from __future__ import annotations

import logging
from typing import Protocol

from firmware.pbx.records import CallEnd
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.clock import now_s
from firmware.telephony.leg import CallRequest, Destination, Journey, Leg, LegStats

log = logging.getLogger(__name__)


class Joiner(Protocol):
    """The media engine, as far as a call needs it."""

    def join(self, a_id: int, b_id: int) -> None: ...
    def listen(self, hearer_id: int, heard_id: int) -> None: ...
    def part(self, endpoint_id: int) -> None: ...


class Records(Protocol):
    """Where a call is written down (`records.CallRecords`)."""

    def new_id(self) -> str: ...
    def begin(self, call_id: str, caller: str, called: str, leg: str) -> None: ...
    def answer(self, call_id: str) -> None: ...
    def end(self, call_id: str, end: CallEnd) -> None: ...


class Call:
    """Legs meet here. `cause` is set once it is over; the record is written when its last leg is gone."""

    def __init__(self, call_id: str, caller: Leg, media: Joiner, records: Records, hold_music: int = 0) -> None:
        self.call_id = call_id
        self.caller = caller
        self.callees: list[Leg] = []
        self.party = caller.called
        self.state = "trying"
        self.began_s = now_s()
        self.cause: Cause | None = None
        self._media = media
        self._records = records
        self._hold_music = hold_music
        self._holders: set[Leg] = set()
        self._answered_s = 0.0
        self._talk_ms = 0
        self._hung_up_by = ""
        self._joined: Leg | None = None
        self._refusals: list[tuple[Cause, Leg]] = []
        self._teller: Leg | None = None
        self._alive: set[Leg] = {caller}
        self._legs: list[Leg] = [caller]
        caller.call_id = call_id
        records.begin(call_id, caller.party.number, caller.called.number, caller.leg_id)
        log.info("call %s: %s calls %s", call_id, caller.leg_id, caller.called.number)

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
        """Ring the legs of `destination` beside those that ring already. journey: how the call came to them."""
        self.callees += destination.legs
        self._alive.update(destination.legs)
        self._legs += destination.legs
        caller = self.caller
        request = CallRequest(self.call_id, caller.party, destination.party, caller.hops - 1, journey, caller.codecs())
        for leg in destination.legs:
            leg.call_id = self.call_id
            leg.place(request)

    def fail(self, cause: Cause) -> None:
        """The exchange ends the call: nobody there, nobody answers, no such number."""
        self._over(cause, None)

    # -- from the legs -----------------------------------------------------------------
    def ringing(self, leg: Leg) -> None:
        if self.state == "trying" and leg in self.callees:
            self.state = "ringing"
            log.info("call %s: %s rings", self.call_id, leg.leg_id)
            self.caller.show_ringing()

    def progress(self, leg: Leg) -> None:
        """Early media is cut through only when it is clear whose it is."""
        if self.state in {"trying", "ringing"} and self.callees == [leg]:
            self.state = "ringing"
            log.info("call %s: early media from %s", self.call_id, leg.leg_id)
            self._join(leg)
            self.caller.prefer_codecs(leg.codecs())
            self.caller.show_progress()

    def answered(self, leg: Leg) -> None:
        if self.state not in {"trying", "ringing"} or leg not in self.callees:
            return
        self.state = "talking"
        self._answered_s = now_s()
        self._records.answer(self.call_id)
        log.info("call %s: answered by %s after %.1f s", self.call_id, leg.leg_id, self._answered_s - self.began_s)
        for other in self.callees:
            if other is not leg and other in self._alive:
                other.release(Cause.ANSWERED_ELSEWHERE, elsewhere=True)
        self.callees = [leg]
        self.caller.prefer_codecs(leg.codecs())
        self.caller.accept()
        self._join(leg)

    def signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        """A digit that does not travel in the audio: pass it to the other end of a talking pair."""
        log.debug("call %s: digit %s from %s", self.call_id, digit, leg.leg_id)
        other = self._joined if leg is self.caller else self.caller
        if other is not None and leg in (self.caller, self._joined):
            other.send_digit(digit, duration_ms)

    def held(self, leg: Leg, held: bool) -> None:
        """A leg holds the other, which hears the music on hold until both talk again."""
        if held:
            self._holders.add(leg)
        else:
            self._holders.discard(leg)
        if self._hold_music and self._joined is not None and self.state == "talking":
            self._join(self._joined)

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
        self._write_end()
        return True

    @property
    def legs(self) -> list[Leg]:
        return self._legs

    # -- inside ------------------------------------------------------------------------
    def _join(self, leg: Leg) -> None:
        self._joined = leg
        if self.caller.endpoint and leg.endpoint:
            self._media.join(self.caller.endpoint, leg.endpoint)
            for holder, other in ((self.caller, leg), (leg, self.caller)):
                if self._hold_music and holder in self._holders:
                    self._media.listen(other.endpoint, self._hold_music)

    def _nobody_took_it(self, last: Leg) -> None:
        """The caller hears of the most telling refusal, and a SIP caller its very status."""
        cause, teller = min(self._refusals, key=_telling)
        self.caller.far_status = teller.sip_status
        self._teller = teller
        self._over(cause, last)

    def _over(self, cause: Cause, by: Leg | None) -> None:
        if self.state == "talking":
            self._talk_ms = round((now_s() - self._answered_s) * 1000)
        self.state = "over"
        self.cause = cause
        self._hung_up_by = _side(by)
        who = f" by {by.leg_id}" if by is not None else ""
        log.info("call %s: ended%s, cause %d, %s", self.call_id, who, cause, CAUSES[cause].en)
        if self._joined is not None and self.caller.endpoint:
            self._media.part(self.caller.endpoint)
        for leg in list(self._alive):
            leg.release(cause)

    def _failures(self) -> dict[str, int]:
        """The SIP status of each leg that failed with one; the leg that decided the call comes first."""
        legs = sorted(self._legs, key=lambda leg: leg is not self._teller)
        return {leg.leg_id: leg.sip_status for leg in legs if leg.sip_status}

    def _write_end(self) -> None:
        heard = {leg.leg_id: leg.stats() for leg in (self.caller, self._joined) if leg is not None and self._joined}
        stats = _worse(*heard.values()) if len(heard) == 2 else LegStats()
        expected = stats.packets_received + stats.packets_lost
        self._records.end(
            self.call_id,
            CallEnd(
                cause=self.cause or Cause.NORMAL_CLEARING,
                hung_up_by=self._hung_up_by,
                talk_ms=self._talk_ms,
                legs=" ".join(leg.leg_id for leg in self._legs),
                codec=stats.codec,
                loss=stats.packets_lost / expected if expected else None,
                jitter_ms=stats.jitter_ms,
                mos=stats.mos,
                failures=self._failures(),
                quality={leg_id: figures for leg_id, of in heard.items() if (figures := _figures(of))},
                ports=" ".join(_side(leg) for leg in self._legs if not leg.leg_id.startswith("sip:")),
            ),
        )


def _side(leg: Leg | None) -> str:
    """The port or user of a leg: "fxs1" of "fxs1/3"."""
    return leg.leg_id.rsplit("/", 1)[0] if leg is not None else ""


def _telling(refusal: tuple[Cause, Leg]) -> int:
    """Of several telephones that did not take the call, the caller hears of a busy one or a refusal first."""
    return {Cause.USER_BUSY: 0, Cause.CALL_REJECTED: 1, Cause.NO_ANSWER: 2}.get(refusal[0], 3)


def _figures(stats: LegStats) -> dict[str, str | int | float]:
    """What is known of a leg's audio, for the record; {} without packets."""
    if not stats.packets_received and not stats.packets_lost:
        return {}
    known = {name: getattr(stats, name) for name in LegStats.__slots__}
    return {name: round(v, 4) if isinstance(v, float) else v for name, v in known.items() if v is not None}


def _worse(a: LegStats, b: LegStats) -> LegStats:
    """The figures of the leg that heard worse; a leg without packets knows nothing."""
    known = [s for s in (a, b) if s.packets_received or s.packets_lost]
    if not known:
        return LegStats(codec=a.codec or b.codec)
    return min(known, key=lambda s: s.mos if s.mos is not None else 5.0)
