"""The lifeline: a telephone that works without power, and a call on it that the power's return does not cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sim import measure
from drivers.sim.exchange_line import Stage
from firmware.lines.fxs_machine import State
from firmware.telephony.cause import Cause
from tests.exchange_calls import call_in, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

DARK = ("out-of-service", "out of service")


class LifelineHouse(TrunkHouse):
    """Its 101, fxs1, is on the exchange line without power, and at the start."""

    def __init__(self, folder: Path, lifted: str = "") -> None:
        super().__init__(folder, board="sim-lifeline", lifted=lifted)
        self.lines["fxs1"].machine.state = State.OUT_OF_SERVICE  # as core makes its lines: before the card starts
        self.phone = self.sim.copper["fxs1"]

    def heard(self) -> list[int]:
        """What the telephone hears, in Hz."""
        return [round(tone.hz) for tone in measure.tones(self.phone.heard_last(0.3))]

    async def comes_back(self, most_ms: int = 3000) -> int:
        return await self.until("the telephone is on its own port", lambda: self.state("fxs1") == "idle", most_ms)

    async def goes_dark(self) -> None:
        self.sim.power(False)
        await self.until("core notices", lambda: self.state("fxs1") in DARK and self.state("fxo1") in DARK, 3000)


async def dials_the_exchange_itself(house: LifelineHouse) -> None:
    """Lifted and dialled while nothing but copper is between telephone and exchange; then they talk."""
    house.phone.lift()
    await house.until("the exchange's dial tone", lambda: house.office.stage is Stage.DIAL_TONE, 1500)
    await house.pass_ms(400)
    assert house.heard() == [425]
    await house.pass_ms(round(house.phone.dial("912345678")))
    await house.until("the exchange has the number", lambda: house.office.stage is Stage.RINGBACK, 15_000)
    assert house.office.digits == "912345678"
    house.office.answer()
    await house.pass_ms(200)
    await they_hear_each_other(house)


async def they_hear_each_other(house: LifelineHouse) -> None:
    house.office.say(measure.sine(1000, -15.0, 0.5))
    await house.pass_ms(400)
    assert house.heard() == [1000]
    await house.pass_ms(200)
    house.phone.say(measure.sine(700, -15.0, 0.5))
    await house.pass_ms(400)
    assert [round(t.hz) for t in measure.tones(house.office.wires.voice.heard_last(0.2))] == [700]


def test_without_power_the_telephone_calls_over_the_exchange_and_the_powers_return_does_not_cut_it(
    tmp_path: Path,
) -> None:
    house = LifelineHouse(tmp_path)

    async def day() -> None:
        await house.comes_back()
        assert house.sim.lifeline_joined is False
        house.phone.lift()
        await house.until("our own dial tone", lambda: house.state("fxs1") == "dialling", 500)
        assert not house.office.wires.now().closed
        house.phone.hang_up()
        await house.until("idle", lambda: house.state("fxs1") == "idle", 1000)

        await house.goes_dark()
        assert house.sim.lifeline_joined
        await dials_the_exchange_itself(house)
        house.sim.power(True)
        await house.until("the exchange line is watched", lambda: house.state("fxo1") == "in-use", 5000)
        feeds_ma = []
        for _ in range(2000):
            await house.pass_ms(5)
            feeds_ma.append(house.office.wires.now().feed_ma)
        assert house.sim.lifeline_joined and house.office.stage is Stage.TALKING
        assert min(feeds_ma) > 0.9 * max(feeds_ma)
        await they_hear_each_other(house)
        assert house.trunk.make_leg("5") is Cause.NO_CIRCUIT_AVAILABLE
        assert house.lines["fxs1"].make_leg() is Cause.DESTINATION_OUT_OF_ORDER

        house.phone.hang_up()
        await house.comes_back()
        assert house.sim.lifeline_joined is False
        await call_in(house)

    run(day())
    closed(house)


def test_core_that_starts_while_somebody_talks_over_the_lifeline_waits_for_the_hook(tmp_path: Path) -> None:
    house = LifelineHouse(tmp_path, lifted="fxs1")

    async def day() -> None:
        await house.until("it is seen", lambda: house.state("fxo1") == "in-use", 1000)
        await house.pass_ms(400)
        house.phone.pulse_dial("91")  # the line's voltage comes and goes with the pulses
        await house.pass_ms(6000)
        assert house.sim.lifeline_joined and house.office.digits == "91"
        assert house.trunk.status()["state"] == "in-use"
        house.phone.hang_up()
        assert 900 < await house.comes_back() < 1800

    run(day())
    closed(house)


def test_the_exchange_rings_the_telephone_without_power_and_the_bell_is_left_to_it(tmp_path: Path) -> None:
    house = LifelineHouse(tmp_path)

    async def day() -> None:
        await house.comes_back()
        await house.goes_dark()
        house.office.ring()
        await house.until("the exchange rings", lambda: house.office.wires.now().ringing, 2000)
        await house.pass_ms(500)
        volts = house.phone.volts_last(0.4)
        assert volts.std() == pytest.approx(75, rel=0.05)
        house.sim.power(True)
        await house.pass_ms(9000)
        assert house.sim.lifeline_joined  # 101 rings there, and is not offered the call a second time
        house.phone.lift()
        await house.until("answered at the exchange", lambda: house.office.stage is Stage.TALKING, 1500)
        await house.until("we keep away", lambda: house.state("fxo1") == "in-use", 1500)
        await they_hear_each_other(house)
        house.phone.hang_up()
        await house.comes_back(9000)

    run(day())
    closed(house)


def test_a_dead_exchange_line_does_not_keep_the_telephone_and_a_dead_chip_does(tmp_path: Path) -> None:
    house = LifelineHouse(tmp_path)

    async def day() -> None:
        house.office.unplug()
        assert await house.comes_back(6000) > 3900
        house.sim.fault("fxs1", "dead-bus")
        await house.until("its port is lost", lambda: house.sim.lifeline_joined is True, 3000)
        house.office.plug()
        await dials_the_exchange_itself(house)
        house.sim.fault("fxs1", "dead-bus", on=False)
        house.sim.fault("fxo1", "dead-bus")
        house.phone.hang_up()
        await house.pass_ms(15_000)
        assert house.sim.lifeline_joined  # nobody can see whether it is lifted again
        house.sim.fault("fxo1", "dead-bus", on=False)
        await house.comes_back(6000)

    run(day())
    closed(house)
