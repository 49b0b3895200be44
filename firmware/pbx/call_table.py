"""Every call there is, by its id and by its legs, and how long each may ring.

`exchange.py` and `services/` work on it; a call itself (`call.py`) knows nothing of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from firmware.pbx.call import Call, House
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg, Party


class CallTable:
    """no_answer_s: how long a call may ring before its caller hears that nobody answers."""

    def __init__(self, house: House, no_answer_s: float) -> None:
        self._house = house
        self._no_answer_s = no_answer_s
        self._calls: dict[str, Call] = {}
        self._by_leg: dict[Leg, Call] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.reached: Callable[[Leg, Destination], None] = lambda caller, destination: None
        """Told whom a caller reaches who was sent on (`services/hand_over.py`)."""

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(list(self._calls.values()))

    def begin(self, caller: Leg, called: Party | None = None) -> Call:
        """A new call. called: see `Call`."""
        call = Call(self._house.records.new_id(), caller, self._house, called)
        self._calls[call.call_id] = call
        self._by_leg[caller] = call
        return call

    def with_id(self, call_id: str) -> Call | None:
        return self._calls.get(call_id)

    def of(self, leg: Leg) -> Call | None:
        """The call `leg` is in."""
        return self._by_leg.get(leg)

    def give(self, legs: Iterable[Leg], call: Call) -> None:
        """These legs are of `call` from now on."""
        for leg in legs:
            self._by_leg[leg] = call

    def released(self, leg: Leg, cause: Cause) -> Call | None:
        """A leg is gone; its call, None when it is in none."""
        call = self._by_leg.pop(leg, None)
        if call is None:
            return None
        last = call.released(leg, cause)
        if call.state == "over":
            self.stop_waiting(call)
        if last:
            self._calls.pop(call.call_id, None)
        return call

    def wait_for_answer(self, call: Call, ring_s: float | None = None) -> None:
        """From now on it may ring for `ring_s`, `no_answer_s` without."""
        self.stop_waiting(call)
        longest_s = self._no_answer_s if ring_s is None else ring_s
        timer = asyncio.get_running_loop().call_later(longest_s, self._nobody_answers, call)
        self._timers[call.call_id] = timer

    def stop_waiting(self, call: Call) -> None:
        if (timer := self._timers.pop(call.call_id, None)) is not None:
            timer.cancel()

    def engaged(self) -> set[str]:
        """Numbers of those who call or talk. What callers unknown or from outside say of themselves does not count:
        another PBX behind an exchange line may have the same numbers."""
        calls = [call for call in self._calls.values() if call.state != "over"]
        talking = {leg.party.number for call in calls if call.state == "talking" for leg in call.callees}
        callers = [call.caller for call in calls]
        return talking | {leg.party.number for leg in callers if leg.is_of_house}

    def debug(self) -> dict[str, int]:
        """Counts that return to zero after calls."""
        return {"calls": len(self._calls), "call_legs": len(self._by_leg), "call_timers": len(self._timers)}

    def _nobody_answers(self, call: Call) -> None:
        self._timers.pop(call.call_id, None)
        if call.state in {"trying", "ringing"} and not (call.last_resort is not None and call.last_resort(call)):
            call.fail(Cause.NO_ANSWER)
