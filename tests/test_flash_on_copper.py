"""Four telephones on stepped copper use R, its digits and the hook: who hears whom is judged by tones.

What the people do and hear is in `flash_town.py`. Look next at `test_flash_at_random.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.sim import measure
from tests.flash_town import A, B, C, D, Town, live, town_of


@pytest.fixture
def town(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Of the country that the test names, Spain without one."""
    with town_of(tmp_path, getattr(request, "param", "es")) as town:
        yield town


america = pytest.mark.parametrize("town", ["us"], indirect=True)


def test_consultation_hold_and_return(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.talk("12")
        await town.flash(A)
        await town.hears(A, [420], 1500)  # recall dial tone
        await town.hears(B, [420], 6000)  # a beep now and then: it is held
        await town.dial(A, C)
        await town.answer(C)
        await town.talk("13")
        (held, beside) = town.house.exchange.status()
        assert held["held_by"] and not beside["held_by"]
        await town.flash(A, "1")
        await town.talk("12")
        await town.house.until("C hears busy", lambda: town.state(C) == "busy", 200)
        ends = town.ends()
        assert ends["18"].services["beside"] == "17" and 500 < ends["18"].talk_ms < 4000

    live(town, day)
    first = town.ends()["17"]
    assert 0 < first.services["held_ms"] < first.talk_ms


def test_r_takes_the_held_party_back_from_dial_tone_ringback_and_busy(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.lift(D)
        await town.flash(A)
        await town.flash(A)
        await town.talk("12")
        await town.consult(A, C, answer=False)
        await town.hears(A, [420], 2500)
        await town.flash(A)
        await town.house.until("C rings no more", lambda: not town.phones[C].line().ringing, 500)
        await town.talk("12")
        await town.consult(A, D, answer=False)
        assert town.state(A) == "busy"
        await town.flash(A)
        await town.hang_up(D)
        await town.talk("12")
        await town.lift(D)
        await town.consult(A, D, answer=False)
        await town.house.until("back by itself", lambda: town.state(A) == "talking", 5200)
        await town.hang_up(D)
        await town.talk("12")

    live(town, day)


def test_changing_over_between_two(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C)
        for pair in ("12", "13", "12"):
            await town.flash(A, "2")
            await town.talk(pair)
        await town.flash(A, "0")
        await town.talk("12")
        assert town.state(C) == "busy"

    live(town, day)


def test_three_talk_together_and_part_again(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C)
        await town.flash(A, "3")
        await town.talk("123")
        await town.flash(A, "2")
        await town.talk("13")
        await town.flash(A, "3")
        await town.talk("123")
        await town.hang_up(B)
        await town.talk("13")

    live(town, day)
    assert all(end.services["three_way_ms"] > 500 for end in town.ends().values())


@america
def test_with_the_hook_alone_three_talk_and_the_last_one_leaves_first(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C)
        await town.talk("13")
        await town.flash(A)
        await town.talk("123")
        await town.flash(A)
        await town.talk("12")
        assert town.state(C) == "busy"

    live(town, day)


def test_hanging_up_after_a_consultation_transfers(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C)
        await town.hang_up(A)
        assert town.state(A) == "idle"
        await town.talk("23")
        await town.call(A, D)  # the telephone is free for another call meanwhile
        await town.talk("23", "14")
        assert town.ends()["17"].services["became"] == "19"

    live(town, day)
    third = town.ends()["19"]
    assert third.services == {"transfer_of": ["17", "18"], "by": A} and third.talk_ms > 1000
    assert town.house.records.begun[2][1:3] == ("102", "103")


@pytest.mark.parametrize("by_digit", [True, False])
def test_three_stay_two_when_the_middle_one_leaves(town: Town, by_digit: bool) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C)
        await town.flash(A, "3")
        if by_digit:
            await town.flash(A, "4")
            assert town.state(A) == "busy"
        else:
            await town.hang_up(A)
        await town.talk("23")

    live(town, day)


def test_hanging_up_while_it_rings_transfers_with_ringback(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C, answer=False)
        await town.hang_up(A)
        began = town.phones[B].frame
        await town.house.pass_ms(6500)
        (ringback,) = [burst for burst in measure.bursts(town.phones[B].heard_since(began)) if burst.start_ms > 500]
        assert (ringback.ms, ringback.start_ms) == (pytest.approx(1500, abs=20), pytest.approx(4300, abs=400))
        await town.answer(C)
        await town.talk("23")

    live(town, day)


def test_a_transfer_that_nobody_takes_comes_back(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.consult(A, C, answer=False)
        await town.hang_up(A)
        await town.house.until("A rings", lambda: town.phones[A].line().ringing, 62_000)
        assert town.state(C) == "idle"
        await town.answer(A)
        await town.talk("12")

    live(town, day)


def test_hanging_up_with_somebody_held_rings_back(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.flash(A)
        await town.hang_up(A)
        await town.answer(A)
        await town.talk("12")
        await town.flash(A)
        await town.hang_up(A)
        await town.hang_up(B)
        await town.house.until("A rings no more", lambda: town.state(A) == "idle", 500)

    live(town, day)


def test_call_waiting_is_told_in_the_countrys_cadence_and_taken_with_r(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.house.pass_ms(50)
        began = town.phones[A].frame
        await town.lift(C)
        await town.dial(C, A)
        await town.hears(C, [420], 2000)  # ringback
        await town.house.pass_ms(5000)
        heard = measure.bursts(town.phones[A].heard_since(began), bridge_ms=20)
        beeps = [beep for beep in heard if len(beep.tones) == 1]  # the other one announces the caller's number
        assert [round(beep.ms) for beep in beeps[:3]] == pytest.approx([175] * 3, abs=10)
        starts = [beep.start_ms for beep in beeps[:3]]
        assert [b - a for a, b in itertools.pairwise(starts)] == pytest.approx([350, 3675], abs=30)
        assert {round(t.hz, -1) for beep in beeps for t in beep.tones} == {420}
        echoes = measure.bursts(town.phones[B].heard_since(began), floor_dbm0=-25)
        assert not echoes, "only who is called hears it, but for the echo of his line"
        await town.talk("12")  # between two beeps
        await town.flash(A, "2")
        await town.talk("13")
        await town.flash(A, "2")
        await town.talk("12")
        await town.hang_up(A)
        await town.answer(A)  # the one who was held
        await town.talk("13")

    live(town, day)


@pytest.mark.parametrize("digit", ["0", "1", "3"])
def test_a_call_that_waits_is_refused_taken_or_brought_in(town: Town, digit: str) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.lift(C)
        await town.dial(C, A)
        await town.flash(A, digit)
        await town.talk({"0": "12", "1": "13", "3": "123"}[digit])
        assert town.state(C if digit == "0" else B) == ("talking" if digit == "3" else "busy")

    live(town, day)


@america
def test_with_the_hook_alone_r_takes_the_call_that_waits_and_changes_over(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.lift(C)
        await town.dial(C, A)
        for pair in ("13", "12", "13"):
            await town.flash(A)
            await town.talk(pair)

    live(town, day)


def test_hanging_up_rings_for_the_call_that_waits(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.lift(C)
        await town.dial(C, A)
        await town.hang_up(A)
        await town.answer(A)
        await town.talk("13")

    live(town, day)


def test_a_telephone_without_call_waiting_is_busy(tmp_path: Path) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.lift(C)
        await town.dial(C, A)
        assert town.state(C) == "busy"
        await town.talk("12")

    with town_of(tmp_path, "es", fxs1={"call_waiting": False}) as town:
        live(town, day)


def test_codes_are_confirmed_and_obeyed(town: Town) -> None:
    async def day() -> None:
        await town.lift(A)
        await town.house.pass_ms(200)
        began = town.phones[A].frame
        town.phones[A].dial("*26#")
        await town.house.until("it is confirmed", lambda: town.state(A) == "busy", 3000)
        notes = [burst for burst in measure.bursts(town.phones[A].heard_since(began)) if abs(burst.ms - 200) < 12]
        assert len(notes) >= 3 and all([round(t.hz, -1) for t in note.tones] == [420] for note in notes)
        await town.hang_up(A)
        await town.lift(B)
        await town.dial(B, A)
        assert town.state(B) == "busy"
        await town.hang_up(B)
        await town.call(A, C)  # it can still call
        await town.hang_up(A, C)
        await town.lift(A)
        await town.house.pass_ms(200)
        town.phones[A].dial("*66")
        await town.answer(C)
        await town.talk("13")
        await town.hang_up(A, C)
        await town.lift(C)
        await town.house.pass_ms(200)
        town.phones[C].dial("*69")
        await town.house.until("busy: 101 is not to be disturbed", lambda: town.state(C) == "busy", 2000)

    live(town, day)
    assert [number for _, _, number, _ in town.house.records.begun] == ["*26#", "101", "103", "103", "101"]


def test_a_code_in_a_consultation_and_call_waiting_off_by_code(town: Town) -> None:
    async def day() -> None:
        await town.call(A, B)
        await town.flash(A)
        await town.house.pass_ms(100)
        town.phones[A].dial("#43#")
        await town.house.until("back by itself", lambda: town.state(A) == "talking" and not town.other(A), 9000)
        await town.talk("12")
        await town.lift(C)
        await town.dial(C, A)
        assert town.state(C) == "busy"

    live(town, day)
