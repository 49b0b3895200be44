"""R on a telephone that talks over an exchange line: for the services of the house, or for those of the exchange.

The flash is measured as the exchange sees it on its wires. R for the services of the house: `test_flash_on_copper.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.sim import measure
from drivers.sim.exchange_habits import RATE_HZ, habits_of
from drivers.sim.measure_dtmf import digits
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_profile import fxo_options
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Party
from tests.exchange_calls import call_in, call_out, closed
from tests.fake_time import run
from tests.pbx.exchange_bench import ScriptedLeg
from tests.stepped_trunks import TrunkHouse

FLASH_MS = {"es": 90, "us": 650}
"""The middle of what each country's exchanges take for one: 50 to 130 ms, 300 to 1,000 ms."""
AS_PRESSED_MS = {"es": 100.0, "us": 500.0}


def options_of(country: str, **settings: Any) -> dict[str, Any]:
    wanted = fxo_options(load_country(country), FxoLineSettings(**settings))
    return {"pass_flash": wanted.pass_flash, "flash_ms": wanted.flash_ms}


async def speaks(house: TrunkHouse, tone: Any, seconds: float) -> None:
    """The exchange lets a tone be heard for so long."""
    for at in range(0, round(seconds * RATE_HZ), RATE_HZ // 2):
        house.office.say(tone.samples(at, RATE_HZ // 2))
        await house.pass_ms(500)


async def heard_both_ways(house: TrunkHouse) -> None:
    phone, far = house.sim.copper["fxs1"], house.office.wires.voice
    house.office.say(measure.sine(1000, -15.0, 0.4))
    await house.pass_ms(300)
    assert [round(t.hz) for t in measure.tones(phone.heard_last(0.15))] == [1000]
    phone.say(measure.sine(700, -15.0, 0.4))
    await house.pass_ms(300)
    assert [round(t.hz) for t in measure.tones(far.heard_last(0.15))] == [700]


@pytest.mark.parametrize("country", ["es", "us"])
@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
def test_r_reaches_the_exchange_whose_services_answer(tmp_path: Path, country: str, outgoing: bool) -> None:
    habits = {"release_ms": 1200} if country == "us" else {}
    house = TrunkHouse(tmp_path, country, exchange=country, habits=habits, options=options_of(country, pass_flash=True))
    its = habits_of(country)

    async def day() -> None:
        if outgoing:
            await call_out(house)
            await house.pass_ms(2000)
            house.office.answer()
            await house.until("answered", lambda: house.state("fxo1") == "talking", 8000)
        else:
            await call_in(house)
        await heard_both_ways(house)
        phone = house.sim.copper["fxs1"]
        for pressed in (1, 2):
            phone.flash(AS_PRESSED_MS[country])
            await house.until("the exchange sees R", lambda wanted=pressed: house.office.flashes == wanted, 2500)
            assert house.office.flash_ms == pytest.approx(FLASH_MS[country], abs=5)
            await house.pass_ms(200)
            assert house.state("fxs1") == house.state("fxo1") == "talking"
            assert house.lines["fxs1"].other.leg is None
            if pressed == 1:  # somebody else is called over the exchange, and is busy
                assert its.dial is not None
                await speaks(house, its.dial, 5.5)
                phone.dial("5")
                await house.pass_ms(450)
                assert digits(house.office.wires.voice.heard_last(0.45)) == "5"
                await speaks(house, its.busy, 8)
                assert house.state("fxs1") == house.state("fxo1") == "talking"
        await heard_both_ways(house)
        assert not house.records.ended and not house.exchange.status()[0]["held_by"]

    run(day())
    closed(house)


def test_a_busy_tone_that_goes_on_ends_the_call_at_last(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, options=options_of("es", pass_flash=True))

    async def day() -> None:
        await call_in(house)
        house.sim.copper["fxs1"].flash(100.0)
        await house.pass_ms(500)
        house.office.hang_up("busy-tone")
        waited_ms = await house.until("released", lambda: not house.office.wires.now().off_hook, 50_000)
        assert waited_ms > 40_000

    run(day())
    closed(house)


def test_r_is_for_the_services_of_the_house_unless_the_line_says_otherwise(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.sim.copper["fxs1"].flash(100.0)
        await house.until("recall dial tone", lambda: house.state("fxs1") == "dialling", 600)
        assert house.office.flashes == 0 and house.exchange.status()[0]["held_by"]
        house.sim.copper["fxs1"].flash(100.0)
        await house.until("back", lambda: house.state("fxs1") == "talking", 600)
        await heard_both_ways(house)

    run(day())
    closed(house)


def test_while_a_call_of_the_house_waits_r_takes_that_one(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, options=options_of("es", pass_flash=True))

    async def day() -> None:
        await call_in(house)
        first, second = house.sim.copper["fxs1"], house.sim.copper["fxs2"]
        second.lift()
        await house.pass_ms(400)
        second.dial("101")
        await house.until("it waits", lambda: house.lines["fxs1"].other.is_.value == "waiting", 3000)
        first.flash(100.0)
        await house.until("R asks", lambda: house.state("fxs1") == "ordering", 600)
        await house.pass_ms(100)
        first.dial("2")
        await house.until("102 is talked with", lambda: house.state("fxs2") == "talking", 1500)
        assert house.office.flashes == 0

    run(day())
    closed(house)


def test_r_of_a_telephone_without_services_goes_to_the_exchange_of_any_line(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, settings={"fxs1": {"flash_services": "off"}})

    async def day() -> None:
        await call_in(house)
        house.sim.copper["fxs1"].flash(100.0)
        await house.until("the exchange sees R", lambda: house.office.flashes == 1, 1000)
        assert house.state("fxs1") == house.state("fxo1") == "talking"

    run(day())
    closed(house)


def test_a_flash_that_a_sip_phone_tells_goes_to_the_exchange_of_any_line(tmp_path: Path) -> None:
    """Its leg tells `leg_flashed` of an INFO (`tests/sip/test_info.py`); here is the way from there to the copper."""
    house = TrunkHouse(tmp_path, options=options_of("es"))

    async def day() -> None:
        caller = ScriptedLeg("sip:201/1", house.exchange, 0)
        caller.called = Party("0912345678")
        house.exchange.leg_arrived(caller)
        await house.until("the exchange has the number", lambda: house.office.digits == "912345678", 9000)
        await house.pass_ms(6500)
        house.exchange.leg_flashed(caller)  # not answered yet: it is nobody's
        await house.pass_ms(300)
        house.office.answer()
        await house.until("answered", lambda: house.state("fxo1") == "talking", 8000)
        assert house.office.flashes == 0
        house.exchange.leg_flashed(caller)
        await house.until("the exchange sees it", lambda: house.office.flashes == 1, 1000)
        assert house.office.flash_ms == pytest.approx(FLASH_MS["es"], abs=5)
        house.exchange.leg_signalled(caller, "7", 100)  # a digit that came beside the audio, too
        await house.pass_ms(500)
        assert digits(house.office.wires.voice.heard_last(0.5)) == "7"
        assert house.state("fxo1") == "talking"

    run(day())
    closed(house)
