"""Routes: which number leads where.

Extensions register a maker: a function that gives a fresh leg, or the cause why there is
none now (busy, not registered, out of order). The exchange asks `find`; digit collection
of the lines asks `match`, so that a complete, unambiguous number rings at once.
After the extensions come the ways out (`trunk_routes.py`), emergency numbers first. No telephone has a main emergency
number where there are ways out (`config/cross_check.py`); one that was given a lesser one, such as Belgium's 101, keeps
it, and the emergency stays within reach behind a route's prefix.
A ring group is a number of the house like an extension; its legs ring together, and the call (`call.py`) goes to the
first that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container
from dataclasses import dataclass

from firmware.pbx.call_account import telling
from firmware.pbx.trunk_routes import TrunkRoutes
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg, Party
from firmware.telephony.number import FixedNumbers, Match

LegMaker = Callable[[], Leg | Cause]


@dataclass(frozen=True, slots=True)
class Extension:
    """One number of the house. is_line: it rings a line port, closed to callers that were not authenticated.

    make_free: as a member of a group, a leg only of a telephone that is free, where `make` lets calls wait too.
    """

    number: str
    name: str
    make: LegMaker
    is_line: bool
    make_free: LegMaker | None = None


@dataclass(frozen=True, slots=True)
class RingGroup:
    """A number at which all `members`, numbers of extensions, ring at one time. ring_s: how long, None as ever."""

    number: str
    name: str
    members: tuple[str, ...]
    ring_s: float | None = None


class Routes:
    """Numbers of the house; one extension or group a number."""

    def __init__(self) -> None:
        self._known: dict[str, Extension | RingGroup] = {}
        self._plan = FixedNumbers(self._known.keys())
        self.outside = TrunkRoutes()
        """The ways out of the house."""
        self.engaged: Callable[[], Container[str]] = frozenset
        """Numbers whose telephones a group leaves in peace; set by the exchange."""

    @property
    def numbers(self) -> Collection[str]:
        """Those of the house, as they are at any time."""
        return self._known.keys()

    def add(self, known: Extension | RingGroup) -> None:
        """Raises ValueError when the number is taken."""
        if known.number in self._known:
            raise ValueError(f"number {known.number} is taken by {self._known[known.number].name}")
        self._known[known.number] = known

    def match(self, digits: str, *, outside: bool = True) -> Match:
        """outside: whether the ways out count, too."""
        inside = self._plan.match(digits)
        if not outside:
            return inside
        beyond = self.outside.match(digits)
        return Match(inside.complete or beyond.complete, inside.more_possible or beyond.more_possible)

    def find(self, number: str, caller: Leg, *, outside: bool = True) -> Destination:
        """Legs for `number`, not yet placed, or the cause why there are none. outside: whether it may leave the house;
        a caller who may not hears so, for an emergency number too."""
        known = self._known.get(number)
        allowed = outside and caller.may_call_lines and caller.may_call_out
        way_out = self._way_out(number, allowed) if known is None else None
        if way_out is not None:
            return way_out
        if known is None:
            begun = number and self.match(number).more_possible
            cause = Cause.INVALID_NUMBER_FORMAT if begun else Cause.UNALLOCATED_NUMBER
            return Destination(party=Party(number), cause=cause)
        party = Party(number, known.name)
        if isinstance(known, RingGroup):
            return self._together(known, party, caller)
        made = self._made(known, known.make, caller)
        if isinstance(made, Cause):
            return Destination(party=party, cause=made)
        return Destination([made], party)

    def _together(self, group: RingGroup, party: Party, caller: Leg) -> Destination:
        """Everybody of the group who is free; the caller himself is not."""
        engaged = self.engaged()
        members = [self._known.get(number) for number in group.members]
        made = [
            self._made(member, member.make_free or member.make, caller) if number not in engaged else Cause.USER_BUSY
            for number, member in zip(group.members, members, strict=True)
            if isinstance(member, Extension)
        ]
        legs = [leg for leg in made if isinstance(leg, Leg)]
        if legs:
            return Destination(legs, party, ring_s=group.ring_s)
        causes = [cause for cause in made if isinstance(cause, Cause)]
        return Destination(party=party, cause=min(causes, key=telling, default=Cause.USER_BUSY))

    def _made(self, extension: Extension, make: LegMaker, caller: Leg) -> Leg | Cause:
        if extension.is_line and not caller.may_call_lines:
            return Cause.BEARER_NOT_AUTHORISED
        return make()

    def _way_out(self, number: str, allowed: bool) -> Destination | None:
        if allowed:
            return self.outside.find(number)
        known = self.outside.match(number)
        refused = Destination(party=Party(number), cause=Cause.BEARER_NOT_AUTHORISED)
        return refused if known.complete or known.more_possible else None
