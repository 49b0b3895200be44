"""Digit maps: the notation of RFC 3435, 2.1.5, pattern by pattern and together with other plans."""

from __future__ import annotations

import re
from itertools import product

import pytest

from firmware.telephony.digit_map import DigitMap, UnitedPlans
from firmware.telephony.number import FixedNumbers, Match

SPAIN = DigitMap(["[679]xxxxxxxx", "112", "00x.T", "*xx", "11[68]xxx"])


@pytest.mark.parametrize(
    ("digits", "complete", "more"),
    [
        ("", False, True),
        ("9", False, True),
        ("91234567", False, True),
        ("912345678", True, False),
        ("9123456789", False, False),
        ("112", True, False),
        ("116", False, True),
        ("118118", True, False),
        ("113", False, False),
        ("00", True, True),
        ("0044123", True, True),
        ("5", False, False),
        ("*21", True, False),
        ("*2", False, True),
        ("#", False, False),
    ],
)
def test_a_number_in_spain(digits: str, complete: bool, more: bool) -> None:
    assert SPAIN.match(digits) == Match(complete, more)


def test_the_sign_for_more_makes_a_complete_number_wait() -> None:
    assert DigitMap(["10"]).match("10") == Match(True, False)
    assert DigitMap(["10T"]).match("10") == Match(True, True)
    assert DigitMap(["10T"]).match("101") == Match(False, False)


@pytest.mark.parametrize("pattern", ["1[2-4]5", "1x.", "1.2", "x.1", "[15].2x", "12.3.", "x.x", "1x.2x.3"])
def test_every_pattern_matches_what_its_regular_expression_does(pattern: str) -> None:
    """All strings of up to five of 1 to 5: complete as `re` says; more possible when a longer one is complete."""
    written = re.compile(pattern.replace(".", "*").replace("x", "[0-9]"))
    whole = {"".join(d) for n in range(8) for d in product("12345", repeat=n) if written.fullmatch("".join(d))}
    begun = {number[:n] for number in whole for n in range(len(number))}
    plan = DigitMap([pattern])
    for n in range(6):
        for digits in map("".join, product("12345", repeat=n)):
            assert plan.match(digits) == Match(digits in whole, digits in begun), digits


def test_plans_are_united() -> None:
    plan = UnitedPlans(FixedNumbers({"101", "20"}), DigitMap(["20x"]), FixedNumbers({"112"}))
    assert plan.match("20") == Match(True, True)
    assert plan.match("205") == Match(True, False)
    assert plan.match("1") == Match(False, True)
    assert plan.match("3") == Match(False, False)
    assert UnitedPlans().match("1") == Match(False, False)


@pytest.mark.parametrize("pattern", ["", "T", "a", "[]", "[a]", "1..", "1]", "x-9", "[1-9"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="such as"):
        DigitMap([pattern])
