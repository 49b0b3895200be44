"""The acceptance rows of the line: stimulus on simulated copper, window of the trade's figures.

Rows 1 to 11, 20 and 22 of the project's table for the FXS side; the driver and scanner are the
true ones, the judge is `drivers/sim/measure*.py`, which reads only the copper.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boards.calibration_store import CalibrationStore
from drivers.errors import HardwareError
from drivers.ports import (
    Feed,
    HookFlash,
    HookProfile,
    LineProfile,
    OffHook,
    OnHook,
    PortFailed,
    PortRecovered,
    PulseDigitDialled,
)
from drivers.sim import measure
from drivers.sim.dialling import RotaryDial
from drivers.sim.measure_ringing import ringing
from drivers.sim.reactions import swing_ends_ms
from tests.drivers.stepped_ports import House
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

# A slow dial with a long break (8 pps, 67 %) opens the loop for 84 ms, so pulses must be allowed to last that long.
DIAL_PROFILE = LineProfile(hook=HookProfile(pulse_max_ms=95, flash_min_ms=96, flash_max_ms=130))
SPAIN_MS = (1500, 3000)

Maker = Callable[..., House]


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[Maker]:
    houses: list[House] = []

    def make(profile: LineProfile | None = None) -> House:
        house = House(CalibrationStore(tmp_path), profile or LineProfile())
        houses.append(house)
        house.board.start(stepped=True)
        house.step(300)
        return house

    yield make
    for house in houses:
        house.close()


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events if event.port == "fxs1"]


def test_row_1_off_hook_into_600_ohm_and_dial_tone(tmp_path: Path) -> None:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path)

    async def day() -> None:
        phone = house.sim.phone("fxs1")
        phone.lift(600)
        assert await house.until("off hook", lambda: house.state("fxs1") == "dialling", 100) <= 100
        await house.pass_ms(300)
        assert [round(tone.hz) for tone in measure.tones(phone.heard_last(0.15))] == [425]

    run(day())
    house.close()


def test_row_2_a_long_loop_is_off_hook_and_its_current_is_right(make_house: Maker) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.set_wire(loop_ohm=1700)
    phone.lift(200)
    assert kinds(house.step(300)) == [OffHook]
    computed_ma = min(20.0, 48_000 / (160 + 1900))  # the feed limits at 20 mA
    assert house.ports["fxs1"].readings().loop_ma == pytest.approx(computed_ma, abs=2)


@pytest.mark.parametrize("leak_ohm", [10_000, 15_000])
def test_row_3_leakage_is_no_off_hook(make_house: Maker, leak_ohm: float) -> None:
    house = make_house()
    house.sim.phone("fxs1").set_wire(leak_ohm=leak_ohm)
    assert house.step(2000) == []


@pytest.mark.parametrize("open_ms", [5, 10])
def test_row_4_short_openings_mean_nothing(make_house: Maker, open_ms: int) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.lift(600)
    house.step(300)
    phone.flash(open_ms)
    assert house.step(500) == []


@pytest.mark.parametrize(
    "dial", [RotaryDial(10, 0.60), RotaryDial(10, 0.66), RotaryDial(8, 0.60), RotaryDial(11, 0.60)]
)
def test_row_5_pulse_trains(make_house: Maker, dial: RotaryDial) -> None:
    house = make_house(DIAL_PROFILE)
    phone = house.sim.phone("fxs1")
    phone.lift(600)
    house.step(300)
    for digit in "1234567890":
        took_ms = phone.pulse_dial(digit, dial)
        told = house.step(round(took_ms) + 100)
        assert [getattr(event, "digit", event) for event in told] == [digit]
        assert kinds(told) == [PulseDigitDialled]


@pytest.mark.parametrize(("open_ms", "meaning"), [(100, HookFlash), (270, OnHook), (600, OnHook), (1600, OnHook)])
def test_row_6_flash_and_release_by_the_european_profile(make_house: Maker, open_ms: int, meaning: type) -> None:
    check_opening(make_house(), open_ms, meaning)


@pytest.mark.parametrize(("open_ms", "meaning"), [(270, None), (600, HookFlash), (1600, OnHook)])
def test_row_6_flash_and_release_by_the_american_profile(make_house: Maker, open_ms: int, meaning: type | None) -> None:
    american = LineProfile(hook=HookProfile(pulse_max_ms=200, flash_min_ms=300, flash_max_ms=1000))
    check_opening(make_house(american), open_ms, meaning)


def check_opening(house: House, open_ms: int, meaning: type | None) -> None:
    phone = house.sim.phone("fxs1")
    phone.lift(600)
    house.step(300)
    phone.flash(open_ms)
    told = kinds(house.step(open_ms + 500))
    expected = [] if meaning is None else [meaning]
    assert told == ([OnHook, OffHook] if meaning is OnHook else expected)


@pytest.mark.parametrize("ren", [1.0, 3.0, 5.0])
def test_row_7_ringing_into_the_load(make_house: Maker, ren: float) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.set_wire(ren=ren)
    house.step(500)
    house.ports["fxs1"].ring(SPAIN_MS)
    assert house.step(6300) == []
    seen = ringing(phone.volts_last(6.4))
    assert seen is not None
    assert seen.v_rms >= 40 and seen.hz == pytest.approx(25, abs=0.5)
    assert list(seen.cadence_ms[:2]) == [pytest.approx(1500, abs=50), pytest.approx(3000, abs=50)]


@pytest.mark.parametrize("into_ms", [700, 2500], ids=["in the burst", "in the pause"])
def test_row_8_answer_removes_ringing(make_house: Maker, into_ms: int) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    house.ports["fxs1"].ring(SPAIN_MS)
    house.step(into_ms)
    phone.lift(430)
    lifted = phone.frame
    assert kinds(house.step(200)) == [OffHook]
    assert swing_ends_ms(phone.volts_since(lifted)) <= 200
    assert house.ports["fxs1"].readings().off_hook


def test_row_9_a_touch_and_a_leak_do_not_answer(make_house: Maker) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.set_wire(phone_ohm=200)
    house.ports["fxs1"].ring(SPAIN_MS)
    house.step(700)
    start_us = phone.now_us + 1000
    phone.plan([(start_us, True), (start_us + 12_000, False)])
    assert house.step(600) == []
    phone.set_wire(leak_ohm=10_000)
    assert house.step(5000) == []
    assert house.ports["fxs1"].readings().ringing  # a cadence counts as ringing in its pauses too


def test_row_10_a_short_is_limited_and_recovers_by_itself(make_house: Maker) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.set_wire(short_tip_ring=1)
    told = house.step(10_000)
    assert kinds(told) in ([OffHook], [PortFailed], [OffHook, PortFailed])
    assert phone.line().loop_ma <= 25
    phone.set_wire(short_tip_ring=0)
    house.step(3000)
    if not house.ports["fxs1"].in_service:
        house.ports["fxs1"].recover()
        house.step(300)
    assert house.ports["fxs1"].readings().loop_v == pytest.approx(48, abs=2)
    assert not house.ports["fxs1"].readings().off_hook


def test_row_10_tip_on_earth_is_an_alarm_and_recovers(make_house: Maker) -> None:
    house = make_house()
    phone = house.sim.phone("fxs1")
    phone.set_wire(tip_ground=1)
    phone.lift(600)
    told = house.step(10_000)
    assert told and set(kinds(told)) <= {OffHook, PortFailed}
    assert phone.line().loop_ma <= 60
    phone.set_wire(tip_ground=0)
    phone.hang_up()
    house.step(3000)
    if not house.ports["fxs1"].in_service:
        house.ports["fxs1"].recover()
        house.step(300)
    assert house.ports["fxs1"].in_service and not house.ports["fxs1"].readings().off_hook


def test_row_11_reversal_and_open_interval_at_the_terminals(make_house: Maker) -> None:
    house = make_house()
    phone, port = house.sim.phone("fxs1"), house.ports["fxs1"]
    phone.lift(600)
    house.step(300)
    forward_v = phone.line().phone_v
    port.feed(Feed.ACTIVE_REVERSED)
    house.step(100)
    assert phone.line().phone_v == pytest.approx(-forward_v, abs=0.5)
    port.feed(Feed.ACTIVE)
    house.step(300)
    began = phone.frame
    port.open_interval(500)
    assert house.step(1200) == []
    open_samples = int(np.sum(np.abs(phone.volts_since(began)) < 1.0))
    assert open_samples / 8 == pytest.approx(500, abs=30)


def test_row_20_a_tone_passes_both_ways_with_its_level(tmp_path: Path) -> None:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path)
    one, two = house.sim.phone("fxs1"), house.sim.phone("fxs2")

    async def day() -> None:
        one.lift()
        await house.pass_ms(400)
        one.dial("102")
        await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
        two.lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 500)
        await house.pass_ms(800)
        for speaker, ear in ((one, two), (two, one)):
            speaker.say(measure.sine(1000, -10, 1.2))
            await house.pass_ms(1150)
            heard = ear.heard_last(0.8)
            assert measure.level_dbm0(heard) == pytest.approx(-10, abs=0.5)
            # A-law alone distorts a sine by about 1 %: 38 dB of signal to quantising noise; harmonics stay below that.
            assert measure.thd_percent(heard) < 1
            await house.pass_ms(300)

    run(day())
    house.close()


@pytest.mark.parametrize("fault", ["dead-bus", "pcm-clock-loss"])
def test_row_22_bus_and_clock_loss_fail_safe_and_recover(make_house: Maker, fault: str) -> None:
    house = make_house()
    house.sim.fault("fxs1", fault)
    told = [event for event in house.step(1000) if isinstance(event, PortFailed)]
    assert [event.port for event in told] == ["fxs1"]
    assert len(told[0].reason) > 15
    with pytest.raises(HardwareError):
        house.ports["fxs1"].ring(SPAIN_MS)
    assert house.ports["fxs2"].in_service
    house.sim.fault("fxs1", fault, on=False)
    house.step(3000)
    house.ports["fxs1"].recover()
    assert [type(event) for event in house.step(300)] == [PortRecovered]
    assert house.ports["fxs1"].readings().loop_v == pytest.approx(48, abs=2)


def test_row_22_the_reset_pin_opens_every_line(make_house: Maker) -> None:
    house = make_house()
    house.board.bus.gpio_set(0, 0)
    told = house.step(1000)
    assert sorted(event.port for event in told if isinstance(event, PortFailed)) == ["fxs1", "fxs2"]
    for name in ("fxs1", "fxs2"):
        assert house.sim.phone(name).line().linefeed_state == 0
    house.board.bus.gpio_set(0, 1)
    house.step(3000)
    for name in ("fxs1", "fxs2"):
        house.ports[name].recover()
        assert house.ports[name].in_service
