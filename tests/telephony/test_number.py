"""Fixed number plans: complete, and whether more digits could follow."""

from __future__ import annotations

from firmware.telephony.number import FixedNumbers, Match


def test_complete_and_unambiguous_numbers() -> None:
    plan = FixedNumbers({"101", "102", "20", "201"})
    assert plan.match("") == Match(False, True)
    assert plan.match("10") == Match(False, True)
    assert plan.match("101") == Match(True, False)
    assert plan.match("20") == Match(True, True)
    assert plan.match("1019") == Match(False, False)
    assert plan.match("9") == Match(False, False)


def test_the_plan_follows_its_numbers() -> None:
    numbers: dict[str, int] = {}
    plan = FixedNumbers(numbers.keys())
    assert plan.match("101") == Match(False, False)
    numbers["101"] = 1
    assert plan.match("101") == Match(True, False)
