"""What the people at two simulated telephones notice, on stepped copper with the true house behind it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure, measure_ringing
from drivers.sim.dialling import RotaryDial
from drivers.sim.phone import Phone
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.stepped_house import SteppedHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SteppedHouse]:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path)
    yield house
    assert house.sim.violations() == []
    house.close()


def live(day: Coroutine[Any, Any, None]) -> None:
    run(day)


def phones(house: SteppedHouse) -> tuple[Phone, Phone]:
    return house.sim.copper["fxs1"], house.sim.copper["fxs2"]


async def talk(house: SteppedHouse) -> None:
    """fxs1 calls fxs2."""
    one, two = phones(house)
    one.lift()
    await house.pass_ms(400)
    one.dial("102")
    await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
    await house.pass_ms(200)
    two.lift()
    await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)


def heard_hz(phone: Phone) -> list[int]:
    return [round(tone.hz) for tone in measure.tones(phone.heard_last(0.15))]


@pytest.mark.parametrize("pulses_per_s", [8.0, 10.0, 11.0])
def test_a_rotary_dial_makes_a_call(house: SteppedHouse, pulses_per_s: float) -> None:
    async def day() -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(400)
        took_ms = one.pulse_dial("102", RotaryDial(pulses_per_s, 0.6, 800))
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", round(took_ms) + 500)

    live(day())


def test_spains_ringing_reaches_the_telephone(house: SteppedHouse) -> None:
    async def day() -> None:
        one, two = phones(house)
        one.lift()
        await house.pass_ms(400)
        one.dial("102")
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
        await house.pass_ms(6300)
        seen = measure_ringing.ringing(two.volts_last(6.4))
        assert seen is not None
        assert seen.hz == pytest.approx(25.0, abs=0.5)
        assert seen.v_rms >= 40
        assert [round(ms) for ms in seen.cadence_ms[:2]] == [pytest.approx(1500, abs=50), pytest.approx(3000, abs=50)]

    live(day())


def test_ringing_stops_at_once_when_the_caller_gives_up(house: SteppedHouse) -> None:
    async def day() -> None:
        one, two = phones(house)
        one.lift()
        await house.pass_ms(400)
        one.dial("102")
        await house.until("fxs2's bell", lambda: two.line().ringing, 1500)
        await house.pass_ms(300)
        one.hang_up()
        waited_ms = await house.until("silence", lambda: not two.line().ringing, 1000)
        assert waited_ms <= 400  # the release itself is known after the flash window of 130 ms
        assert house.state("fxs1") == house.state("fxs2") == "idle"
        assert house.records.ended[0][1].cause is Cause.NORMAL_CLEARING

    live(day())


def test_a_lifted_telephone_is_busy(house: SteppedHouse) -> None:
    async def day() -> None:
        one, two = phones(house)
        two.lift()
        one.lift()
        await house.pass_ms(400)
        one.dial("102")
        await house.until("busy", lambda: house.state("fxs1") == "busy", 1500)
        await house.pass_ms(1000)
        burst = measure.bursts(one.heard_last(0.9))[1]
        assert burst.ms == pytest.approx(200, abs=15)
        assert house.records.ended[0][1].cause is Cause.USER_BUSY

    live(day())


def test_two_flashes_in_a_call_do_no_harm_and_a_longer_opening_hangs_up(house: SteppedHouse) -> None:
    async def day() -> None:
        one, two = phones(house)
        await talk(house)
        for state in ("dialling", "talking"):
            one.flash(100)
            await house.pass_ms(500)
            assert house.state("fxs1") == state
        two.say(measure.sine(1000, -10.0, 0.4))
        await house.pass_ms(300)
        assert heard_hz(one) == [1000]
        one.flash(400)
        await house.until("fxs2 hears busy", lambda: house.state("fxs2") == "busy", 500)

    live(day())


def test_left_off_hook_the_line_howls_and_then_saves_power(house: SteppedHouse) -> None:
    async def day() -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(14_500)
        assert heard_hz(one) == [425]
        await house.pass_ms(31_000)
        assert house.state("fxs1") == "howler"
        assert {round(t.hz, -1) for t in measure.tones(one.heard_last(0.09))} <= {1400, 2060, 2450, 2600}
        await house.pass_ms(60_500)
        assert house.state("fxs1") == "parked"
        assert heard_hz(one) == []
        assert one.line().loop_ma <= 21
        one.hang_up()
        await house.until("idle", lambda: house.state("fxs1") == "idle", 500)
        one.lift()
        await house.pass_ms(400)
        assert heard_hz(one) == [425]

    live(day())


def test_a_telephone_lifted_before_the_house_is_up_gets_dial_tone(tmp_path: Path) -> None:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path, lifted="fxs1")

    async def day() -> None:
        await house.pass_ms(500)
        assert house.state("fxs1") == "dialling"
        assert heard_hz(house.sim.copper["fxs1"]) == [425]

    live(day())
    house.close()
