"""Routes: which number leads where.

Extensions register a maker: a function that gives a fresh leg, or the cause why there is
none now (busy, not registered, out of order). The exchange asks `find`; digit collection
of the lines asks `match`, so that a complete, unambiguous number rings at once.
After the extensions come the ways out (`trunk_routes.py`), emergency numbers first. A telephone of the house that was
given an emergency number keeps it, and the emergency stays within reach behind a route's prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.pbx.trunk_routes import TrunkRoutes
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg, Party
from firmware.telephony.number import FixedNumbers, Match

LegMaker = Callable[[], Leg | Cause]


@dataclass(frozen=True, slots=True)
class Extension:
    """One number of the house. is_line: it rings a line port, closed to callers that were not authenticated."""

    number: str
    name: str
    make: LegMaker
    is_line: bool


class Routes:
    """Numbers of the house; one extension a number."""

    def __init__(self) -> None:
        self._extensions: dict[str, Extension] = {}
        self._plan = FixedNumbers(self._extensions.keys())
        self.outside = TrunkRoutes()
        """The ways out of the house."""

    def add(self, extension: Extension) -> None:
        """Raises ValueError when the number is taken."""
        if extension.number in self._extensions:
            raise ValueError(f"number {extension.number} is taken by {self._extensions[extension.number].name}")
        self._extensions[extension.number] = extension

    def match(self, digits: str) -> Match:
        inside, outside = self._plan.match(digits), self.outside.match(digits)
        return Match(inside.complete or outside.complete, inside.more_possible or outside.more_possible)

    def find(self, number: str, caller: Leg) -> Destination:
        """Legs for `number`, not yet placed, or the cause why there are none."""
        extension = self._extensions.get(number)
        if extension is None and (way_out := self._way_out(number, caller)) is not None:
            return way_out
        if extension is None:
            begun = number and self.match(number).more_possible
            cause = Cause.INVALID_NUMBER_FORMAT if begun else Cause.UNALLOCATED_NUMBER
            return Destination(party=Party(number), cause=cause)
        party = Party(number, extension.name)
        if extension.is_line and not caller.may_call_lines:
            return Destination(party=party, cause=Cause.BEARER_NOT_AUTHORISED)
        made = extension.make()
        if isinstance(made, Cause):
            return Destination(party=party, cause=made)
        return Destination([made], party)

    def _way_out(self, number: str, caller: Leg) -> Destination | None:
        if not caller.may_call_lines:
            known = self.outside.match(number)
            refused = Destination(party=Party(number), cause=Cause.BEARER_NOT_AUTHORISED)
            return refused if known.complete or known.more_possible else None
        return self.outside.find(number)
