"""Caller ID in DTMF digits: a letter, the number, a letter. No name, no date.

Networks differ in the letters; a form is written as they stand, "D-C" or "A-#", and "-#" for none in front. Digits
that stand for an absent number: ETSI ES 200 659 annex and as libspandsp lists them [M-].
"""

from __future__ import annotations

from firmware.lines.caller_id.caller import PRIVATE, Caller

FORMS = ("A-C", "D-C", "A-#", "D-#", "-#", "-C", "-")


def digits(caller: Caller, form: str) -> str:
    """What is dialled to the telephone; "" when the form cannot say that the number is absent.

    form: one of FORMS.
    """
    start, end = form.split("-")
    number = "".join(digit for digit in caller.number if digit.isdigit())
    if number:
        return start + number + end
    if end == "#":
        return f"D{1 if caller.absent == PRIVATE else 3}#"
    if end == "C":
        return f"B{'10' if caller.absent == PRIVATE else '00'}C"
    return ""
