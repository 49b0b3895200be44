"""What who dialled in may not do: go outside by a telephone that sends its calls on; and no log shows a key."""

from __future__ import annotations

import asyncio
import logging

import pytest

from firmware.app_dial_in import dial_in_tones
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.dial_in_people import DIAL_IN, DialInLine, person
from firmware.pbx.trunk_routes import OutboundRoute
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Journey, Party
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle

PIN = "48291306"


def arrive(outside: bool, target: str = "") -> tuple[ExchangeBench, ScriptedLeg]:
    """Ana calls fxo1 over which she can dial in; numbers with 0 go out over fxo2."""
    line = DialInLine("fxo1", target, (person("ana", PIN, outside=outside),))
    bench = ExchangeBench(dial_in=DialInPlan({"fxo1": line}, tones=dial_in_tones(load_country("es"))))
    bench.routes.outside.add_trunk("fxo2", lambda number: bench.leg("fxo2/1"))
    bench.routes.outside.add_route(OutboundRoute("city", "0", ("fxo2",)))
    caller = bench.leg("fxo1/1")
    caller.connects_later = True
    caller.party, caller.called = Party("600123456"), Party(DIAL_IN)
    bench.exchange.leg_arrived(caller)
    return bench, caller


async def key(bench: ExchangeBench, caller: ScriptedLeg, digits: str) -> None:
    for digit in digits:
        bench.exchange.leg_digit(caller, digit)
    await settle()


async def reach_201(bench: ExchangeBench, caller: ScriptedLeg) -> ScriptedLeg:
    await settle()
    bench.exchange.leg_answered(caller)
    await key(bench, caller, PIN + "201#")
    assert bench.made[-1].leg_id == "sip:201/1"
    return bench.made[-1]


@pytest.mark.parametrize("outside", [False, True])
def test_a_telephone_that_sends_calls_outside_does_so_for_those_who_may_call_there(outside: bool) -> None:
    async def main() -> None:
        bench, caller = arrive(outside)
        phone = await reach_201(bench, caller)
        assert bench.exchange.leg_diverted(phone, "0911234567", Journey()) is outside
        assert (bench.made[-1].leg_id == "fxo2/1") is outside
        caller.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


def test_a_telephone_sends_on_within_the_house_for_all() -> None:
    async def main() -> None:
        bench, caller = arrive(outside=False)
        phone = await reach_201(bench, caller)
        assert bench.exchange.leg_diverted(phone, "102", Journey())
        assert bench.made[-1].leg_id == "fxs2/1"
        caller.gone()
        await settle()

    run(main())


def test_no_log_shows_a_key_of_any_stage(caplog: pytest.LogCaptureFixture) -> None:
    """The PIN keyed once more while 201 rings, in its call, and after it: a bank's would show there, too."""
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        bench, caller = arrive(outside=False)
        phone = await reach_201(bench, caller)
        await key(bench, caller, "777")
        bench.exchange.leg_answered(phone)
        await key(bench, caller, "777")
        bench.exchange.leg_signalled(phone, "7", 100)
        phone.gone()
        await key(bench, caller, "777")
        await settle()
        assert bench.leaves_nothing()

    run(main())
    shown = caplog.text.replace("201", "")
    assert "a digit from fxo1/1" in shown and "digit 7" not in shown and "digit 4" not in shown


@pytest.mark.parametrize("stage", ["before the answer", "PIN", "number", "refused", "rings", "talks", "diverted"])
def test_the_far_end_hangs_up_in_each_stage_and_nothing_is_left(stage: str) -> None:
    async def main() -> None:
        bench, caller = arrive(outside=True)
        await settle()
        if stage != "before the answer":
            bench.exchange.leg_answered(caller)
            await key(
                bench, caller, {"PIN": "482", "number": PIN + "20", "refused": "11111119"}.get(stage, PIN + "201#")
            )
        if stage == "talks":
            bench.exchange.leg_answered(bench.made[-1])
        if stage == "diverted":
            assert bench.exchange.leg_diverted(bench.made[-1], "0911234567", Journey())
        caller.gone()
        await asyncio.sleep(300)
        await settle()
        assert bench.leaves_nothing() and not [leg for leg in bench.made if not leg.over]

    run(main())


@pytest.mark.parametrize("number", ["600123456", ""])
def test_many_lines_at_once_have_no_more_tries_than_one(number: str) -> None:
    """One caller, known or not, on eight lines: the PINs come in turn, then the right one on each line."""

    async def main() -> None:
        people = (person("ana", PIN, outside=True, unknown_callers=True),)
        lines = {f"fxo{n}": DialInLine(f"fxo{n}", "", people) for n in range(1, 9)}
        bench = ExchangeBench(dial_in=DialInPlan(lines, tones=dial_in_tones(load_country("es"))))
        callers = [bench.leg(f"{name}/1") for name in lines]
        for caller in callers:
            caller.connects_later = True
            caller.party, caller.called = Party(number), Party(DIAL_IN)
            bench.exchange.leg_arrived(caller)
        await settle()
        for caller in callers:
            bench.exchange.leg_answered(caller)
        for guess in ("11111119", "11111118", "11111117", PIN):
            for caller in callers:
                await key(bench, caller, guess)
            await asyncio.sleep(2.5)
        wrong = sum(end.services.get("wrong_pins", 0) for _, end in bench.records.ended)
        assert wrong == (3 if number else 24), "callers without a number are one a line"
        assert not any("dial_in" in end.services for _, end in bench.records.ended)
        await asyncio.sleep(300)
        assert all(caller.over for caller in callers)

    run(main())
