"""A tiny exchange: joins a calling leg with the registered user it dialled, and takes notes."""

from __future__ import annotations

from typing import Any

from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Journey, Leg


class Bridge:
    """LegListener. agent is set after the agent was made. echo: answer everything by itself at once.

    lines: numbers besides the agent's users; they ring for ever. `told` holds every event as a
    tuple; `manual`: legs that arrive are only remembered.
    """

    def __init__(self, *, echo: bool = False, manual: bool = False, record: bool = True) -> None:
        self.agent: Any = None
        self.told: list[tuple[Any, ...]] = []
        self.arrived: list[Leg] = []
        self.lines: set[str] = set()
        self._echo = echo
        self._manual = manual
        self._record = record
        self._other: dict[Leg, Leg] = {}
        self._serial = 0

    def note(self, *what: Any) -> None:
        if self._record:
            self.told.append(what)

    def names(self) -> list[str]:
        return [entry[0] for entry in self.told]

    def causes(self) -> list[Cause]:
        return [entry[2] for entry in self.told if entry[0] == "released"]

    def leg_arrived(self, leg: Leg) -> None:
        self.note("arrived", leg)
        if self._record:
            self.arrived.append(leg)
        self._serial += 1
        leg.call_id = str(self._serial)
        if self._manual:
            return
        if self._echo:
            leg.show_ringing()
            leg.accept()
            return
        other = self.agent.call_user(leg.called.number)
        if other is None:
            leg.release(Cause.SUBSCRIBER_ABSENT)
            return
        self._other[leg], self._other[other] = other, leg
        other.place(CallRequest(leg.call_id, leg.party, leg.called, leg.hops - 1, leg.journey))

    def leg_ringing(self, leg: Leg) -> None:
        self.note("ringing", leg)
        if leg in self._other:
            self._other[leg].show_ringing()

    def leg_progress(self, leg: Leg) -> None:
        self.note("progress", leg)
        if leg in self._other:
            self._other[leg].show_progress()

    def leg_answered(self, leg: Leg) -> None:
        self.note("answered", leg)
        if leg in self._other:
            self._other[leg].accept()

    def leg_held(self, leg: Leg, held: bool) -> None:
        self.note("held", leg, held)

    def leg_flashed(self, leg: Leg) -> None:
        self.note("flashed", leg)

    def leg_transferred(self, leg: Leg, other: Leg) -> None:
        raise AssertionError("a SIP leg transfers nothing")

    def leg_conference(self, leg: Leg, other: Leg, together: bool) -> None:
        raise AssertionError("a SIP leg brings nothing together")

    def leg_digit(self, leg: Leg, digit: str) -> None:
        self.note("digit", leg, digit)

    def leg_identified(self, leg: Leg) -> None:
        raise AssertionError(f"{leg.leg_id} is not expected to be identified late")

    def leg_signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        self.note("signalled", leg, digit, duration_ms)
        if leg in self._other:
            self._other[leg].send_digit(digit, duration_ms)

    def leg_faxed(self, leg: Leg, number: str) -> None: ...

    def leg_diverted(self, leg: Leg, number: str, journey: Journey) -> bool:
        if number in self.lines:
            self.note("diverted", leg, number, journey)
        return number in self.lines

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        self.note("released", leg, cause)
        other = self._other.pop(leg, None)
        if other is not None:
            self._other.pop(other, None)
            other.far_status = leg.sip_status
            other.release(cause)
