"""A SIP telephone refuses, a simulated one hears the tone of that code: true agent, exchange, line and copper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure
from firmware.pbx.routes import Extension
from firmware.telephony.cause import Cause
from firmware.telephony.codes import codes
from tests.fake_time import run
from tests.sip.pairs import Network, Phone, PresetStore, agent_on
from tests.stepped_house import SteppedHouse

SIT_HZ = [950, 1400, 1800]
"""The special information tone of ITU-T E.180."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SteppedHouse]:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path)
    yield house
    assert house.sim.violations() == []
    house.close()


async def call_a_phone_that_says(house: SteppedHouse, status: str) -> Any:
    """fxs1 calls SIP telephone 201, which answers `status`; returns the simulated telephone, still off hook."""
    network = Network()
    listener: Any = house.exchange
    agent = await agent_on(network, listener, store=PresetStore(("201", "10.0.0.2")))
    house.routes.add(Extension("201", "Ana", lambda: agent.call_user("201") or Cause.SUBSCRIBER_ABSENT, is_line=False))
    phone = Phone(network, "10.0.0.2", "201")

    def react(text: str, _source: tuple[str, int]) -> None:
        if text.startswith("INVITE"):
            phone.answer(text, status, tag="b")

    phone.react = react
    one = house.sim.copper["fxs1"]
    one.lift()
    await house.pass_ms(400)
    one.dial("201")
    return one


def pauses_ms(samples: Any) -> set[int]:
    """The lengths of the silences between sounds, to 50 ms."""
    return {round(length_ms / 50) * 50 for _, length_ms in measure.gaps(samples)}


def first_sound_hz(samples: Any) -> list[int]:
    """What is heard in each tenth of a second of the first whole sound, silence and mixtures left out."""
    burst = measure.bursts(samples)[1]
    start = round(burst.start_ms * 8)
    parts = [measure.tones(samples[at : at + 800]) for at in range(start, start + round(burst.ms) * 8 - 800, 800)]
    heard = [round(tones[0].hz, -1) for tones in parts if len(tones) == 1]
    return [hz for at, hz in enumerate(heard) if at == 0 or heard[at - 1] != hz]


async def hears(house: SteppedHouse, status: str, state: str, seconds: float) -> Any:
    """What the telephone hears in the last `seconds` once its line is in `state`; it then hangs up."""
    one = await call_a_phone_that_says(house, status)
    await house.until(state, lambda: house.state("fxs1") == state, 3000)
    await house.pass_ms(round(seconds * 1000) + 200)
    heard = one.heard_last(seconds)
    one.hang_up()
    await house.until("idle", lambda: house.state("fxs1") == "idle", 500)
    return heard


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "484 Address Incomplete", "604 Nowhere"])
def test_number_unobtainable(house: SteppedHouse, status: str) -> None:
    async def day() -> None:
        heard = await hears(house, status, "unobtainable", 4.2)
        assert pauses_ms(heard) == {1000}
        assert first_sound_hz(heard) == SIT_HZ
        assert list(house.records.ended[0][1].failures.values()) == [int(status[:3])]

    run(day())


@pytest.mark.parametrize("status", ["486 Busy Here", "600 Busy Everywhere", "603 Decline", "607 Unwanted"])
def test_busy(house: SteppedHouse, status: str) -> None:
    async def day() -> None:
        heard = await hears(house, status, "busy", 2.4)
        assert pauses_ms(heard) == {200}
        assert list(house.records.ended[0][1].failures.values()) == [int(status[:3])]

    run(day())


@pytest.mark.parametrize("status", ["480 Gone Home", "488 No Codec", "503 Overload", "499 Never Heard Of"])
def test_congestion(house: SteppedHouse, status: str) -> None:
    async def day() -> None:
        heard = await hears(house, status, "congestion", 2.4)
        assert pauses_ms(heard) == {200, 600}
        assert list(house.records.ended[0][1].failures.values()) == [int(status[:3])]

    run(day())


def test_ringback(house: SteppedHouse) -> None:
    async def day() -> None:
        assert pauses_ms(await hears(house, "180 Ringing", "ringback", 4.8)) == {3000}

    run(day())


def test_early_media_without_sound_is_silence(house: SteppedHouse) -> None:
    async def day() -> None:
        assert measure.tones(await hears(house, "183 Session Progress", "calling", 0.5)) == ()

    run(day())


def test_the_table_says_what_was_heard_here() -> None:
    tones = {number: code.tone for number, code in codes().items()}
    assert {tones[number] for number in (404, 410, 484, 604)} == {"sit"}
    assert {tones[number] for number in (486, 600, 603, 607)} == {"busy"}
    assert {tones[number] for number in (480, 488, 503, 400)} == {"congestion"}
    assert tones[180] == "ringback" and tones[183] == "none"
