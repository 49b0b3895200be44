"""Ways out: which line, what is dialled, which is next, and that emergencies go before everything else."""

from __future__ import annotations

import pytest

from firmware.pbx.routes import Extension, Routes
from firmware.pbx.trunk_routes import OutboundRoute, TrunkMaker, TrunkRoutes
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from firmware.telephony.number import Match
from tests.pbx.exchange_bench import ExchangeBench

CITY = OutboundRoute("city", "0", ("fxo1", "fxo2"), strip=1)
ABROAD = OutboundRoute("abroad", "00", ("fxo2",), strip=1, add="9")


class Bench:
    """Two lines that note what they dial; `refuse` makes one unable."""

    def __init__(self) -> None:
        self.house = ExchangeBench()
        self.dialled: list[tuple[str, str]] = []
        self.refuse: dict[str, Cause] = {}
        self.routes = Routes()
        for name in ("fxo1", "fxo2"):
            self.routes.outside.add_trunk(name, self._maker(name))
        for route in (CITY, ABROAD):
            self.routes.outside.add_route(route)
        self.routes.outside.emergency = frozenset({"112", "091"})
        self.caller = self.house.leg("fxs1/1")

    def _maker(self, name: str) -> TrunkMaker:
        def make(number: str) -> Leg | Cause:
            if name in self.refuse:
                return self.refuse[name]
            self.dialled.append((name, number))
            return self.house.leg(f"{name}/{len(self.dialled)}")

        return make

    def call(self, number: str) -> tuple[str, Cause | None]:
        """The first line tried, and the cause when there is none."""
        found = self.routes.find(number, self.caller)
        return (found.legs[0].leg_id.partition("/")[0] if found.legs else "", found.cause)


@pytest.mark.parametrize(
    ("number", "line", "dialled"),
    [
        ("0912345678", "fxo1", "912345678"),
        ("0034912", "fxo2", "9034912"),
        ("112", "fxo1", "112"),
        ("0112", "fxo1", "112"),
    ],
)
def test_prefix_strip_and_add(number: str, line: str, dialled: str) -> None:
    bench = Bench()
    assert bench.call(number) == (line, None)
    assert bench.dialled == [(line, dialled)]


@pytest.mark.parametrize(
    ("refuse", "line", "cause"),
    [
        ({"fxo1": Cause.NO_CIRCUIT_AVAILABLE}, "fxo2", None),
        ({"fxo1": Cause.NETWORK_OUT_OF_ORDER}, "fxo2", None),
        ({"fxo1": Cause.NETWORK_OUT_OF_ORDER, "fxo2": Cause.NETWORK_OUT_OF_ORDER}, "", Cause.NETWORK_OUT_OF_ORDER),
        ({"fxo1": Cause.NETWORK_OUT_OF_ORDER, "fxo2": Cause.NO_CIRCUIT_AVAILABLE}, "", Cause.NO_CIRCUIT_AVAILABLE),
    ],
)
def test_a_busy_or_dead_line_is_passed_over(refuse: dict[str, Cause], line: str, cause: Cause | None) -> None:
    bench = Bench()
    bench.refuse = refuse
    assert bench.call("0912") == (line, cause)


@pytest.mark.parametrize(
    ("number", "cause", "next_line"),
    [
        ("0912", Cause.CHANNEL_NOT_AVAILABLE, "fxo2"),
        ("0912", Cause.NETWORK_OUT_OF_ORDER, "fxo2"),
        ("0912", Cause.USER_BUSY, ""),
        ("112", Cause.SWITCHING_CONGESTION, "fxo2"),
    ],
)
def test_a_line_that_fails_when_it_is_taken_gives_way_to_the_next(number: str, cause: Cause, next_line: str) -> None:
    bench = Bench()
    found = bench.routes.find(number, bench.caller)
    assert found.fall_back is not None
    instead = found.fall_back(cause)
    assert (instead.legs[0].leg_id.partition("/")[0] if instead else "") == next_line
    if instead:
        assert instead.fall_back is not None
        assert instead.fall_back(cause) is None


def test_digits_so_far() -> None:
    routes = Bench().routes
    assert routes.match("0") == Match(False, True)
    assert routes.match("0912") == Match(False, True)
    assert routes.match("112") == Match(True, False)
    assert routes.match("0112") == Match(True, False)
    assert routes.match("091") == Match(True, True)  # the police, or the beginning of Madrid
    assert routes.match("5") == Match(False, False)


def test_a_telephone_keeps_its_number_and_strangers_stay_inside() -> None:
    bench = Bench()
    bench.routes.add(Extension("112", "Ana", lambda: Cause.USER_BUSY, is_line=True))
    assert bench.call("112") == ("", Cause.USER_BUSY)
    assert bench.call("0112") == ("fxo1", None)
    bench.caller.may_call_lines = False
    assert bench.call("0912") == ("", Cause.BEARER_NOT_AUTHORISED)
    assert bench.call("0112") == ("", Cause.BEARER_NOT_AUTHORISED)
    assert bench.call("5") == ("", Cause.UNALLOCATED_NUMBER)


def test_without_lines_there_is_no_way_out_and_unknown_lines_are_named() -> None:
    outside = TrunkRoutes()
    outside.emergency = frozenset({"112"})
    assert outside.find("112") is None
    assert outside.match("112") == Match(False, False)
    with pytest.raises(ValueError, match="route city leads over fxo1, there is none"):
        outside.add_route(CITY)
