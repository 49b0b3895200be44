"""Routes: numbers lead to fresh legs, or to the cause why not."""

from __future__ import annotations

import pytest

from firmware.pbx.routes import Extension, Routes
from firmware.telephony.cause import Cause
from firmware.telephony.number import Match
from tests.pbx.exchange_bench import ExchangeBench


def test_each_call_gets_a_leg_of_its_own() -> None:
    bench = ExchangeBench()
    caller = bench.leg("fxs1/1")
    one, two = (bench.routes.find("201", caller) for _ in range(2))
    assert one.legs[0] is not two.legs[0]
    assert (one.party.number, one.party.name, one.cause) == ("201", "User 201", None)


def test_no_leg_and_why() -> None:
    bench = ExchangeBench()
    caller = bench.leg("fxs1/1")
    assert bench.routes.find("999", caller).cause is Cause.UNALLOCATED_NUMBER
    assert bench.routes.find("20", caller).cause is Cause.INVALID_NUMBER_FORMAT
    assert bench.routes.find("2011", caller).cause is Cause.UNALLOCATED_NUMBER
    absent = bench.routes.find("203", caller)
    assert (absent.legs, absent.cause) == ([], Cause.SUBSCRIBER_ABSENT)


def test_digits_are_matched_against_the_extensions() -> None:
    bench = ExchangeBench()
    assert bench.routes.match("102") == Match(True, False)
    assert bench.routes.match("20") == Match(False, True)
    assert bench.routes.match("3") == Match(False, False)


def test_a_number_is_given_once() -> None:
    routes = Routes()
    routes.add(Extension("101", "Ana", lambda: Cause.USER_BUSY, is_line=True))
    with pytest.raises(ValueError, match="101 is taken by Ana"):
        routes.add(Extension("101", "Luis", lambda: Cause.USER_BUSY, is_line=False))
