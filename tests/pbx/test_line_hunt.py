"""The orders in which eight lines are tried, the limit of calls on a way out, and lines that are busied out."""

from __future__ import annotations

import pytest

from firmware.pbx.routes import Routes
from firmware.pbx.trunk_routes import OutboundRoute, TrunkMaker
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Leg
from tests.pbx.exchange_bench import ExchangeBench

EIGHT = tuple(f"fxo{n}" for n in range(1, 9))
NUMBERS = [f"09123456{n:02}" for n in range(40)]


class Bench:
    """Eight lines, each with one call at most; `busy` are in use."""

    def __init__(self, *routes: OutboundRoute) -> None:
        self.house = ExchangeBench()
        self.busy: set[str] = set()
        self.routes = Routes()
        self.tried: list[str] = []
        for name in EIGHT:
            self.routes.outside.add_trunk(name, self._maker(name))
        for route in routes:
            self.routes.outside.add_route(route)
        self.routes.outside.emergency = frozenset({"112"})
        self.caller = self.house.leg("fxs1/1")

    def _maker(self, name: str) -> TrunkMaker:
        def make(number: str) -> Leg | Cause:
            self.tried.append(name)
            if name in self.busy:
                return Cause.NO_CIRCUIT_AVAILABLE
            self.busy.add(name)
            return self.house.leg(f"{name}/1")

        return make

    def find(self, number: str) -> Destination:
        return self.routes.find(number, self.caller)

    def call(self, number: str = "0912") -> int:
        """The line's number, 0 for none. The call goes on."""
        legs = self.find(number).legs
        return int(legs[0].leg_id[3]) if legs else 0

    def short(self, number: str = "0912") -> int:
        """A call that is over at once."""
        found = self.find(number)
        self.over(found)
        return int(found.legs[0].leg_id[3])

    def over(self, found: Destination) -> None:
        self.busy.discard(found.legs[0].leg_id.partition("/")[0])
        self.routes.outside.released(found.legs[0])


def bench_of(order: str) -> Bench:
    return Bench(OutboundRoute("city", "0", EIGHT, strip=1, order=order))


UP, DOWN = [1, 2, 3, 4, 5, 6, 7, 8], [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("order", "one_by_one", "at_once"),
    [
        ("ascending", [1] * 9, UP),
        ("descending", [8] * 9, DOWN),
        ("cyclic", [*UP, 1], UP),
        ("cyclic-descending", [*DOWN, 8], DOWN),
        ("least-recent", [*UP, 1], UP),
        ("most-recent", [1] * 9, UP),
        ("fewest-calls", [*UP, 1], UP),
    ],
)
def test_every_order_over_eight_lines(order: str, one_by_one: list[int], at_once: list[int]) -> None:
    bench = bench_of(order)
    assert [bench.short() for _ in one_by_one] == one_by_one
    bench = bench_of(order)
    assert [bench.call() for _ in range(9)] == [*at_once, 0]  # all eight, and congestion


@pytest.mark.parametrize(
    ("order", "wanted"),
    # Line 1 carried three calls, then line 2 and line 3 one each; 4 to 8 none; lines 4 to 8 are in use.
    [
        ("ascending", 1),
        ("descending", 3),
        ("cyclic", 1),  # from line 4 on, round to 1
        ("cyclic-descending", 2),
        ("least-recent", 1),
        ("most-recent", 3),
        ("fewest-calls", 2),
    ],
)
def test_orders_differ_by_what_lines_have_done(order: str, wanted: int) -> None:
    bench = bench_of(order)
    for line in (1, 1, 1, 2, 3):
        bench.busy = {f"fxo{n}" for n in UP if n != line}
        assert bench.short() == line
    bench.busy = {"fxo4", "fxo5", "fxo6", "fxo7", "fxo8"}
    assert bench.call() == wanted


def test_by_number_the_same_number_takes_the_same_line_and_numbers_spread() -> None:
    bench = bench_of("by-number")
    first = [bench.short(number) for number in NUMBERS]
    assert [bench.short(number) for number in NUMBERS] == first
    assert set(first) == set(UP)
    number = NUMBERS[0]
    bench.busy = {f"fxo{first[0]}"}
    assert bench.call(number) == first[0] % 8 + 1  # the next one up when that one is busy
    assert bench.tried[-2:] == [f"fxo{first[0]}", f"fxo{first[0] % 8 + 1}"]


def test_the_fifth_call_takes_the_next_way_out_and_when_none_is_left_hears_congestion() -> None:
    four = OutboundRoute("four", "0", EIGHT[:6], strip=1, calls_most=4)
    rest = OutboundRoute("rest", "0", EIGHT[6:], strip=1, calls_most=1)
    bench = Bench(four, rest)
    up = [bench.find("0912") for _ in range(4)]
    assert [bench.call() for _ in range(2)] == [7, 0]
    assert bench.tried[-1] == "fxo7"  # lines 5, 6 and 8 are free, and not even asked
    assert bench.find("0912").cause is Cause.NO_CIRCUIT_AVAILABLE
    bench.over(up[1])
    assert bench.call() == 2
    assert bench.routes.outside.calls("four") == 4
    assert bench.call("112") == 5  # an emergency knows no limit
    assert bench.routes.outside.calls("four") == 4


def test_a_way_out_whose_lines_fail_gives_way_to_the_next_with_its_prefix() -> None:
    bench = Bench(
        OutboundRoute("a", "0", ("fxo1",), strip=1, calls_most=1),
        OutboundRoute("b", "0", ("fxo2",), strip=1, add="9"),
    )
    found = bench.find("0912")
    assert found.fall_back is not None
    bench.over(found)
    instead = found.fall_back(Cause.NETWORK_OUT_OF_ORDER)
    assert instead is not None and instead.legs[0].leg_id == "fxo2/1"
    assert found.fall_back(Cause.USER_BUSY) is None


def test_a_line_busied_out_carries_no_call_but_the_last_hope_of_an_emergency() -> None:
    bench = bench_of("ascending")
    bench.routes.outside.busied_out = {"fxo1", "fxo3"}
    assert [bench.call() for _ in range(7)] == [2, 4, 5, 6, 7, 8, 0]
    assert [bench.call("112") for _ in range(3)] == [1, 3, 0]
