"""Calls over an exchange line as both ends notice them, on stepped copper with the true house behind it.

Calls out: `test_ways_out_on_copper.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sim import measure
from drivers.sim.dialling import dtmf_sound
from drivers.sim.exchange_line import Stage
from drivers.sim.measure_dtmf import digits
from firmware.telephony.cause import Cause
from tests.exchange_calls import call_in, closed, talk
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse


def test_a_call_from_outside_rings_101_is_answered_and_heard_both_ways(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        phone = house.sim.copper["fxs1"]
        house.office.say(measure.sine(1000, -15.0, 0.4))
        await house.pass_ms(300)
        heard = measure.tones(phone.heard_last(0.15))
        assert [(round(t.hz), round(t.dbm0)) for t in heard] == [(1000, -15)]
        phone.say(measure.sine(700, -15.0, 0.4))
        await house.pass_ms(300)
        heard = measure.tones(house.office.wires.voice.heard_last(0.15))
        assert [(round(t.hz), round(t.dbm0)) for t in heard] == [(700, -15)]
        phone.hang_up()
        await house.until("the line is released", lambda: not house.office.wires.now().closed, 500)
        await house.until("idle", lambda: house.state("fxo1") == "idle", 2000)
        (record,) = house.records.ended
        assert record[1].cause is Cause.NORMAL_CLEARING

    run(day())
    closed(house)


@pytest.mark.parametrize(("how", "most_ms"), [
    ("loop-break", 300), ("polarity", 300), ("busy-tone", 2500), ("congestion-tone", 9000),
])  # fmt: skip
@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
def test_the_far_ends_hang_up_frees_line_and_telephone(tmp_path: Path, how: str, most_ms: int, outgoing: bool) -> None:
    house = TrunkHouse(tmp_path, habits={"answer_reversal": how == "polarity"})

    async def day() -> None:
        await talk(house, outgoing=outgoing)
        await house.pass_ms(1000)
        house.office.hang_up(how)
        waited_ms = await house.until("released", lambda: not house.office.wires.now().off_hook, most_ms)
        assert house.state("fxs1") == "busy"
        assert waited_ms >= 80 or how == "polarity"
        await house.until("idle again", lambda: house.state("fxo1") == "idle", 2000)
        assert house.records.ended[0][1].cause is Cause.NORMAL_CLEARING

    run(day())
    closed(house)


@pytest.mark.parametrize("limit", ["silence", "length"])
def test_silence_and_length_end_a_call_at_their_limit(tmp_path: Path, limit: str) -> None:
    options = {"silence_s": 20.0} if limit == "silence" else {}
    house = TrunkHouse(tmp_path, options=options, timers={"max_call_s": 20.0 if limit == "length" else 3600.0})

    async def day() -> None:
        await call_in(house)
        began_ms = 0
        if limit == "silence":
            for _ in range(3):
                house.office.say(measure.sine(800, -15.0, 0.5))
                await house.pass_ms(10_000)
            began_ms = 9_500
        house.office.hang_up("silence")
        waited_ms = await house.until("released", lambda: not house.office.wires.now().off_hook, 25_000)
        assert began_ms + waited_ms == pytest.approx(20_000, abs=1000)

    run(day())
    closed(house)


def test_a_caller_who_gives_up_stops_the_telephone(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.ring()
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 1500)
        await house.pass_ms(2000)
        house.office.stop()
        waited_ms = await house.until("silent", lambda: house.state("fxs1") == "idle", 9000)
        assert waited_ms >= 5000
        assert house.state("fxo1") == "idle"

    run(day())
    closed(house)


def test_a_call_nobody_can_take_rings_on_and_the_line_is_not_used_meanwhile(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(300)
        house.office.ring()
        await house.until("offered and refused", lambda: house.state("fxo1") == "ignored", 1500)
        assert house.trunk.make_leg("5") is Cause.NO_CIRCUIT_AVAILABLE
        await house.pass_ms(5000)
        assert house.office.stage is Stage.RINGING
        house.office.stop()
        await house.until("idle", lambda: house.state("fxo1") == "idle", 9000)

    run(day())
    closed(house)


@pytest.mark.parametrize(("rings", "least_ms", "most_ms"), [(1, 300, 600), (2, 4800, 5200), (3, 9300, 9700)])
def test_the_call_is_passed_on_after_so_many_rings(tmp_path: Path, rings: int, least_ms: int, most_ms: int) -> None:
    house = TrunkHouse(tmp_path, options={"rings": rings})

    async def day() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", most_ms)
        assert waited_ms >= least_ms

    run(day())
    closed(house)


def test_british_double_rings_are_one_each(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, exchange="gb", country="uk", options={"rings": 2})

    async def day() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 4000)
        assert waited_ms >= 3200

    run(day())
    closed(house)


def test_a_flash_reaches_the_exchange_and_its_dial_tone_ends_no_call(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        assert house.trunk.leg is not None
        house.trunk.leg.send_flash()
        await house.pass_ms(800)
        assert house.office.flashes == 1
        assert 90 <= house.office.flash_ms <= 110
        for _ in range(8):
            house.office.say(measure.sine(425, -15.0, 0.5))
            await house.pass_ms(500)
        assert house.state("fxo1") == "talking"
        await house.pass_ms(20_000)
        house.office.say(measure.sine(425, -15.0, 6.5))
        await house.until("dial tone of its own ends it", lambda: house.state("fxo1") == "clearing", 7000)

    run(day())
    closed(house)


def test_digits_go_both_ways_in_a_call(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.sim.copper["fxs1"].dial("5")
        await house.pass_ms(400)
        assert digits(house.office.wires.voice.heard_last(0.4)) == "5"
        house.office.say(dtmf_sound("7"))
        await house.pass_ms(400)
        assert digits(house.sim.copper["fxs1"].heard_last(0.4)) == "7"

    run(day())
    closed(house)


def test_a_chip_that_fails_in_a_call_ends_it_and_comes_back(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.sim.fault("fxo1", "link-lost")
        await house.until("lost", lambda: house.state("fxo1") == "out of service", 500)
        assert house.state("fxs1") == "congestion"
        assert house.records.ended[0][1].cause is Cause.DESTINATION_OUT_OF_ORDER
        house.sim.fault("fxo1", "link-lost", on=False)
        await house.until("back", lambda: house.state("fxo1") == "idle", 10_000)
        house.sim.copper["fxs1"].hang_up()
        await house.pass_ms(1000)
        house.office.wires.put(house.office.wires.now().feed)
        await call_in(house)

    run(day())
    closed(house)
