"""Routes to the outside: which numbers leave the house, over which lines, and which line is next when one fails.

`routes.py` asks here for numbers that are none of the house. A trunk is anything that makes a leg for a dialled number:
an exchange line today. Emergency numbers go before everything else and try every line there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg, Party
from firmware.telephony.number import Match

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
    """Numbers that begin with `prefix` leave over `trunks`, the first that is free; `strip` digits are taken off the
    front and `add` is put there."""

    name: str
    prefix: str
    trunks: tuple[str, ...]
    strip: int = 0
    add: str = ""

    def dialled(self, number: str) -> str:
        """What the trunk dials for `number`."""
        return self.add + number[self.strip :]


class TrunkRoutes:
    """All ways out. emergency: numbers that any trunk may dial, also with a route's prefix before them."""

    def __init__(self) -> None:
        self._makers: dict[str, TrunkMaker] = {}
        self._routes: list[OutboundRoute] = []
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
            return self._over(tuple(self._makers), wanted, Party(wanted), emergency=True)
        fitting = [route for route in self._routes if number.startswith(route.prefix) and len(number) > route.strip]
        if not fitting:
            return None
        route = max(fitting, key=lambda route: len(route.prefix))
        return self._over(route.trunks, route.dialled(number), Party(number), emergency=False)

    def _emergency(self, number: str) -> str | None:
        if number in self.emergency:
            return number
        stripped = [number[r.strip :] for r in self._routes if r.strip and number.startswith(r.prefix)]
        return next((rest for rest in stripped if rest in self.emergency), None)

    def _over(self, trunks: Sequence[str], dialled: str, party: Party, *, emergency: bool) -> Destination:
        """A leg of the first trunk that can make one, and the others behind it."""
        causes: list[Cause] = []
        for place, name in enumerate(trunks, 1):
            made = self._makers[name](dialled)
            if isinstance(made, Cause):
                causes.append(made)
                continue
            rest = partial(self._instead, trunks[place:], dialled, party, emergency)
            return Destination([made], party, fall_back=rest)
        busy = Cause.NO_CIRCUIT_AVAILABLE in causes
        return Destination(party=party, cause=Cause.NO_CIRCUIT_AVAILABLE if busy else Cause.NETWORK_OUT_OF_ORDER)

    def _instead(
        self, trunks: Sequence[str], dialled: str, party: Party, emergency: bool, cause: Cause
    ) -> Destination | None:
        """The next line, when the one before was at fault; an emergency call tries on whatever was the matter."""
        if not trunks or not (emergency or cause in LINE_TROUBLES):
            return None
        return self._over(trunks, dialled, party, emergency=emergency)
