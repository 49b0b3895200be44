"""Who calls from outside, as an exchange's data on the copper say it: every standard, level, noise, and when they fail.

The exchange's data are written by `drivers/sim/exchange_data.py`, which shares no code with what reads them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.sim import measure
from drivers.sim.exchange_caller import Manner
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_line import Stage
from firmware.telephony.leg import Party
from tests.exchange_calls import closed
from tests.fake_time import run
from tests.lines.adsi_judge import decode
from tests.stepped_trunks import TrunkHouse

JOSE = IncomingCall("600123456", "José Ñúñez")
MANNERS = {
    "etsi between rings": Manner("etsi-fsk"),
    "etsi after dual tone": Manner("etsi-fsk", "dt-as"),
    "etsi after ring pulse": Manner("etsi-fsk", "rp-as"),
    "bellcore": Manner("bellcore"),
    "bellcore number only": Manner("bellcore-number"),
    "uk": Manner("uk", "lr+dt-as"),
    "dtmf after reversal": Manner("dtmf", "reversal"),
    "dtmf at once": Manner("dtmf", "none"),
    "japan": Manner("japan", "reversal"),
}
NAMELESS = ("bellcore number only", "dtmf after reversal", "dtmf at once", "japan")
ROUNDS = 20 if os.environ.get("TIPRING_SOAK") else 1


def house_of(folder: Path, manner: Manner, **options: object) -> TrunkHouse:
    given = {"caller_id": manner.standard, "caller_id_dtmf": manner.form, "caller_id_wait_s": 5.0} | options
    house = TrunkHouse(folder, options=given)
    house.office.manner = manner
    return house


async def caller_shown(house: TrunkHouse, call: IncomingCall | None) -> Party:
    house.office.ring(call)
    await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
    assert house.trunk.leg is not None
    return house.trunk.leg.party


def day(house: TrunkHouse, what: Callable[[], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await what()

    run(all_of_it())
    closed(house)


@pytest.mark.parametrize("noise_db", [None, -15], ids=["clean", "15 dB above noise"])
@pytest.mark.parametrize("dbm0", [-14.0, -26.0, -36.0])
@pytest.mark.parametrize("kind", MANNERS)
def test_every_standard_at_every_level(tmp_path: Path, kind: str, dbm0: float, noise_db: int | None) -> None:
    house = house_of(tmp_path, replace(MANNERS[kind], dbm0=dbm0))
    if noise_db is not None:
        house.office.wires.voice.set_wire(noise_dbm0=dbm0 + noise_db)

    async def calls() -> None:
        for _ in range(ROUNDS):
            shown = await caller_shown(house, JOSE)
            assert shown == Party("600123456", "fxo1" if kind in NAMELESS else "José Ñúñez")
            house.office.stop()
            await house.until("all rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 12_000)
        assert house.records.begun[-1][1] == "600123456"

    day(house, calls)


@pytest.mark.parametrize("kind", MANNERS)
@pytest.mark.parametrize(("private", "number"), [(True, "anonymous"), (False, "")])
def test_private_and_unknown_callers(tmp_path: Path, kind: str, private: bool, number: str) -> None:
    house = house_of(tmp_path, MANNERS[kind])

    async def call() -> None:
        assert await caller_shown(house, IncomingCall(private=private)) == Party(number, "fxo1")

    day(house, call)


@pytest.mark.parametrize(("form", "number"), [("D-C", "912345678"), ("A-#", "0034912345678"), ("-", "112233")])
def test_forms_of_dtmf(tmp_path: Path, form: str, number: str) -> None:
    house = house_of(tmp_path, Manner("dtmf", "reversal", form=form))

    async def call() -> None:
        assert (await caller_shown(house, IncomingCall(number))).number == number

    day(house, call)


@pytest.mark.parametrize("kind", ["etsi between rings", "dtmf after reversal"])
def test_too_much_noise_gives_no_number_rather_than_a_wrong_one(tmp_path: Path, kind: str) -> None:
    house = house_of(tmp_path, replace(MANNERS[kind], dbm0=-26.0))

    async def calls() -> None:
        for noise_dbm0 in range(-42, -16, 1 if ROUNDS > 1 else 3):
            house.office.wires.voice.set_wire(noise_dbm0=noise_dbm0)
            assert (await caller_shown(house, JOSE)).number in ("", "600123456")
            house.office.stop()
            await house.until("all rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 12_000)

    day(house, calls)


def test_without_data_the_call_is_passed_on_at_the_second_ring(tmp_path: Path) -> None:
    house = house_of(tmp_path, Manner("etsi-fsk"))

    async def call() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 6000)
        assert 4700 <= waited_ms <= 5200

    day(house, call)


def test_a_call_that_is_not_waited_for_rings_at_once(tmp_path: Path) -> None:
    house = house_of(tmp_path, Manner("etsi-fsk"), caller_id_wait_s=0.0)

    async def call() -> None:
        house.office.ring(JOSE)
        assert await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 6000) < 600

    day(house, call)


def test_a_number_that_comes_while_101_rings_already_is_passed_on(tmp_path: Path) -> None:
    house = house_of(tmp_path, Manner("etsi-fsk"), caller_id_wait_s=0.0)

    async def call() -> None:
        assert await caller_shown(house, JOSE) == Party("", "fxo1")
        await house.until("the record has it", lambda: house.records.named == [("17", "600123456")], 4000)
        assert house.exchange.status()[0]["from"] == "600123456"
        assert house.state("fxs1") == "ringing"

    day(house, call)


def test_a_call_whose_number_was_fetched_is_answered_and_heard(tmp_path: Path) -> None:
    house = house_of(tmp_path, MANNERS["japan"])

    async def call() -> None:
        assert (await caller_shown(house, JOSE)).number == "600123456"
        assert not house.office.wires.now().off_hook
        await house.until("the exchange rings", lambda: house.office.wires.now().ringing, 1500)
        house.sim.copper["fxs1"].lift()
        await house.until("both talk", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 4000)
        assert house.office.stage is Stage.TALKING
        house.office.say(measure.sine(1000, -15.0, 0.4))
        await house.pass_ms(300)
        (tone,) = measure.tones(house.sim.copper["fxs1"].heard_last(0.15))
        assert (round(tone.hz), round(tone.dbm0)) == (1000, -15)

    day(house, call)


def test_ordinary_ringing_is_not_answered_to_fetch_a_number(tmp_path: Path) -> None:
    house = house_of(tmp_path, Manner("japan"), caller_id_wait_s=1.2)
    house.office.live_by("de")  # a ring of one second

    async def call() -> None:
        house.office.ring()
        waited_ms = await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 6000)
        assert 1300 <= waited_ms <= 2000
        await house.pass_ms(6000)
        assert house.office.stage is Stage.RINGING

    day(house, call)


@pytest.mark.parametrize("standard", ["etsi-fsk", "dtmf", "japan"])
def test_a_line_set_to_another_standard_still_passes_the_call_on(tmp_path: Path, standard: str) -> None:
    house = house_of(tmp_path, Manner(standard))
    house.office.manner = Manner("bellcore-number") if standard == "dtmf" else Manner("dtmf", "reversal")

    async def call() -> None:
        assert (await caller_shown(house, JOSE)).number == ""

    day(house, call)


def test_the_number_of_one_call_is_not_that_of_the_next(tmp_path: Path) -> None:
    house = house_of(tmp_path, MANNERS["dtmf after reversal"])

    async def calls() -> None:
        assert (await caller_shown(house, JOSE)).number == "600123456"
        house.office.stop()
        await house.until("all rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 12_000)
        assert (await caller_shown(house, None)).number == ""

    day(house, calls)


@pytest.mark.parametrize("private", [False, True])
def test_the_called_telephone_is_sent_the_number_or_why_there_is_none(tmp_path: Path, private: bool) -> None:
    house = house_of(tmp_path, Manner("etsi-fsk"))

    async def call() -> None:
        phone = house.sim.copper["fxs1"]
        await caller_shown(house, IncomingCall(private=True) if private else JOSE)
        await house.pass_ms(4500)
        (message,) = decode(phone.heard_last(4.5), "etsi")
        told = {kind: text for kind, text in message.fields.items() if kind != 1}
        assert told == ({4: b"P", 8: b"P"} if private else {2: b"600123456", 7: b"Jose Nunez"})

    day(house, call)
