"""Four telephones on stepped copper use R, its digits and the hook: who hears whom is judged by tones, with numpy.

Chips, drivers, engine, lines and exchange are the true ones. Every person hums a note of his own; an ear is asked
which notes are in it. Look next at `test_random_calls.py`, which does all this at random.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.sim import measure
from firmware.pbx.records import CallEnd
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

NUMBERS = {f"fxs{n}": f"10{n}" for n in range(1, 5)}
NOTES_HZ = {"fxs1": 540.0, "fxs2": 820.0, "fxs3": 1010.0, "fxs4": 1130.0}
HEARD_DBM0 = -20.0
"""Notes are sent at -13 dBm0; what comes back of one's own lies far below."""
A, B, C, D = NUMBERS
Heard = dict[str, set[str]]


class Town:
    """A house with four telephones of one country. settings: of a line, by port."""

    def __init__(self, folder: Path, country: str, **settings: dict[str, object]) -> None:
        board = str(Path(__file__).with_name("four_telephones.toml"))
        self.house = SteppedHouse(NUMBERS, folder, country, board=board, settings=settings)
        self.phones = self.house.sim.copper
        self.flash_ms = 100.0 if country == "es" else 500.0

    # -- what people do ------------------------------------------------------------------
    async def lift(self, port: str) -> None:
        self.phones[port].lift()
        await self.house.until(f"{port} notices", lambda: self.state(port) not in ("idle", "ringing"), 400)

    async def hang_up(self, *ports: str) -> None:
        for port in ports:
            self.phones[port].hang_up()
        await self.house.pass_ms(300 if self.flash_ms < 200 else 1400)

    async def flash(self, port: str, digit: str = "") -> None:
        before = self.state(port), self.other(port), self.house.lines[port].leg
        self.phones[port].flash(self.flash_ms)
        await self.house.until(
            "R counts", lambda: (self.state(port), self.other(port), self.house.lines[port].leg) != before, 1500
        )
        if digit:
            await self.house.until("recall tone", lambda: self.state(port) == "ordering", 100)
            await self.house.pass_ms(100)
            self.phones[port].dial(digit)
            await self.house.until("the digit counts", lambda: self.state(port) != "ordering", 600)

    async def dial(self, port: str, other: str) -> None:
        await self.house.pass_ms(150)
        self.phones[port].dial(NUMBERS[other])
        await self.house.until(f"{port} calls", lambda: self.state(port) not in ("dialling", "collecting"), 1500)

    async def answer(self, port: str) -> None:
        await self.house.until(f"{port} rings", lambda: self.phones[port].line().ringing, 3500)
        await self.lift(port)
        await self.house.until(f"{port} talks", lambda: self.state(port) == "talking", 300)

    async def call(self, port: str, other: str) -> None:
        await self.lift(port)
        await self.house.pass_ms(100)
        await self.dial(port, other)
        await self.answer(other)

    async def consult(self, port: str, other: str, *, answer: bool = True) -> None:
        await self.flash(port)
        await self.dial(port, other)
        if answer:
            await self.answer(other)

    # -- what is seen and heard ------------------------------------------------------------
    def state(self, port: str) -> str:
        return self.house.state(port)

    def other(self, port: str) -> str:
        return str(self.house.lines[port].status()["other"])

    async def heard(self) -> Heard:
        """Everybody hums for half a second: whose notes are in whose ear."""
        for port, phone in self.phones.items():
            phone.say(measure.sine(NOTES_HZ[port], -13.0, 0.5))
        await self.house.pass_ms(450)
        ears = {port: phone.heard_last(0.25) for port, phone in self.phones.items()}
        await self.house.pass_ms(150)
        return {port: self._notes_in(ear, but=port) for port, ear in ears.items()}

    @staticmethod
    def _notes_in(ear: Any, but: str) -> set[str]:
        samples = np.asarray(ear, dtype=np.float64) / 32768
        window = np.hanning(len(samples))
        notes = set()
        for port, hz in NOTES_HZ.items():
            phasor = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / 8000)
            peak = 2 * abs(np.sum(samples * window * phasor)) / np.sum(window)
            if port != but and 20 * np.log10(max(peak, 1e-9)) + 3.14 > HEARD_DBM0:
                notes.add(port)
        return notes

    async def talk(self, *groups: str) -> None:
        """Those of each group hear each other, and nobody else hears anything of anybody."""
        expected: Heard = {port: set() for port in NUMBERS}
        for group in groups:
            members = [f"fxs{n}" for n in group]
            for port in members:
                expected[port] = set(members) - {port}
        assert await self.heard() == expected

    async def hears(self, port: str, hz: list[int], within_ms: int = 6000) -> None:
        """Within that time these sines, and only these, fill a tenth of a second."""

        def now() -> bool:
            return [round(t.hz, -1) for t in measure.tones(self.phones[port].heard_last(0.1))] == hz

        await self.house.until(f"{port} hears {hz}", now, within_ms)

    def ends(self) -> dict[str, CallEnd]:
        return dict(self.house.records.ended)

    async def all_idle(self) -> None:
        """Everybody hangs up; nothing is left."""
        lifted = [port for port, phone in self.phones.items() if phone.lifted]
        await self.hang_up(*lifted)
        for port in NUMBERS:
            if self.state(port) == "ringing":  # somebody was held: take it and let it go
                await self.lift(port)
                await self.hang_up(port)
        await self.house.until("all idle", lambda: all(self.state(p) == "idle" for p in NUMBERS), 2000)
        assert not any(self.house.exchange.debug().values())
        assert self.house.engine_counts["mixers"] == 0
        assert all(line.leg is None and line.services.leg is None for line in self.house.lines.values())
        await self.talk()


@pytest.fixture
def town(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Town]:
    """Of the country that the test names, Spain without one."""
    town = Town(tmp_path, getattr(request, "param", "es"))
    yield town
    assert town.house.sim.violations() == []
    town.house.close()


america = pytest.mark.parametrize("town", ["us"], indirect=True)


def live(town: Town, day: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        await day()
        await town.all_idle()

    run(whole())


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
    town = Town(tmp_path, "es", fxs1={"call_waiting": False})

    async def day() -> None:
        await town.call(A, B)
        await town.lift(C)
        await town.dial(C, A)
        assert town.state(C) == "busy"
        await town.talk("12")

    live(town, day)
    town.house.close()


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


@pytest.mark.parametrize("moment", ["consulting", "dialling", "ringing", "ordering", "three", "waited", "recall"])
@pytest.mark.parametrize("who", ["1", "2", "3", "12", "123"])
def test_whoever_goes_in_whatever_moment_nothing_is_left(town: Town, moment: str, who: str) -> None:
    async def day() -> None:
        await town.call(A, B)
        if moment == "waited":
            await town.lift(C)
            await town.dial(C, A)
        elif moment in ("dialling", "recall"):
            await town.flash(A)
            if moment == "recall":
                await town.hang_up(A)
        else:
            await town.consult(A, C, answer=moment != "ringing")
            if moment == "three":
                await town.flash(A, "3")
            elif moment == "ordering":
                await town.flash(A)
        for n in who:
            if town.phones[f"fxs{n}"].lifted:
                town.phones[f"fxs{n}"].hang_up()
        await town.house.pass_ms(600)

    live(town, day)


# -- at random -----------------------------------------------------------------------------


class Crowd:
    """Four people who lift, dial, press R and digits, answer or not, and hang up, in any order."""

    def __init__(self, town: Town, chance: random.Random) -> None:
        self.town = town
        self.chance = chance
        self.seen: set[str] = set()

    async def act(self) -> None:
        """One of them does something; then up to half a second passes, more rarely ten."""
        busy = [port for port in NUMBERS if self.town.state(port) in ("ordering", "dialling", "ringing")]
        port = self.chance.choice(busy if busy and self.chance.random() < 0.6 else list(NUMBERS))
        state, phone = self.town.state(port), self.town.phones[port]
        likely = self.chance.random()
        if not phone.lifted and not phone.edges_waiting:
            if likely < (0.9 if state == "ringing" else 0.3):
                phone.lift()
        elif state == "dialling" and not phone.unsaid_ms and likely < 0.9:
            phone.dial(self.chance.choice([*NUMBERS.values()] * 3 + ["*26#", "#26#", "*66", "*69"]))
        elif state == "ordering" and not phone.unsaid_ms:
            phone.dial(self.chance.choice("0123347"))
        elif likely < {"talking": 0.1, "calling": 0.05, "ringback": 0.05}.get(state, 0.5):
            phone.hang_up()
        elif likely < {"talking": 0.7}.get(state, 0.15) and not phone.edges_waiting:
            phone.flash(self.town.flash_ms)
        await self.town.house.pass_ms(self.chance.choice((5, 50, 200, 500, 500, 1000, 1000, 3000)))
        self.seen |= {self.town.other(each) for each in NUMBERS} | {self.town.state(each) for each in NUMBERS}

    async def go_home(self) -> None:
        """Everybody hangs up as often as needed."""
        for _ in range(5):
            for phone in self.town.phones.values():
                phone.hang_up()
            await self.town.house.pass_ms(2000)
        for port in NUMBERS:
            await self.town.house.until(f"{port} idle", lambda port=port: self.town.state(port) == "idle", 70_000)  # type: ignore[misc]


@pytest.mark.parametrize(("town", "seed"), [("es", 1), ("es", 2), ("us", 3), ("us", 4)], indirect=["town"])
def test_whatever_four_people_do_nothing_is_left_and_the_ears_are_quiet(town: Town, seed: int) -> None:
    crowd = Crowd(town, random.Random(seed))

    async def day() -> None:
        for _ in range(250):
            await crowd.act()
        await crowd.go_home()

    live(town, day)
    assert crowd.seen >= {"held", "waiting", "three-way", "talking", "ringback", "ringing"}, crowd.seen
    assert len(town.house.records.begun) == len(town.house.records.ended) > 5
