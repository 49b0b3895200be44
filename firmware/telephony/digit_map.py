"""Digit maps: an installer's own patterns of the numbers that can be dialled.

The notation is that of RFC 3435, 2.1.5, one pattern a text: digits with `*` and `#`, `x` for any digit 0 to 9,
`[2-79]` for one of several, `.` after any of these for "none or more of it", `T` at the end for "wait whether more
follows". `lines/dialling.py` asks after every digit; what a setting may hold is checked in `config/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from firmware.telephony.number import DIGITS, Match, NumberPlan

_ANY = frozenset("0123456789")
_TOKEN = re.compile(r"(\[[^]]+\]|[0-9*#x])(\.?)")


class DigitMap:
    """A plan of patterns. Raises ValueError for one that is not of the notation."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [_Pattern(text) for text in patterns]

    def match(self, digits: str) -> Match:
        """What `digits`, dialled so far, are."""
        return _united([pattern.match(digits) for pattern in self._patterns])


class UnitedPlans:
    """Several plans as one: a number of any of them is a number."""

    def __init__(self, *plans: NumberPlan) -> None:
        self._plans = plans

    def match(self, digits: str) -> Match:
        return _united([plan.match(digits) for plan in self._plans])


class _Pattern:
    """One pattern: its elements in order, each a set of digits and whether it may repeat or be left out."""

    def __init__(self, text: str) -> None:
        body = text.removesuffix("T")
        self._waits = body != text
        found = _TOKEN.findall(body)
        if not found or "".join(a + b for a, b in found) != body:
            raise ValueError(f"{text!r} is no pattern of digits, such as 9xxxxxxxx or 00x.T")
        self._elements = [(_digits(token), dot == ".") for token, dot in found]

    def match(self, digits: str) -> Match:
        places = self._skipped({0})
        for digit in digits:
            places = self._skipped({place + (not many) for place, fits, many in self._at(places) if digit in fits})
        complete = len(self._elements) in places
        return Match(complete, any(self._at(places)) or (complete and self._waits))

    def _at(self, places: set[int]) -> list[tuple[int, frozenset[str], bool]]:
        return [(place, *self._elements[place]) for place in places if place < len(self._elements)]

    def _skipped(self, places: set[int]) -> set[int]:
        """These places, and those reached by leaving out what may be left out."""
        reached = set(places)
        for place, (_, many) in enumerate(self._elements):
            if many and place in reached:
                reached.add(place + 1)
        return reached


def _digits(token: str) -> frozenset[str]:
    if token == "x":
        return _ANY
    if not token.startswith("["):
        return frozenset(token)
    listed = re.sub(r"([0-9])-([0-9])", lambda m: "0123456789"[int(m[1]) : int(m[2]) + 1], token[1:-1])
    if not listed or not set(listed) <= DIGITS:
        raise ValueError(f"{token!r} lists no digits, such as [69] or [2-7]")
    return frozenset(listed)


def _united(matches: Sequence[Match]) -> Match:
    return Match(any(m.complete for m in matches), any(m.more_possible for m in matches))
