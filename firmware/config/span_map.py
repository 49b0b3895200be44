"""What belongs to which numbers: single ones, ranges and beginnings, found without a look at each of them.

Single numbers and beginnings are dictionaries, ranges a sorted list that is bisected. `inbound_check.py` finds with it
what is claimed twice; `pbx/inbound.py` what is called.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

from firmware.config.number_span import NumberSpan

T = TypeVar("T")
DIGITS_MOST = 16
"""E.164 has 15, and a "+" in front; what is longer was never listed."""


class SpanMap(Generic[T]):
    """From `NumberSpan` to whose it is. A single number may lie in a range, a range in a beginning: ask in turn."""

    def __init__(self) -> None:
        self._alone: dict[str, T] = {}
        self._begun: dict[str, T] = {}
        self._ranges: list[tuple[NumberSpan, T]] = []
        self._firsts: list[tuple[int, str]] = []
        """Length and first number of each of `_ranges`: in this order no number lies between those of one range."""

    def add(self, span: NumberSpan, owner: T) -> T | None:
        """None; or who has one of these numbers in the same manner already, and then nothing is added."""
        if span.prefix or span.first == span.last:
            owners = self._begun if span.prefix else self._alone
            if span.first in owners:
                return owners[span.first]
            owners[span.first] = owner
            return None
        begins = (len(span.first), span.first)
        place = bisect_right(self._firsts, begins)
        for near, whose in self._ranges[max(place - 1, 0) : place + 1]:
            if len(near.first) == begins[0] and near.first <= span.last and span.first <= near.last:
                return whose
        self._firsts.insert(place, begins)
        self._ranges.insert(place, (span, owner))
        return None

    def alone(self, number: str) -> T | None:
        """Whose that number is by itself."""
        return self._alone.get(number)

    def ranged(self, number: str) -> tuple[T, int] | None:
        """Whose range it lies in, and how many numbers after the first."""
        if not 0 < len(number) <= DIGITS_MOST or not number.isascii() or not number.removeprefix("+").isdigit():
            return None
        place = bisect_right(self._firsts, (len(number), number)) - 1
        if place < 0:
            return None
        span, owner = self._ranges[place]
        fits = len(span.first) == len(number) and span.first <= number <= span.last
        return (owner, int(number) - int(span.first)) if fits else None

    def begun(self, number: str) -> T | None:
        """Whose beginning it has, the longest that fits."""
        for length in range(min(len(number), DIGITS_MOST), -1, -1):
            if (owner := self._begun.get(number[:length])) is not None:
                return owner
        return None
