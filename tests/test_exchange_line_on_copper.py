"""Calls over an exchange line as both ends notice them, on stepped copper with the true house behind it."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim.dialling import dtmf_sound
from drivers.sim.exchange_line import ExchangeLine, Stage
from drivers.sim.measure_dtmf import digits
from firmware.lines.fxo_leg import FxoLeg
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

TWO_TRUNKS = str(Path(__file__).with_name("two_trunks.toml"))


def live(day: Coroutine[Any, Any, None]) -> None:
    run(day)


async def call_in(house: TrunkHouse) -> None:
    """From the exchange to 101, answered."""
    house.office.ring()
    await house.until("101 rings", lambda: house.sim.copper["fxs1"].line().ringing, 1500)
    await house.pass_ms(300)
    house.sim.copper["fxs1"].lift()
    await house.until("both talk", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 4000)


async def call_out(house: TrunkHouse, number: str = "0912345678") -> None:
    """From 101 to the exchange, dialled; the exchange rings somebody."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    took_ms = house.sim.copper["fxs1"].dial(number)
    await house.pass_ms(round(took_ms))
    await house.until("the exchange has the number", lambda: house.office.stage is Stage.RINGBACK, 15_000)


def closed(house: TrunkHouse) -> None:
    assert house.sim.violations() == []
    house.close()


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

    live(day())
    closed(house)


@pytest.mark.parametrize(("how", "most_ms"), [
    ("loop-break", 300), ("polarity", 300), ("busy-tone", 2500), ("congestion-tone", 9000),
])  # fmt: skip
@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
def test_the_far_ends_hang_up_frees_line_and_telephone(tmp_path: Path, how: str, most_ms: int, outgoing: bool) -> None:
    house = TrunkHouse(tmp_path, habits={"answer_reversal": how == "polarity"})

    async def day() -> None:
        if outgoing:
            await call_out(house)
            await house.pass_ms(2000)
            house.office.answer()
            await house.until("answered", lambda: house.state("fxo1") == "talking", 6000)
        else:
            await call_in(house)
        await house.pass_ms(1000)
        house.office.hang_up(how)
        waited_ms = await house.until("released", lambda: not house.office.wires.now().off_hook, most_ms)
        assert house.state("fxs1") == "busy"
        assert waited_ms >= 80 or how == "polarity"
        await house.until("idle again", lambda: house.state("fxo1") == "idle", 2000)
        assert house.records.ended[0][1].cause is Cause.NORMAL_CLEARING

    live(day())
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

    live(day())
    closed(house)


def test_a_call_out_waits_for_dial_tone_dials_and_is_answered_by_reversal(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, habits={"answer_reversal": True}, options={"answer_by": ("polarity",)})

    async def day() -> None:
        await call_out(house)
        assert house.office.digits == "912345678"
        await house.pass_ms(1000)
        heard = measure.tones(house.sim.copper["fxs1"].heard_last(0.1))
        assert [round(tone.hz) for tone in heard] == [425]  # the exchange's own ringback
        assert house.state("fxo1") == "outgoing"
        house.office.say(measure.sine(300, -15.0, 1.0))  # an announcement is no answer here
        await house.pass_ms(5000)
        assert house.state("fxo1") == "outgoing"
        house.office.answer()
        waited_ms = await house.until("answered", lambda: house.state("fxo1") == "talking", 500)
        assert waited_ms <= 100
        house.sim.copper["fxs1"].hang_up()
        await house.until("released", lambda: house.office.stage is Stage.IDLE, 1000)

    live(day())
    closed(house)


@pytest.mark.parametrize(("rule", "most_ms"), [("voice", 900), ("ringback-end", 5000), ("dialled", 0)])
def test_every_rule_of_answering(tmp_path: Path, rule: str, most_ms: int) -> None:
    house = TrunkHouse(tmp_path, options={"answer_by": (rule,)})

    async def day() -> None:
        await call_out(house)
        if rule == "dialled":
            assert house.state("fxo1") == "talking"
            return
        await house.until("a ring", lambda: bool(house.office.wires.voice.unsaid_ms), 2000)
        await house.pass_ms(2000)
        assert house.state("fxo1") == "outgoing"
        house.office.answer()
        if rule == "voice":
            draw = np.random.default_rng(1)
            house.office.say((draw.normal(0, 2500, 4800)).astype(np.int16))
        await house.until("answered", lambda: house.state("fxo1") == "talking", most_ms)

    live(day())
    closed(house)


@pytest.mark.parametrize(("how", "cause"), [
    ("busy-tone", Cause.USER_BUSY), ("congestion-tone", Cause.SWITCHING_CONGESTION),
])  # fmt: skip
def test_a_call_that_the_exchange_refuses_ends_with_its_cause(tmp_path: Path, how: str, cause: Cause) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_out(house)
        house.office.refuse(how)
        await house.until("released", lambda: house.state("fxo1") == "clearing", 9000)
        assert house.records.ended[0][1].cause is cause

    live(day())
    closed(house)


@pytest.mark.parametrize("coding", ["n", "n+1", "10-n"])
def test_a_call_out_by_pulses(tmp_path: Path, coding: str) -> None:
    house = TrunkHouse(tmp_path, options={"pulses": True, "pulse_coding": coding})

    async def day() -> None:
        await call_out(house, "01905")
        wanted = {"n": "1905", "n+1": "2016", "10-n": "9105"}[coding]
        assert house.office.digits == wanted

    live(day())
    closed(house)


def test_an_unplugged_line_is_refused_within_a_second_and_told(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.office.unplug()
        await house.pass_ms(500)  # not noticed yet
        house.sim.copper["fxs1"].lift()
        leg = house.trunk.make_leg("5")
        assert isinstance(leg, FxoLeg)
        leg.release(Cause.NORMAL_CLEARING)
        await house.pass_ms(400)
        house.sim.copper["fxs1"].dial("05#")
        await house.until("dialled", lambda: len(house.records.begun) == 1, 1500)
        await house.until("refused", lambda: bool(house.records.ended), 1000)
        assert house.records.ended[0][1].cause is Cause.NETWORK_OUT_OF_ORDER
        await house.until("known", lambda: house.state("fxo1") == "dead", 2500)
        texts = house.trunk.alarm.texts()
        assert texts is not None and texts["en"].startswith("There is no voltage on the exchange line")
        assert house.trunk.make_leg("5") is Cause.NETWORK_OUT_OF_ORDER
        house.office.plug()
        await house.until("well again", lambda: house.state("fxo1") == "idle", 1000)
        assert house.trunk.alarm.texts() is None

    live(day())
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

    live(day())
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

    live(day())
    closed(house)


@pytest.mark.parametrize(("rings", "least_ms", "most_ms"), [(1, 300, 600), (2, 4800, 5200), (3, 9300, 9700)])
def test_the_call_is_passed_on_after_so_many_rings(tmp_path: Path, rings: int, least_ms: int, most_ms: int) -> None:
    house = TrunkHouse(tmp_path, options={"rings": rings})

    async def day() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", most_ms)
        assert waited_ms >= least_ms

    live(day())
    closed(house)


def test_british_double_rings_are_one_each(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, exchange="gb", country="uk", options={"rings": 2})

    async def day() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 4000)
        assert waited_ms >= 3200

    live(day())
    closed(house)


def test_a_line_without_dial_tone_is_left_alone_while_the_exchange_holds_a_caller(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, habits={"hold_ms": 60_000})

    async def day() -> None:
        await call_in(house)
        house.sim.copper["fxs1"].hang_up()
        await house.until("idle", lambda: house.state("fxo1") == "idle", 3000)
        assert house.office.stage is Stage.HELD
        await call_out_in_vain(house, Cause.CHANNEL_NOT_AVAILABLE)
        await house.until("released", lambda: house.state("fxo1") == "idle", 2000)
        await house.pass_ms(60_000)
        assert house.office.stage is Stage.IDLE
        house.sim.copper["fxs1"].hang_up()
        await house.pass_ms(500)
        await call_out(house)

    live(day())
    closed(house)


async def call_out_in_vain(house: TrunkHouse, cause: Cause) -> None:
    before = len(house.records.ended)
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    await house.until("refused", lambda: len(house.records.ended) > before, 9000)
    assert house.records.ended[-1][1].cause is cause


def test_two_who_meet_on_the_line_are_both_served(tmp_path: Path) -> None:
    """Glare: the exchange has chosen the line for a caller, its first ring is about to come, and we take the line."""
    house = TrunkHouse(tmp_path, habits={"first_ring_ms": 3000}, options={"target": "102"})

    async def day() -> None:
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(400)
        house.sim.copper["fxs1"].dial("05#")
        await house.pass_ms(200)
        house.office.ring()
        await house.until("who called out is told", lambda: bool(house.records.ended), 8000)
        assert house.records.ended[0][1].cause is Cause.CHANNEL_NOT_AVAILABLE
        await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 500)
        assert house.state("fxo1") == "glared"
        await house.pass_ms(500)
        heard = measure.tones(house.office.wires.voice.heard_last(0.2))
        assert [round(tone.hz) for tone in heard] == [425]  # the caller hears ringback
        house.sim.copper["fxs2"].lift()
        await house.until("they talk", lambda: house.state("fxo1") == house.state("fxs2") == "talking", 500)

    live(day())
    closed(house)


def test_a_call_takes_the_next_line_when_one_is_dead_or_gives_no_dial_tone(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, board=TWO_TRUNKS, options={"target": ""})
    second = house.sim.offices["fxo2"]

    async def day() -> None:
        house.office.unplug()  # not noticed yet when the call comes
        await call_over(house, second)
        house.office.plug()
        house.office.live_by("es", dial=None)
        await house.pass_ms(2000)
        await call_over(house, second)

    live(day())
    closed(house)


async def call_over(house: TrunkHouse, line: ExchangeLine) -> None:
    """From 101 out, until that exchange has the number; then hang up."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    await house.until("the other line dials", lambda: line.digits == "5", 12_000)
    house.sim.copper["fxs1"].hang_up()
    await house.until("all rest", lambda: {house.state(name) for name in house.trunks} <= {"idle", "dead"}, 9000)
    line.digits = ""


def test_emergency_goes_out_at_once(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(400)
        house.sim.copper["fxs1"].dial("112")
        await house.until("dialled", lambda: house.office.digits == "112", 6000)

    live(day())
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
        house.office.say(measure.sine(425, -15.0, 3.5))
        await house.until("dial tone of its own ends it", lambda: house.state("fxo1") == "clearing", 4000)

    live(day())
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

    live(day())
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

    live(day())
    closed(house)
