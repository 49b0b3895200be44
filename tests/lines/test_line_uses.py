"""What a port is used for: the line of a fax machine changes nothing, an old PBX gets the number that was called."""

from __future__ import annotations

import asyncio

from firmware.config.line_settings import FxsLineSettings
from firmware.lines.line_options import LineOptions, Trunk
from firmware.lines.profiles import echo_tail_ms, line_options
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.fake_time import run
from tests.lines.line_bench import LineBench, settle

PBX = LineOptions(trunk=Trunk(frozenset({"5301", "5302"}), digits=3, pause_s=0.6))


def options(**said: object) -> LineOptions:
    settings = FxsLineSettings(number="101", **said)  # type: ignore[arg-type]
    return line_options(load_country("es"), settings, jitter_fixed_ms=80)


def test_fax_is_one_setting() -> None:
    fax, telephone = options(use="fax"), options()
    assert (fax.steady_ms, telephone.steady_ms) == (80, 0)
    assert (fax.services.may_wait(), telephone.services.may_wait()) == (False, True)
    assert echo_tail_ms(FxsLineSettings(number="101", use="fax", echo="128")) == 0
    assert echo_tail_ms(FxsLineSettings(number="101", use="telephone", echo="128")) == 128
    assert echo_tail_ms(FxsLineSettings(number="101", echo="off")) == 0
    assert fax.trunk is None


def test_the_legs_of_a_fax_line_ask_for_a_steady_delay() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(steady_ms=100))
        assert (await bench.call_out()).steady_ms == 100
        assert (await LineBench().call_out()).steady_ms == 0

    run(main())


def test_trunk_settings_become_its_role() -> None:
    trunk = options(use="trunk", did=("301", "302"), did_digits=2, did_pause_s=1.5).trunk
    assert trunk == Trunk(frozenset({"301", "302"}), 2, 1.5)
    assert options(did=("301",)).trunk is None


async def rung_for(bench: LineBench, called: str) -> Leg:
    leg = bench.line.make_leg()
    assert isinstance(leg, Leg)
    leg.call_id = "17"
    leg.place(CallRequest("17", Party("201"), Party(called)))
    await settle()
    bench.notes.told.clear()
    bench.lift(ring_trip=True)
    await settle()
    return leg


def test_a_pbx_hears_the_last_digits_after_its_pause_and_then_the_call_is_answered() -> None:
    async def main() -> None:
        bench = LineBench(options=PBX)
        await rung_for(bench, "5302")
        await asyncio.sleep(0.55)
        assert (bench.slot.digits, bench.notes.told) == ([], [])
        await asyncio.sleep(0.1)
        assert (bench.slot.digits, bench.notes.told) == ([("3", 100), ("0", 100), ("2", 100)], [])
        await asyncio.sleep(0.45)
        assert bench.notes.told == [("answered",)]

    run(main())


def test_a_call_to_the_trunks_own_number_is_answered_at_once() -> None:
    async def main() -> None:
        for chosen in (PBX, LineOptions(trunk=Trunk(frozenset({"5301"}), digits=0))):
            bench = LineBench(options=chosen)
            await rung_for(bench, "101" if chosen is PBX else "5301")
            assert (bench.slot.digits, bench.notes.told) == ([], [("answered",)])

    run(main())


def test_a_call_that_ends_meanwhile_leaves_nothing_behind() -> None:
    async def main() -> None:
        for caller_gives_up in (True, False):
            bench = LineBench(options=PBX)
            leg = await rung_for(bench, "5301")
            if caller_gives_up:
                leg.release(Cause.NORMAL_CLEARING)
            else:
                bench.hang_up()
            await asyncio.sleep(5)
            assert bench.slot.digits == [] and [what for what, *_ in bench.notes.told] == ["released"]

    run(main())
