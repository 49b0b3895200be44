"""Dialled numbers: what a number plan says about the digits so far.

`lines/dialling.py` asks it after each digit, so that a complete number is called at once and not
after a pause; `pbx/routes.py` is the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

DIGITS = frozenset("0123456789*")
"""What a number can be made of; `#` ends it."""
LONGEST = 32
"""Digits at most: E.164 has 15, a feature code or carrier prefix may stand before it."""


@dataclass(frozen=True, slots=True)
class Match:
    """complete: these digits are a number. more_possible: a longer number begins with them."""

    complete: bool
    more_possible: bool

    @property
    def call_now(self) -> bool:
        """A complete number that no further digit could change."""
        return self.complete and not self.more_possible


class NumberPlan(Protocol):
    """Knows which numbers exist."""

    def match(self, digits: str) -> Match:
        """What `digits`, dialled so far, are."""
