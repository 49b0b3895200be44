"""Routes to the outside: which numbers leave the house, over which lines, and which line is next when one fails.

`routes.py` asks here for numbers that are none of the house. A trunk is anything that makes a leg for a dialled number:
an exchange line today. Emergency numbers go before everything else and try every line there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from firmware.pbx.line_hunt import LineHunt
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg, Party
from firmware.telephony.number import Match
from firmware.telephony.numbering import Numbering

log = logging.getLogger(__name__)

TrunkMaker = Callable[[str], Leg | Cause]
"""Makes a leg that dials a number, or tells why there is none now."""
LINE_TROUBLES = frozenset(
    {
        Cause.NETWORK_OUT_OF_ORDER,
        Cause.CHANNEL_NOT_AVAILABLE,
        Cause.NO_CIRCUIT_AVAILABLE,
        Cause.DESTINATION_OUT_OF_ORDER,
    }
)
"""The line's own fault: another one may do better. Everything else the called party has said."""


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """Numbers that begin with `prefix` leave over `trunks`, the first that is free in that `order` (`line_hunt.py`);
    `strip` digits are taken off the front, the rest is brought into `form` (`Numbering.as_dialled`), `add` is put
    there. calls_most: at one time; the call beyond takes the next route with the same prefix; 0 is no limit."""

    name: str
    prefix: str
    trunks: tuple[str, ...]
    strip: int = 0
    add: str = ""
    order: str = "ascending"
    calls_most: int = 0
    form: str = ""
    numbering: Numbering = field(default_factory=Numbering)

    def dialled(self, number: str) -> str:
        """What the trunk dials for `number`."""
        return self.add + self.numbering.as_dialled(number[self.strip :], self.form)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What may be tried for a call: `dialled` over `line`. route: None for an emergency call."""

    route: OutboundRoute | None
    line: str
    dialled: str


class TrunkRoutes:
    """All ways out. emergency: numbers that any trunk may dial, also with a route's prefix before them."""

    def __init__(self) -> None:
        self._makers: dict[str, TrunkMaker] = {}
        self._routes: list[OutboundRoute] = []
        self._hunts: dict[str, LineHunt] = {}
        self._legs: dict[Leg, str] = {}
        """Of calls under way that are no emergencies: the name of their route."""
        self.busied_out: set[str] = set()
        """Trunks that no call leaves over; an emergency call tries them last."""
        self.emergency: frozenset[str] = frozenset()

    def add_trunk(self, name: str, make: TrunkMaker) -> None:
        """A line to the outside, in the order in which emergency calls try them."""
        self._makers[name] = make

    def add_route(self, route: OutboundRoute) -> None:
        """Raises ValueError when it names a trunk that does not exist."""
        unknown = [name for name in route.trunks if name not in self._makers]
        if unknown:
            raise ValueError(
                f"route {route.name} leads over {unknown[0]}, there is {', '.join(self._makers) or 'none'}"
            )
        self._hunts[route.name] = LineHunt(route.trunks, route.order)
        self._routes.append(route)

    def match(self, digits: str) -> Match:
        """Outside numbers have no known length: whether one may have begun; only an emergency number is complete."""
        emergency = self._emergency(digits) if self._makers else None
        begun = any(digits.startswith(r.prefix) or r.prefix.startswith(digits) for r in self._routes)
        # With 0 for the outside, 091 is the police and the beginning of Madrid; after the prefix it is only the police.
        return Match(emergency is not None, begun and emergency in (None, digits))

    def find(self, number: str) -> Destination | None:
        """The way out for `number`; None when no route knows it."""
        if self._makers and (wanted := self._emergency(number)) is not None:
            log.warning("emergency call to %s", wanted)
            last = sorted(self._makers, key=self.busied_out.__contains__)
            return self._try([Attempt(None, line, wanted) for line in last], Party(wanted))
        fitting = [route for route in self._routes if number.startswith(route.prefix) and len(number) > route.strip]
        if not fitting:
            return None
        longest = max(len(route.prefix) for route in fitting)
        attempts = [
            Attempt(route, line, route.dialled(number))
            for route in fitting
            if len(route.prefix) == longest
            for line in self._hunts[route.name].lines(number)
            if line not in self.busied_out
        ]
        return self._try(attempts, Party(number))

    def released(self, leg: Leg) -> None:
        """That leg is over, whoever made it: its route may carry another call."""
        self._legs.pop(leg, None)

    def calls(self, route: str) -> int:
        """How many calls are under way on that route."""
        return sum(name == route for name in self._legs.values())

    def _full(self, route: OutboundRoute) -> bool:
        return 0 < route.calls_most <= self.calls(route.name)

    def _emergency(self, number: str) -> str | None:
        if number in self.emergency:
            return number
        stripped = [number[r.strip :] for r in self._routes if r.strip and number.startswith(r.prefix)]
        return next((rest for rest in stripped if rest in self.emergency), None)

    def _try(self, attempts: Sequence[Attempt], party: Party) -> Destination:
        """A leg of the first attempt that makes one, and the others behind it."""
        causes: list[Cause] = []
        for place, attempt in enumerate(attempts, 1):
            route = attempt.route
            full = route is not None and self._full(route)
            made = Cause.NO_CIRCUIT_AVAILABLE if full else self._makers[attempt.line](attempt.dialled)
            if isinstance(made, Cause):
                causes.append(made)
                continue
            if route is not None:
                self._hunts[route.name].taken(attempt.line)
                self._legs[made] = route.name
            return Destination([made], party, fall_back=partial(self._instead, attempts[place:], party))
        busy = Cause.NO_CIRCUIT_AVAILABLE in causes
        return Destination(party=party, cause=Cause.NO_CIRCUIT_AVAILABLE if busy else Cause.NETWORK_OUT_OF_ORDER)

    def _instead(self, attempts: Sequence[Attempt], party: Party, cause: Cause) -> Destination | None:
        """The next line, when the one before was at fault; an emergency call tries on whatever was the matter."""
        if not attempts or not (attempts[0].route is None or cause in LINE_TROUBLES):
            return None
        return self._try(attempts, party)
