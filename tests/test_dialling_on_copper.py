"""How people dial and what their lines do for them, on stepped copper: dials of all speeds, hotline, codes, digit map.

The true house stands behind it; what the other telephone hears is judged by code that shares nothing with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure
from drivers.sim.dialling import RotaryDial
from drivers.sim.measure_dtmf import digits
from drivers.sim.phone import Phone
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

TWO = {"fxs1": "101", "fxs2": "102"}


@contextmanager
def house_of(folder: Path, country: str = "es", numbers: dict[str, str] = TWO, **wishes: Any) -> Iterator[SteppedHouse]:
    """wishes: settings of fxs1, and digit_map."""
    digit_map = wishes.pop("digit_map", ())
    house = SteppedHouse(numbers, folder, country, settings={"fxs1": wishes}, digit_map=digit_map)
    yield house
    assert house.sim.violations() == []
    house.close()


def phones(house: SteppedHouse) -> tuple[Phone, Phone]:
    return house.sim.copper["fxs1"], house.sim.copper["fxs2"]


async def spin(house: SteppedHouse, phone: Phone, text: str, dial: RotaryDial) -> None:
    """Turn the dial for each digit, as slowly as people do."""
    for digit in text:
        await house.pass_ms(round(phone.pulse_dial(digit, dial)))


async def talk_by_dial(house: SteppedHouse) -> None:
    one, two = phones(house)
    one.lift()
    await house.pass_ms(400)
    await spin(house, one, "102", RotaryDial())
    await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 500)
    two.lift()
    await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)


@pytest.mark.parametrize("break_ratio", [0.55, 0.60, 0.667, 0.70])
@pytest.mark.parametrize("pulses_per_s", [8.0, 9.0, 10.0, 11.0, 12.0, 20.0])
def test_dials_of_all_speeds_are_understood(tmp_path: Path, pulses_per_s: float, break_ratio: float) -> None:
    """0 to 9 in one number, and then it is called. The lone pulse of 1 may be as long as a flash."""
    number = "1203456789"

    async def day(house: SteppedHouse) -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(400)
        await spin(house, one, number, RotaryDial(pulses_per_s, break_ratio, 700))
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 500)

    with house_of(tmp_path, numbers={"fxs1": "101", "fxs2": number}) as house:
        run(day(house))


@pytest.mark.parametrize(("country", "dialled"), [("es", "102"), ("se", "213"), ("nz", "908")])
def test_a_country_counts_pulses_in_its_own_way(tmp_path: Path, country: str, dialled: str) -> None:
    """dialled: what a dial of the usual kind must turn to give as many pulses as 102 does there."""

    async def day(house: SteppedHouse) -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(600)
        await spin(house, one, dialled, RotaryDial(10.0, 0.6, 800))
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 500)

    with house_of(tmp_path, country) as house:
        run(day(house))


def test_with_pulse_dialling_off_a_dial_is_not_heard_and_keys_are(tmp_path: Path) -> None:
    async def day(house: SteppedHouse) -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(400)
        await spin(house, one, "555", RotaryDial(10.0, 0.4, 800))  # breaks of 40 ms; from 50 ms on they are flashes
        assert house.state("fxs1") == "dialling"
        one.dial("102")
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)

    with house_of(tmp_path, pulse_dialling=False) as house:
        run(day(house))


def test_a_digit_dialled_by_pulses_in_a_call_is_heard_as_a_tone_at_the_other_end(tmp_path: Path) -> None:
    async def day(house: SteppedHouse) -> None:
        one, two = phones(house)
        await talk_by_dial(house)
        since = two.frame
        await spin(house, one, "905", RotaryDial())
        await house.pass_ms(300)
        assert digits(two.heard_since(since)) == "905"

    with house_of(tmp_path) as house:
        run(day(house))


def test_a_rotary_set_recalls_with_a_digit(tmp_path: Path) -> None:
    async def day(house: SteppedHouse) -> None:
        one, two = phones(house)
        await talk_by_dial(house)
        since = two.frame
        await spin(house, one, "1", RotaryDial())
        await house.until("dial tone for a second call", lambda: house.state("fxs1") == "dialling", 600)
        assert digits(two.heard_since(since)) == ""

    with house_of(tmp_path, rotary_recall="1") as house:
        run(day(house))


@pytest.mark.parametrize("after_s", [0.0, 4.0])
def test_a_hotline_rings_its_number_at_once_and_a_warm_line_after_its_time(tmp_path: Path, after_s: float) -> None:
    async def day(house: SteppedHouse) -> None:
        one, two = phones(house)
        one.lift()
        waited_ms = await house.until("the bell of fxs2", lambda: two.line().ringing, 6000)
        assert after_s * 1000 < waited_ms < after_s * 1000 + 350
        two.lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)

    with house_of(tmp_path, hotline="102", hotline_s=after_s) as house:
        run(day(house))


def test_a_number_of_no_pattern_is_unobtainable_at_once(tmp_path: Path) -> None:
    async def day(house: SteppedHouse) -> None:
        one, _ = phones(house)
        one.lift()
        await house.pass_ms(400)
        one.dial("5")
        waited_ms = await house.until("told so", lambda: house.state("fxs1") == "unobtainable", 4000)
        assert waited_ms < 400

    with house_of(tmp_path, digit_map=["[679]xxxxxxxx"]) as house:
        run(day(house))


SEQUENCES = {
    "es": [("dialling", 15.0), ("congestion", 30.0), ("howler", 60.0)],
    "us": [("dialling", 15.0), ("congestion", 30.0), ("howler", 60.0)],
    "de": [("dialling", 15.0), ("congestion", 30.0)],
}
"""State and seconds; then the line is parked."""


@pytest.mark.parametrize("country", SEQUENCES)
def test_left_off_hook_every_part_lasts_as_long_as_it_should(tmp_path: Path, country: str) -> None:
    """What is heard is timed on the copper: tones of the table in their order, then silence at 20 mA, then all anew."""

    async def day(house: SteppedHouse) -> None:
        one, _ = phones(house)
        one.lift()
        await house.until("dial tone", lambda: house.state("fxs1") == "dialling", 200)
        for (state, lasts_s), after in zip(SEQUENCES[country], [*SEQUENCES[country][1:], ("parked", 0)], strict=True):
            assert house.state("fxs1") == state
            await house.pass_ms(2000)
            assert heard_hz(one) >= expected_hz(house, state), state
            if state == "howler":
                assert measure.level_dbm0(one.heard_last(1.0)) == pytest.approx(-3.0, abs=0.5)
            waited_ms = await house.until(
                after[0], lambda next_state=after[0]: house.state("fxs1") == next_state, 61_000
            )
            assert 2000 + waited_ms == pytest.approx(lasts_s * 1000, abs=20)
        await house.pass_ms(1000)
        assert not measure.tones(one.heard_last(0.8))
        assert one.line().loop_ma <= 20.5
        one.hang_up()
        await house.until("idle", lambda: house.state("fxs1") == "idle", 1200)
        one.lift()
        await house.pass_ms(400)
        assert heard_hz(one) >= expected_hz(house, "dialling")

    with house_of(tmp_path, country, loop_ma=26) as house:
        run(day(house))


def heard_hz(phone: Phone) -> set[int]:
    """Frequencies, to 10 Hz, of the last 2 s, looked at in parts of 50 ms so that one pair is heard at a time."""
    heard = phone.heard_last(1.9)
    parts = [heard[at : at + 400] for at in range(0, len(heard) - 400, 400)]
    return {round(tone.hz, -1) for part in parts for tone in measure.tones(part) if tone.dbm0 > -30}


def expected_hz(house: SteppedHouse, state: str) -> set[int]:
    tone = house.country.tone({"dialling": "dial"}.get(state, state))
    return {round(hz, -1) for segment in tone.segments for hz in segment.hz}
