"""An exchange that sends the last digits of the number called once we have answered, on stepped copper.

What it sends and hears is made and measured at its end of the line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sim import measure
from drivers.sim.dialling import dtmf_sound
from firmware.app_numbers import add_groups, direct_in_plan, with_direct_in
from firmware.config.load import load
from firmware.lines.fxo_options import FxoOptions
from firmware.pbx.services.direct_in import FAREWELL_S, FIRST_DIGIT_S, NEXT_DIGIT_S
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from tests.exchange_calls import closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

SETTINGS = """
[lines.fxs1]
number = "101"
[lines.fxs2]
number = "102"
[lines.fxo1]
did_digits = 3
target = "102"
[groups.all]
number = "600"
members = ["101", "102"]
[inbound.desks]
numbers = ["301-302"]
target = "101-102"
[inbound.all]
numbers = ["777"]
target = "600"
"""


class DirectHouse(TrunkHouse):
    """Three digits come on fxo1: 301 and 302 lead to 101 and 102, 777 to both, any other to 102."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        file = folder / "tipring.toml"
        file.write_text(settings, encoding="utf-8")
        said, country = load(file), load_country("es")
        target = with_direct_in(said.exchange_lines["fxo1"], FxoOptions()).target
        super().__init__(folder, direct_in=direct_in_plan(said, country), options={"target": target}, echo_ms=64)
        add_groups(said, self.routes)
        self.office.wires.voice.set_wire(erl_db=10, echo_ms=8)

    async def call(self, digits: str) -> None:
        """The exchange rings, is answered, and sends `digits`."""
        self.office.ring()
        await self.until("answered by itself", lambda: self.state("fxo1") == "talking", 4000)
        assert "ringing" not in {self.state("fxs1"), self.state("fxs2")}
        await self.pass_ms(400)
        assert self.heard_outside() == ()
        if digits:
            sound = dtmf_sound(digits)
            assert self.office.say(sound) == len(sound)
            await self.pass_ms(len(sound) // 8)

    def heard_outside(self) -> tuple[int, ...]:
        tones = measure.tones(self.office.wires.voice.heard_last(0.15))
        return tuple(sorted({round(tone.hz / 25) * 25 for tone in tones}))

    async def all_rest(self) -> None:
        for port in ("fxs1", "fxs2"):
            self.sim.copper[port].hang_up()
        lines = [*self.trunks, *self.lines]
        await self.until("all rest", lambda: {self.state(name) for name in lines} == {"idle"}, 12_000)
        await self.pass_ms(100)
        assert not any(self.exchange.debug().values())


async def talk(house: DirectHouse, port: str) -> None:
    """The telephone at `port` rings, is lifted, and both ends hear each other."""
    await house.until("it rings", lambda: house.sim.copper[port].line().ringing, 1500)
    await house.pass_ms(300)
    assert house.heard_outside() == (425,), "ringback"
    house.sim.copper[port].lift()
    await house.until("both talk", lambda: house.state("fxo1") == house.state(port) == "talking", 2000)
    await house.pass_ms(300)
    house.office.say(measure.sine(1000, -15.0, 0.4))
    await house.pass_ms(300)
    heard = measure.tones(house.sim.copper[port].heard_last(0.15))
    assert [round(tone.hz) for tone in heard if tone.dbm0 > -30] == [1000]
    house.sim.copper[port].say(measure.sine(700, -15.0, 0.4))
    await house.pass_ms(300)
    assert house.heard_outside() == (700,)


@pytest.mark.parametrize(
    ("digits", "port", "number"),
    [("301", "fxs1", "101"), ("302", "fxs2", "102"), ("777", "fxs1", "600"), ("555", "fxs2", "102")],
)
def test_the_digits_say_who_rings(tmp_path: Path, digits: str, port: str, number: str) -> None:
    house = DirectHouse(tmp_path)

    async def day() -> None:
        await house.call(digits)
        await talk(house, port)
        await house.all_rest()
        first, second = house.records.ended
        assert [called for _, _, called, _ in house.records.begun] == ["direct-in", number]
        assert first[1].services["became"] == second[0] and second[1].services["digits"] == digits
        assert second[1].cause is Cause.NORMAL_CLEARING

    run(day())
    closed(house)


@pytest.mark.parametrize(("digits", "wait_s"), [("", FIRST_DIGIT_S), ("30", NEXT_DIGIT_S)])
def test_without_all_digits_the_lines_target_rings_after_a_pause(tmp_path: Path, digits: str, wait_s: float) -> None:
    house = DirectHouse(tmp_path)

    async def day() -> None:
        await house.call(digits)
        waited_ms = await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 6000)
        assert waited_ms / 1000 == pytest.approx(wait_s, abs=0.6)
        await talk(house, "fxs2")
        await house.all_rest()

    run(day())
    closed(house)


def test_a_busy_telephone_is_heard_as_busy_and_then_the_line_is_free(tmp_path: Path) -> None:
    house = DirectHouse(tmp_path)

    async def day() -> None:
        house.sim.copper["fxs1"].lift()
        await house.pass_ms(300)
        await house.call("301")
        await house.until("busy tone", lambda: 425 in house.heard_outside(), 1000)
        waited_ms = await house.until("released", lambda: not house.office.wires.now().closed, 6000)
        assert waited_ms / 1000 == pytest.approx(FAREWELL_S, abs=0.5)
        assert house.records.ended[-1][1].cause is Cause.USER_BUSY
        await house.all_rest()

    run(day())
    closed(house)


def test_a_number_that_leads_nowhere_is_refused_by_its_tone(tmp_path: Path) -> None:
    house = DirectHouse(tmp_path, SETTINGS.replace('target = "102"\n[groups', "[groups"))

    async def day() -> None:
        await house.call("555")
        await house.until("a tone", lambda: house.heard_outside() != (), 1500)
        await house.until("released", lambda: not house.office.wires.now().closed, 6000)
        assert house.records.ended[-1][1].cause is Cause.UNALLOCATED_NUMBER
        await house.all_rest()

    run(day())
    closed(house)


@pytest.mark.parametrize("digits", ["", "30", "301"])
def test_the_caller_hangs_up_before_or_after_the_digits(tmp_path: Path, digits: str) -> None:
    house = DirectHouse(tmp_path)

    async def day() -> None:
        await house.call(digits)
        await house.pass_ms(300)
        house.office.hang_up("loop-break")
        await house.until("released", lambda: not house.office.wires.now().off_hook, 1500)
        await house.all_rest()

    run(day())
    closed(house)
