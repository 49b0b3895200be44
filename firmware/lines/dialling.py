"""Digit collection: digits in, a number out, whether they came as tones or pulses.

The plan (`telephony/number.py`) knows when a number is complete; pauses are timers of
`fxs_machine.py`.
"""

from __future__ import annotations

from firmware.telephony.number import DIGITS, NumberPlan

LONGEST = 32
END = "#"


class DialledNumber:
    """The digits of one attempt. `add` tells when the number can be called at once."""

    def __init__(self, plan: NumberPlan) -> None:
        self._plan = plan
        self.digits = ""

    def clear(self) -> None:
        self.digits = ""

    def add(self, digit: str) -> bool:
        """True when the number is ready: `#` ends it, or it is complete and nothing longer begins with it.

        digit: one of 0-9 * # A-D; others are ignored. `#` as the first digit is kept, for service codes.
        """
        if digit not in DIGITS:
            return False
        if digit == END and self.digits and not self.digits.startswith(("*", END)):
            return True
        self.digits += digit
        match = self._plan.match(self.digits)
        return (match.complete and not match.more_possible) or len(self.digits) >= LONGEST


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
