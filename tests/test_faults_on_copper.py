"""A port at fault switches off, says so in two languages, and comes back by itself; two others talk on.

Four telephones on stepped copper with the true house behind them: fxs1 and fxs2 talk all the while, fxs3 has the
fault, fxs4 calls it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from firmware.app_status import line_notice
from firmware.lines.line_alarm import SHORT_CIRCUIT
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

LINES = {"fxs1": "101", "fxs2": "102", "fxs3": "103", "fxs4": "104"}
COOL_DOWN_MS = 10_000
HEARS_NOTHING = ("dead-bus", "pcm-clock-loss")
"""Such a chip cannot be told to open its line; the card's reset line would silence the others too."""

FAULTS = {
    "over-temperature": ("too much current, or too hot", "demasiada corriente"),
    "tip-on-earth": ("too much current, or too hot", "demasiada corriente"),
    "dead-bus": ("does not answer any more", "ya no responde"),
    "pcm-clock-loss": ("does not answer any more", "ya no responde"),
    "chip-reset": ("lost its settings", "perdió los ajustes"),
    "stuck-interrupt": ("reports one thing without end", "avisa de lo mismo"),
}
"""Kind -> what its alarm says in English and Spanish."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SteppedHouse]:
    house = SteppedHouse(LINES, tmp_path, board="sim-4fxs")
    yield house
    assert house.sim.violations() == []
    house.close()


def break_it(house: SteppedHouse, kind: str, on: bool) -> None:
    if kind == "tip-on-earth":
        house.sim.phone("fxs3").set_wire(tip_ground=on)
    else:
        house.sim.fault("fxs3", kind, on)


async def talk(house: SteppedHouse) -> None:
    """fxs1 calls fxs2; then both speak without end."""
    one, two = house.sim.phone("fxs1"), house.sim.phone("fxs2")
    one.lift()
    await house.pass_ms(400)
    one.dial("102")
    await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
    two.lift()
    await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)
    await speak_on(house, 200)


async def speak_on(house: SteppedHouse, ms: int) -> None:
    """For so long, and each hears the other's tone the whole time."""
    for _ in range(0, ms, 200):
        for phone, hz in (("fxs1", 700), ("fxs2", 1000)):
            house.sim.phone(phone).say(measure.sine(hz, -10.0, 0.2))
        await house.pass_ms(200)
    for phone, hz in (("fxs1", 1000), ("fxs2", 700)):
        heard = house.sim.phone(phone).heard_last(0.15)
        assert hz in [round(tone.hz) for tone in measure.tones(heard)], phone
        assert np.abs(heard.astype(int)).max() > 1000


def notices(house: SteppedHouse) -> dict[str, dict[str, str]]:
    return {name: notice for name, line in house.lines.items() if (notice := line_notice(line)) is not None}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_switches_one_port_off_with_an_alarm_and_it_comes_back(house: SteppedHouse, kind: str) -> None:
    async def day() -> None:
        await talk(house)
        phone, fourth = house.sim.phone("fxs3"), house.sim.phone("fxs4")
        break_it(house, kind, True)
        took_ms = await house.until("fxs3 is off", lambda: house.state("fxs3") == "out-of-service", 3000)
        assert took_ms <= 2500
        told = notices(house)
        assert set(told) == {"fxs3"} and told["fxs3"]["level"] == "error"
        english, spanish = FAULTS[kind]
        assert english in told["fxs3"]["en"] and told["fxs3"]["en"].startswith("fxs3: The port ")
        assert spanish in told["fxs3"]["es"] and told["fxs3"]["es"].startswith("fxs3: El puerto ")
        if kind not in HEARS_NOTHING:
            await house.until("the line is open", lambda: phone.line().linefeed_state == 0, 100)
        await speak_on(house, 1000)
        fourth.lift()
        await house.pass_ms(400)
        fourth.dial("103")
        await house.until("out of order", lambda: house.state("fxs4") == "congestion", 1500)
        assert house.records.ended[-1][1].cause is Cause.DESTINATION_OUT_OF_ORDER
        fourth.hang_up()

        break_it(house, kind, False)
        await house.until("fxs3 is back", lambda: house.state("fxs3") == "idle", 20_000)
        assert notices(house) == {}
        await speak_on(house, 400)
        phone.lift()
        await house.pass_ms(400)
        assert [round(t.hz) for t in measure.tones(phone.heard_last(0.15))] == [425]

    run(day())


def test_after_a_power_alarm_it_cools_down_longer_each_time(house: SteppedHouse) -> None:
    async def day() -> None:
        break_it(house, "over-temperature", True)
        await house.until("fxs3 is off", lambda: house.state("fxs3") == "out-of-service", 3000)
        phone = house.sim.phone("fxs3")
        waits_ms = []
        for _ in range(3):
            waits_ms.append(await house.until("it is fed again", lambda: phone.line().linefeed_state == 1, 50_000))
            await house.until("and off again", lambda: phone.line().linefeed_state == 0, 3000)
        for waited_ms, cool_ms in zip(waits_ms, (10_000, 20_000, 40_000), strict=True):
            assert cool_ms <= waited_ms <= cool_ms + 5500, waits_ms  # and up to two looks, 2 s each, and the start
        assert house.state("fxs3") == "out-of-service"

    run(day())


def test_a_short_circuit_is_limited_told_and_over_when_it_is_gone(house: SteppedHouse) -> None:
    async def day() -> None:
        phone = house.sim.phone("fxs3")
        phone.set_wire(short_tip_ring=1)
        await house.until("it howls", lambda: house.state("fxs3") == "howler", 46_000)
        assert phone.line().loop_ma <= 21
        assert notices(house)["fxs3"] == {
            "level": "warning", "en": f"fxs3: {SHORT_CIRCUIT.en}", "es": f"fxs3: {SHORT_CIRCUIT.es}"
        }  # fmt: skip
        await house.until("parked", lambda: house.state("fxs3") == "parked", 61_000)
        phone.set_wire(short_tip_ring=0)
        await house.until("idle", lambda: house.state("fxs3") == "idle", 500)
        assert notices(house) == {}

    run(day())
