"""The Si3050's driver and scanner on simulated copper: what is told, and what the exchange sees, in volts and ms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.errors import ChipError
from drivers.exchange_port import (
    DigitsSent,
    ExchangeLineProfile,
    FlashSent,
    LineDead,
    LineInUse,
    LineOverloaded,
    LineSeized,
    LoopBroken,
    LoopMade,
    NoLoopCurrent,
    ParallelLifted,
    PolarityChanged,
    RingBegan,
    RingEnded,
)
from drivers.ports import PortFailed, PortRecovered
from drivers.sim.exchange_line import Stage
from drivers.sim.office_wires import WireFeed
from tests.drivers.stepped_exchange import ExchangeHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ExchangeHouse]:
    house = ExchangeHouse(tmp_path)
    house.step(300)
    assert [type(event) for event in house.events] == [PortRecovered]
    yield house
    assert house.sim.violations() == []
    house.close()


def seized(house: ExchangeHouse) -> None:
    house.port.seize()
    house.until(lambda: bool(house.told(LineSeized)), 600)


def test_an_idle_line_is_watched_and_nothing_is_told(house: ExchangeHouse) -> None:
    house.step(3000)
    assert [type(event) for event in house.events] == [PortRecovered]
    readings = house.port.readings()
    assert (readings.off_hook, readings.ringing, readings.loop_ma) == (False, False, 0.0)
    assert readings.loop_v == pytest.approx(48, rel=0.11)


@pytest.mark.parametrize("hz", [15.0, 20.0, 25.0, 50.0, 68.0])
@pytest.mark.parametrize("v_rms", [30.0, 90.0])
def test_rings_of_15_to_68_hz_and_30_to_90_volts(house: ExchangeHouse, hz: float, v_rms: float) -> None:
    house.exchange.wires.set_office(ring_hz=hz, ring_v_rms=v_rms)
    house.exchange.ring()
    house.step(200 + 4500 + 2000)
    assert [began.hz for began in house.told(RingBegan)] == [pytest.approx(hz, rel=0.06)] * 2
    assert [ended.ms for ended in house.told(RingEnded)] == [pytest.approx(1500, abs=80)] * 2
    assert not house.told(PolarityChanged) and not house.told(LineInUse)


@pytest.mark.parametrize("pulses_per_s", [8, 10, 20])
def test_pulse_dialling_on_a_parallel_telephone_is_no_ring(house: ExchangeHouse, pulses_per_s: int) -> None:
    wires = house.exchange.wires
    wires.set_office(parallel_ohm=300)
    house.step(500)
    assert [event.in_use for event in house.told(LineInUse)] == [True]
    period_ms = 1000 // pulses_per_s
    for _ in range(10):
        wires.set_office(parallel_ohm=0)
        house.step(period_ms * 60 // 100 // 5 * 5)
        wires.set_office(parallel_ohm=300)
        house.step(period_ms * 40 // 100 // 5 * 5)
    house.step(500)
    wires.set_office(parallel_ohm=0)
    house.step(500)
    assert not house.told(RingBegan)
    assert house.told(LineInUse)[-1].in_use is False


def test_seizing_tells_current_and_voltage_and_releasing_ends_it(house: ExchangeHouse) -> None:
    house.port.seize()
    took_ms = house.until(lambda: bool(house.told(LineSeized)), 1000)
    assert took_ms <= 530
    now = house.exchange.wires.now()
    (event,) = house.told(LineSeized)
    assert event.loop_ma == pytest.approx(now.loop_ma, abs=1.2)
    assert event.line_v == pytest.approx(now.port_v, rel=0.15)
    house.port.release()
    house.step(5)
    assert not house.exchange.wires.now().off_hook


def test_a_dead_line_is_noticed_on_hook_and_when_seized(house: ExchangeHouse) -> None:
    house.exchange.unplug()
    waited_ms = house.until(lambda: bool(house.told(LineDead)), 2000)
    assert 950 <= waited_ms <= 1200
    house.port.seize()
    took_ms = house.until(lambda: bool(house.told(NoLoopCurrent)), 1000)
    assert took_ms < 600
    assert not house.exchange.wires.now().off_hook
    house.exchange.plug()
    house.until(lambda: not house.told(LineDead)[-1].dead, 500)


def test_nothing_seizes_a_line_with_ringing_voltage_on_it(house: ExchangeHouse) -> None:
    house.exchange.ring()
    house.until(lambda: bool(house.told(RingBegan)), 1000)
    with pytest.raises(ChipError, match="seizing the line is refused in the line's state"):
        house.port.seize()
    house.until(lambda: bool(house.told(RingEnded)), 2000)
    seized(house)
    assert house.exchange.stage is Stage.TALKING


@pytest.mark.parametrize("ms", [50, 100, 250, 600])
def test_a_break_of_the_loop_is_told_when_it_is_long_enough(house: ExchangeHouse, ms: int) -> None:
    house.exchange.live_by("es", release_ms=2000)
    seized(house)
    house.step(300)
    wires = house.exchange.wires
    wires.put(WireFeed.NO_FEED)
    house.step(ms)
    wires.put(WireFeed.NORMAL)
    house.step(100)
    if ms < 80:
        assert not house.told(LoopBroken)
    else:
        assert len(house.told(LoopBroken)) == 1
        assert house.told(LoopMade)[0].ms == pytest.approx(ms, abs=15)


@pytest.mark.parametrize("off_hook", [False, True])
def test_every_reversal_is_told_once(house: ExchangeHouse, off_hook: bool) -> None:
    if off_hook:
        seized(house)
    for reversed_now in (True, False, True):
        house.exchange.wires.put(WireFeed.REVERSED if reversed_now else WireFeed.NORMAL)
        house.step(300)
    assert [event.reversed for event in house.told(PolarityChanged)] == [True, False, True]
    assert not house.told(RingBegan) and not house.told(LoopBroken)


def test_a_telephone_lifted_beside_us_is_told(house: ExchangeHouse) -> None:
    seized(house)
    house.step(300)
    house.exchange.wires.set_office(parallel_ohm=300)
    house.step(300)
    house.exchange.wires.set_office(parallel_ohm=0)
    house.step(300)
    assert [event.lifted for event in house.told(ParallelLifted)] == [True, False]


def test_far_too_much_current_releases_the_line(house: ExchangeHouse) -> None:
    house.exchange.wires.set_office(battery_v=120, feed_ohm=100, limit_ma=500)
    house.port.seize()
    took_ms = house.until(lambda: bool(house.told(LineOverloaded)), 300)
    assert took_ms <= 60
    house.step(5)
    assert not house.exchange.wires.now().off_hook


@pytest.mark.parametrize(("break_ms", "make_ms"), [(60, 40), (66, 34), (34, 16)])
def test_pulses_reach_the_exchange(tmp_path: Path, break_ms: int, make_ms: int) -> None:
    profile = ExchangeLineProfile(pulse_break_ms=break_ms, pulse_make_ms=make_ms, digit_gap_ms=700)
    house = ExchangeHouse(tmp_path, profile)
    seized(house)
    house.step(300)
    house.port.pulse_dial("9150")
    with pytest.raises(ChipError):
        house.port.pulse_dial("1")
    house.until(lambda: bool(house.told(DigitsSent)), 9000)
    house.step(300)
    assert house.exchange.digits == "9150"
    opened = [edge for edge in house.sim.offices["fxo1"].wires.new_edges() if not edge.closed]
    assert not opened  # the exchange has taken them all, and the loop is closed
    assert house.exchange.wires.now().closed
    assert not house.told(LoopBroken)
    assert house.sim.violations() == []
    house.close()


def test_a_flash_has_its_length(house: ExchangeHouse) -> None:
    house.exchange.ring()
    house.until(lambda: bool(house.told(RingEnded)), 3000)
    seized(house)
    house.step(300)
    house.port.flash(100)
    house.until(lambda: bool(house.told(FlashSent)), 200)
    house.step(300)
    assert house.exchange.flashes == 1
    assert house.exchange.stage is Stage.TALKING
    with pytest.raises(ChipError, match="a flash of 2000 ms is refused: value out of range"):
        house.port.flash(2000)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("dead-bus", "the chip does not answer any more"),
        ("chip-reset", "the chip was reset, probably by a dip of its supply (register 2 reads 0x03)"),
        ("link-lost", "the chip has lost its line side (register 12 reads 0x00)"),
    ],
)
def test_a_chip_that_fails_releases_the_line_and_comes_back(tmp_path: Path, fault: str, sentence: str) -> None:
    house = ExchangeHouse(tmp_path)
    seized(house)
    house.sim.fault("fxo1", fault)
    house.until(lambda: bool(house.told(PortFailed)), 200)
    assert house.port.failure == sentence
    if fault != "dead-bus":  # nothing reaches that chip any more, but its watchdog
        house.step(5)
        assert not house.exchange.wires.now().off_hook
    with pytest.raises(ChipError, match="not in service"):
        house.port.seize()
    house.sim.fault("fxo1", fault, on=False)
    house.port.recover()
    house.step(300)
    assert house.port.in_service
    house.events.clear()
    seized(house)
    assert house.sim.violations() == []
    house.close()


def test_the_watchdog_releases_the_line_when_nobody_talks_to_the_chip(house: ExchangeHouse) -> None:
    seized(house)
    house.step(6000)
    assert house.exchange.wires.now().off_hook
    house.sim.step_ms(4100)  # the scanner does not run
    assert not house.exchange.wires.now().off_hook


def test_reset_releases_the_line_at_once(house: ExchangeHouse) -> None:
    seized(house)
    house.board.close()
    assert not house.exchange.wires.now().off_hook
