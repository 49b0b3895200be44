"""Machines at the ends of the lines: an answering machine, rotary sets, an old PBX; bells, cables and worn contacts.

The characters know the copper alone; behind it stands the true house, stepped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure
from drivers.sim.characters import AnsweringMachine, PbxTrunk, RotarySet
from drivers.sim.dialling import RotaryDial
from drivers.sim.installation import RINGERS, install
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

DISCONNECT_MS = 500
EXTENSIONS = {"301": measure.sine(700.0, -10.0, 3.0), "302": measure.sine(1100.0, -10.0, 3.0)}


@contextmanager
def house_of(folder: Path, **second: Any) -> Iterator[SteppedHouse]:
    """second: settings of fxs2."""
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, settings={"fxs2": second})
    yield house
    assert house.sim.violations() == []
    house.close()


async def call(house: SteppedHouse, number: str) -> None:
    one = house.sim.phone("fxs1")
    one.lift()
    await house.pass_ms(400)
    one.dial(number)
    await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 2000)


async def hears(house: SteppedHouse, port: str, hz: int, most_ms: int) -> None:
    """Let time pass until that tone alone is in the ear of the telephone."""
    for _ in range(0, most_ms, 50):
        await house.pass_ms(50)
        if [round(tone.hz) for tone in measure.tones(house.sim.phone(port).heard_last(0.15))] == [hz]:
            return
    raise AssertionError(f"{port} hears no {hz} Hz; lines are {house.state('fxs1')}, {house.state('fxs2')}")


@pytest.mark.parametrize("rings", [1, 2, 3])
def test_an_answering_machine_answers_after_its_rings_and_says_its_greeting(tmp_path: Path, rings: int) -> None:
    async def day(house: SteppedHouse) -> None:
        machine = AnsweringMachine(house.sim.phone("fxs2"), rings)
        house.people.append(machine)
        await call(house, "102")
        waited_ms = await house.until("it answers", lambda: house.state("fxs2") == "talking", 16_000)
        assert (rings - 1) * 4500 <= waited_ms <= (rings - 1) * 4500 + 400
        await hears(house, "fxs1", 1000, 1500)
        assert (machine.calls, machine.why) == (1, "")

    with house_of(tmp_path) as house:
        run(day(house))


@pytest.mark.parametrize(("disconnect_ms", "why"), [(DISCONNECT_MS, "open-loop"), (0, "busy-tone")])
def test_it_hangs_up_when_the_caller_has_gone(tmp_path: Path, disconnect_ms: int, why: str) -> None:
    """By the open interval where the line gives one, else by the busy tone; then it answers the next call."""

    async def day(house: SteppedHouse) -> None:
        machine = AnsweringMachine(house.sim.phone("fxs2"), rings=1)
        house.people.append(machine)
        for number in (1, 2):
            await call(house, "102")
            await hears(house, "fxs1", 1000, 3000)
            await house.pass_ms(1500)
            house.sim.phone("fxs1").hang_up()
            await house.until("it hangs up", lambda: not house.sim.phone("fxs2").lifted, 5000)
            assert (machine.why, machine.calls) == (why, number)
            await house.until("both idle", lambda: house.state("fxs1") == house.state("fxs2") == "idle", 1000)

    with house_of(tmp_path, disconnect_ms=disconnect_ms) as house:
        run(day(house))


@pytest.mark.parametrize("bounce_ms", [0.0, 5.0, 9.0])
@pytest.mark.parametrize("pulses_per_s", [8.0, 10.0, 12.0])
def test_a_worn_dial_makes_a_call(tmp_path: Path, pulses_per_s: float, bounce_ms: float) -> None:
    async def day(house: SteppedHouse) -> None:
        phone = house.sim.phone("fxs1")
        install(phone, ringer="old-bell", bounce_ms=15)
        caller = RotarySet(phone, RotaryDial(pulses_per_s, 0.62, 700), bounce_ms, seed=round(pulses_per_s))
        house.people.append(caller)
        phone.lift()
        await house.pass_ms(400)
        caller.dial("102")
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 6000)

    with house_of(tmp_path) as house:
        run(day(house))


@pytest.mark.parametrize(("number", "hz"), [("301", 700), ("302", 1100)])
def test_a_pbx_behind_the_port_gets_the_extension_and_puts_the_caller_through(
    tmp_path: Path, number: str, hz: int
) -> None:
    async def day(house: SteppedHouse) -> None:
        pbx = PbxTrunk(house.sim.phone("fxs2"), EXTENSIONS)
        house.people.append(pbx)
        await call(house, number)
        await house.until("through", lambda: bool(pbx.extension), 6000)
        assert pbx.extension == number
        await hears(house, "fxs1", hz, 500)
        house.sim.phone("fxs1").hang_up()
        await house.until("the trunk is free", lambda: house.state("fxs2") == "idle", 3000)
        assert pbx.why == "open-loop"

    with house_of(tmp_path, use="trunk", did=("301", "302"), disconnect_ms=DISCONNECT_MS) as house:
        run(day(house))


def test_the_caller_hears_nothing_of_the_digits_and_a_wrong_extension_is_the_pbxs_to_tell(tmp_path: Path) -> None:
    async def day(house: SteppedHouse) -> None:
        one = house.sim.phone("fxs1")
        pbx = PbxTrunk(house.sim.phone("fxs2"), EXTENSIONS)
        house.people.append(pbx)
        await call(house, "305")
        since = one.frame
        await house.until("answered", lambda: pbx.extension == "305", 6000)
        pairs = [burst for burst in measure.bursts(one.heard_since(since)) if len(burst.tones) > 1]
        assert pairs == [], "the digits go to the PBX alone"
        await hears(house, "fxs1", 400, 1500)

    with house_of(tmp_path, use="trunk", did=("301", "305")) as house:
        run(day(house))


def test_a_pbx_dials_through(tmp_path: Path) -> None:
    """Seizing gives it dial tone; what its user dialled is collected and called."""

    async def day(house: SteppedHouse) -> None:
        pbx = PbxTrunk(house.sim.phone("fxs2"), EXTENSIONS)
        house.people.append(pbx)
        pbx.seize("101")
        await house.until("fxs1 rings", lambda: house.state("fxs1") == "ringing", 3000)
        house.sim.phone("fxs1").lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)
        pbx.release()
        await house.until("fxs1 hears busy", lambda: house.state("fxs1") == "busy", 1000)

    with house_of(tmp_path, use="trunk", did=("301",)) as house:
        run(day(house))


@pytest.mark.parametrize("ringer", [kind for kind in RINGERS if kind != "none"])
@pytest.mark.parametrize("cable_km", [0.0, 1.5, 3.0])
def test_every_bell_and_cable_rings_answers_and_dials(tmp_path: Path, ringer: str, cable_km: float) -> None:
    async def day(house: SteppedHouse) -> None:
        for port in ("fxs1", "fxs2"):
            install(house.sim.phone(port), ringer=ringer, cable_km=cable_km, bounce_ms=10)
        await call(house, "102")
        await house.pass_ms(1200)
        assert house.sim.phone("fxs2").line().ringing
        house.sim.phone("fxs2").lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 400)
        house.sim.phone("fxs1").hang_up()
        house.sim.phone("fxs2").hang_up()
        await house.until("idle", lambda: house.state("fxs1") == house.state("fxs2") == "idle", 1500)

    with house_of(tmp_path, ring_v_rms=70.0) as house:
        run(day(house))


def test_a_fax_line_has_no_echo_canceller_and_no_second_call_waits(tmp_path: Path) -> None:
    async def day(use: str, busy: bool) -> Callable[[], None]:
        house = SteppedHouse(
            {"fxs1": "101", "fxs2": "102", "fxs3": "103"}, tmp_path, settings={"fxs2": {"use": use}}, echo_ms=64,
            board="sim-4fxs",
        )  # fmt: skip
        assert (house.lines["fxs2"].echo() is None) is busy
        assert house.lines["fxs1"].echo() is not None
        await call(house, "102")
        house.sim.phone("fxs2").lift()
        await house.until("they talk", lambda: house.state("fxs2") == "talking", 500)
        third = house.sim.phone("fxs3")
        third.lift()
        await house.pass_ms(400)
        third.dial("102")
        await house.until("told", lambda: house.state("fxs3") == ("busy" if busy else "ringback"), 2000)
        return house.close

    for use, busy in (("fax", True), ("telephone", False)):
        run(day(use, busy))()
