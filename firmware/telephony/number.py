"""Dialled numbers: what a number plan says about the digits so far.

`lines/dialling.py` asks it after each digit, so that a complete number is called at once and not
after a pause; `pbx/routes.py` is the plan.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

DIGITS = frozenset("0123456789*#")
"""What a telephone's keys and dial give; the keys A to D belong to no number."""


@dataclass(frozen=True, slots=True)
class Match:
    """complete: these digits are a number. more_possible: a longer number begins with them."""

    complete: bool
    more_possible: bool


class NumberPlan(Protocol):
    """Knows which numbers exist."""

    def match(self, digits: str) -> Match:
        """What `digits`, dialled so far, are."""


class FixedNumbers:
    """A plan of numbers known one by one. `numbers` may grow and shrink while the plan is in use."""

    def __init__(self, numbers: Collection[str]) -> None:
        self._numbers = numbers

    def match(self, digits: str) -> Match:
        longer = any(number.startswith(digits) and number != digits for number in self._numbers)
        return Match(digits in self._numbers, longer)
