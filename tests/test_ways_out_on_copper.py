"""Calls out over exchange lines, on stepped copper: dial tone, digits, answer, refusal, the next line, emergencies.

Calls in, and how calls end: `test_exchange_line_on_copper.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim.exchange_line import Stage
from firmware.lines.fxo_leg import FxoLeg
from firmware.telephony.cause import Cause
from tests.exchange_calls import TWO_TRUNKS, call_in, call_out, call_out_in_vain, call_over, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse


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

    run(day())
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

    run(day())
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

    run(day())
    closed(house)


@pytest.mark.parametrize("coding", ["n", "n+1", "10-n"])
def test_a_call_out_by_pulses(tmp_path: Path, coding: str) -> None:
    house = TrunkHouse(tmp_path, options={"pulses": True, "pulse_coding": coding})

    async def day() -> None:
        await call_out(house, "01905")
        wanted = {"n": "1905", "n+1": "2016", "10-n": "9105"}[coding]
        assert house.office.digits == wanted

    run(day())
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

    run(day())
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

    run(day())
    closed(house)


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

    run(day())
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

    run(day())
    closed(house)


def test_emergency_goes_out_at_once(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(400)
        house.sim.copper["fxs1"].dial("112")
        await house.until("dialled", lambda: house.office.digits == "112", 6000)

    run(day())
    closed(house)
