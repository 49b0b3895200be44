"""Codes of a telephone line: call waiting and do-not-disturb on and off, last number, call return.

A code that switches something is answered by a leg of its own, which plays the confirmation tone and hangs up; one
that cannot be served has the congestion tone. The other two become the number they stand for before the call is
routed, so that its record names it. Settings: `[codes]`; what is remembered: `subscribers.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from firmware.pbx.connection import Joiner
from firmware.pbx.services.house_leg import HouseLeg
from firmware.pbx.services.subscribers import Subscribers
from firmware.telephony.cadence import Tone, ToneSegment
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Destination, Leg, Party
from firmware.telephony.number import FixedNumbers, Match

log = logging.getLogger(__name__)

PAUSE_S = 0.3
"""Before the confirmation, which begins when the finger has left the last key."""
CONFIRM_S = 1.2
_SWITCHES: Mapping[str, tuple[str, bool]] = {
    "call_waiting_on": ("call_waiting", True),
    "call_waiting_off": ("call_waiting", False),
    "do_not_disturb_on": ("do_not_disturb", True),
    "do_not_disturb_off": ("do_not_disturb", False),
}
_REMEMBERED = {"redial": "last_called", "call_return": "last_caller"}


def confirmation_tone(dial: Tone) -> Tone:
    """Three short pieces of the country's dial tone (ITU-T E.182 leaves the cadence of positive tones open) [M]."""
    hz = next(segment.hz for segment in dial.segments if segment.hz)
    pieces = (ToneSegment(hz, 200, once=True), ToneSegment((), 200, once=True))
    return Tone("confirmation", pieces * 3, dial.level_dbm0)


class ServiceCodes:
    """codes: names of `[codes]` with what is dialled for them, "" for none. It is a number plan for the lines too."""

    def __init__(self, codes: Mapping[str, str], subscribers: Subscribers, media: Joiner, confirmation: Tone) -> None:
        self.subscribers = subscribers
        self._names = {code: name for name, code in codes.items() if code}
        self._plan = FixedNumbers(self._names.keys())
        self._media = media
        self._confirmation = confirmation

    def match(self, digits: str) -> Match:
        return self._plan.match(digits)

    def resolve(self, leg: Leg) -> None:
        """Before its call begins: a code for a remembered number becomes that number, but never another code, which
        a caller's number may look like."""
        subscriber, name = self.subscribers.of(leg.party.number), self._name(leg.called.number)
        if subscriber is None or name not in _REMEMBERED or not leg.is_of_house:
            return
        if (number := getattr(subscriber, _REMEMBERED[name])) and not self._name(number):
            log.info("%s: %s: %s", leg.leg_id, name.replace("_", " "), number)
            leg.called = Party(number)

    def find(self, caller: Leg) -> Destination | None:
        """The service that `caller` has dialled; None when it has not, or is no telephone line of the house."""
        number, name = caller.party.number, self._name(caller.called.number)
        if not name or self.subscribers.of(number) is None or not caller.is_of_house:
            return None
        if name in _REMEMBERED:
            return Destination(party=caller.called, cause=Cause.SERVICE_NOT_AVAILABLE)
        switch, on = _SWITCHES[name]
        log.info("%s: %s %s", number, switch.replace("_", " "), "on" if on else "off")
        do = partial(self.subscribers.change, number, **{switch: on})
        return Destination([ServiceLeg(caller, name, do, self._media, self._confirmation)], caller.called)

    def remember(self, caller: Leg, destination: Destination) -> None:
        """A call is about to be placed: who called, and who was called. Not of callers who reach no line anyway."""
        if not caller.may_call_lines:
            return
        if caller.is_of_house and not self._name(caller.called.number):
            self.subscribers.change(caller.party.number, last_called=caller.called.number)
        self.reached(caller, destination)

    def reached(self, caller: Leg, destination: Destination) -> None:
        """The second half of it: whom those may call back that are called."""
        for called in {destination.party.number, *(leg.party.number for leg in destination.legs)}:
            self.subscribers.change(called, last_caller=caller.party.number)

    def _name(self, dialled: str) -> str:
        """A rotary set has no # to end a code with: its pause does."""
        return self._names.get(dialled) or self._names.get(dialled + "#") or ""


class ServiceLeg(HouseLeg):
    """The house answers: it does what was dialled, plays the confirmation tone to the caller and hangs up."""

    def __init__(self, caller: Leg, name: str, do: Callable[[], None], media: Joiner, tone: Tone) -> None:
        super().__init__(caller, f"service:{name}", media)
        self._do = do
        self._tone = tone

    def place(self, request: CallRequest) -> None:
        self._do()
        super().place(request)

    def _answer(self) -> None:
        super()._answer()
        asyncio.get_running_loop().call_later(PAUSE_S, self._confirm)

    def _confirm(self) -> None:
        if self.over:
            return
        self.play(self._tone)
        asyncio.get_running_loop().call_later(CONFIRM_S, self.release, Cause.NORMAL_CLEARING)
