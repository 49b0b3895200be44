"""Digit collection: digits in, a number out, whether they came as tones or pulses.

The plan (`telephony/number.py`) knows when a number is complete; pauses are timers of
`fxs_machine.py`.
"""

from __future__ import annotations

import enum

from firmware.lines.line_options import RotaryCodes
from firmware.telephony.number import DIGITS, NumberPlan

LONGEST = 32
END = "#"


class Progress(enum.Enum):
    """How far a number has come: READY can be called at once, COMPLETE could still be longer."""

    PARTIAL = enum.auto()
    COMPLETE = enum.auto()
    READY = enum.auto()


class DialledNumber:
    """The digits of one attempt. numbers_known: as in `LineOptions`."""

    def __init__(self, plan: NumberPlan, rotary: RotaryCodes | None = None, *, numbers_known: bool = False) -> None:
        self._plan = plan
        self._codes = _codes(rotary or RotaryCodes())
        self._numbers_known = numbers_known
        self.digits = ""

    def clear(self) -> None:
        self.digits = ""

    def add(self, digit: str, *, by_pulses: bool = False) -> Progress:
        """READY when `#` ends the number, or it is complete and nothing longer begins with it, or it cannot exist.

        digit: one of 0-9 * # A-D; others are ignored. `#` as the first digit is kept, for service codes.
        """
        if digit not in DIGITS:
            return Progress.PARTIAL
        if digit == END and self.digits and not self.digits.startswith(("*", END)):
            return Progress.READY
        self.digits += digit
        if by_pulses:
            self._translate()
        return self._progress()

    def _progress(self) -> Progress:
        match = self._plan.match(self.digits)
        if match.more_possible and len(self.digits) < LONGEST:
            return Progress.COMPLETE if match.complete else Progress.PARTIAL
        service = self.digits.startswith(("*", END))
        ends = match.complete or (self._numbers_known and not service) or len(self.digits) >= LONGEST
        return Progress.READY if ends else Progress.PARTIAL

    def _translate(self) -> None:
        """A rotary set's code becomes the key it stands for, unless a number begins with it."""
        key = self._codes.get(self.digits)
        if key is not None:
            match = self._plan.match(self.digits)
            if not match.complete and not match.more_possible:
                self.digits = key


def _codes(rotary: RotaryCodes) -> dict[str, str]:
    return {code: key for code, key in ((rotary.star, "*"), (rotary.hash, "#")) if code}


def pulsed_digit(counted: str, coding: str) -> str:
    """The digit a rotary dial meant. counted: pulses as the scanner tells them, "0" for ten.

    coding: "n" as nearly everywhere; "n+1" (Sweden) one pulse for 0, ten for 9; "10-n" (New Zealand)
    nine pulses for 1, one for 9, ten for 0.
    """
    if coding == "n+1":
        return str((int(counted) - 1) % 10)
    if coding == "10-n":
        return str((10 - int(counted)) % 10)
    return counted
