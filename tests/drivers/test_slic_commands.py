"""What a started port does on its simulated line: rings, feeds, opens, fails and comes back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from boards.calibration_store import CalibrationStore
from drivers.errors import ChipError
from drivers.ports import Feed, LineProfile, OffHook, OnHook, PortFailed, PortRecovered
from tests.drivers.stepped_ports import House

SPAIN_MS = (1500, 3000)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(CalibrationStore(tmp_path), LineProfile())
    house.board.start(stepped=True)
    house.step(20)
    yield house
    house.close()


def rms(volts: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(volts.astype(float)))))


@pytest.mark.parametrize("port", ["fxs1", "fxs2"])
@pytest.mark.parametrize("ren", [1.0, 5.0])
def test_ringing_is_measured_on_the_line_and_trips_in_time(house: House, port: str, ren: float) -> None:
    phone = house.sim.phone(port)
    phone.set_wire(ren=ren, loop_ohm=0)
    house.ports[port].ring(SPAIN_MS)
    house.step(1400)
    volts = phone.volts_last(1.0)
    crossings = int(np.sum((volts[:-1] < 0) & (volts[1:] >= 0)))
    assert crossings in (25, 26)
    assert rms(volts) >= 40.0
    if ren == 1.0:
        assert rms(volts) == pytest.approx(60.0, rel=0.02)
    assert house.ports[port].readings().ringing
    house.step(1000)
    assert house.ports[port].readings().ringing, "silent part of the cadence"
    assert rms(phone.volts_last(0.2)) == pytest.approx(48.0, abs=1.0)
    house.step(2500)
    lifted_us = house.sim.now_us
    phone.lift(400)
    told = house.step(200)
    assert [(type(e), e.port, getattr(e, "ring_trip", None)) for e in told] == [(OffHook, port, True)]
    assert (told[0].at_s * 1e6 - lifted_us) / 1000 < 150
    assert not house.ports[port].readings().ringing
    assert house.sim.violations() == []


def test_ringing_stops_on_command_and_the_line_is_fed(house: House) -> None:
    house.ports["fxs1"].ring(SPAIN_MS)
    house.step(500)
    with pytest.raises(ChipError, match=r"fxs1: .* refused"):
        house.ports["fxs1"].feed(Feed.OPEN)
    house.ports["fxs1"].stop_ring()
    house.step(100)
    readings = house.ports["fxs1"].readings()
    assert (readings.ringing, readings.feed) == (False, "active")
    assert house.sim.violations() == []


@pytest.mark.parametrize(
    ("feed", "state", "volts"),
    [
        (Feed.OPEN, 0, 0.0),
        (Feed.ACTIVE, 1, 48.0),
        (Feed.ACTIVE_REVERSED, 5, -48.0),
        (Feed.ON_HOOK_TRANSMISSION, 2, 48.0),
        (Feed.LOW_POWER, 1, 48.0),
    ],
)
def test_feed_states_are_those_of_the_copper(house: House, feed: Feed, state: int, volts: float) -> None:
    phone = house.sim.phone("fxs1")
    phone.set_wire(ren=0)
    house.ports["fxs1"].feed(feed)
    house.step(100)
    assert phone.line().linefeed_state == state
    assert phone.line().port_v == pytest.approx(volts, abs=1.0)
    assert house.ports["fxs1"].readings().loop_v == pytest.approx(volts, abs=1.5)
    assert house.sim.violations() == []


def test_low_power_limits_a_parked_telephone_to_20_ma(tmp_path: Path) -> None:
    house = House(CalibrationStore(tmp_path), LineProfile(loop_ma=32))
    house.board.start(stepped=True)
    phone = house.sim.phone("fxs1")
    phone.lift(300)
    house.step(200)
    assert phone.line().loop_ma == pytest.approx(32.0, abs=0.5)
    house.ports["fxs1"].feed(Feed.LOW_POWER)
    house.step(100)
    assert phone.line().loop_ma == pytest.approx(20.0, abs=0.5)
    house.ports["fxs1"].feed(Feed.ACTIVE)
    house.step(100)
    assert phone.line().loop_ma == pytest.approx(32.0, abs=0.5)
    house.close()


def test_an_open_interval_is_seen_at_the_telephone_and_ends_by_itself(house: House) -> None:
    phone = house.sim.phone("fxs2")
    phone.lift(400)
    house.step(200)
    start = phone.frame
    house.ports["fxs2"].open_interval(500)
    house.step(700)
    volts = phone.volts_since(start)
    assert np.count_nonzero(np.abs(volts) < 1.0) / 8 == pytest.approx(500, abs=15)
    assert phone.line().loop_ma == pytest.approx(20.0, abs=0.5)
    with pytest.raises(ValueError, match="fxs2: open interval of 50 ms, allowed 100 to 1000 ms"):
        house.ports["fxs2"].open_interval(50)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("dead-bus", "the chip does not answer any more"),
        ("over-temperature", "power alarm: the chip opened the line"),
        ("chip-reset", "the chip was reset"),
        ("pcm-clock-loss", "the chip does not answer any more"),
    ],
)
def test_a_fault_takes_one_port_out_of_service_until_it_recovers(house: House, fault: str, reason: str) -> None:
    house.sim.fault("fxs1", fault)
    told = house.step(2000)
    assert [(type(e), e.port) for e in told] == [(PortFailed, "fxs1")]
    port = house.ports["fxs1"]
    assert not port.in_service
    assert port.failure.startswith(reason)
    with pytest.raises(ChipError, match="fxs1: not in service: "):
        port.ring(SPAIN_MS)
    deaf = fault in ("dead-bus", "pcm-clock-loss")  # only the whole card's reset line could open its line
    assert house.sim.phone("fxs1").line().linefeed_state == (1 if deaf else 0)

    house.sim.phone("fxs2").lift(400)
    assert [(type(e), e.port) for e in house.step(200)] == [(OffHook, "fxs2")], "the other port goes on"

    house.sim.fault("fxs1", fault, on=False)
    house.step(4000)
    port.recover()
    house.sim.phone("fxs1").lift(400)
    told = house.step(200)
    assert [(type(e), e.port) for e in told] == [(PortRecovered, "fxs1"), (OffHook, "fxs1")]
    assert port.in_service
    assert house.ports["fxs2"].readings().off_hook
    assert house.sim.violations() == []


def test_an_interrupt_that_cannot_be_cleared_costs_only_its_own_port(house: House) -> None:
    house.sim.fault("fxs1", "stuck-interrupt")
    told = house.step(2000)
    assert [(type(e), e.port) for e in told] == [(PortFailed, "fxs1")]
    house.sim.phone("fxs2").lift(400)
    assert [(type(e), e.port) for e in house.step(200)] == [(OffHook, "fxs2")]
    assert house.ports["fxs2"].in_service


def test_a_fault_that_stays_keeps_the_port_out(house: House) -> None:
    house.sim.fault("fxs2", "wrong-identity")
    house.ports["fxs2"].out_of_service("tried out")
    for _ in range(2):
        with pytest.raises(ChipError, match="fxs2: the chip on chip select 1 has revision 0"):
            house.ports["fxs2"].recover()
    assert not house.ports["fxs2"].in_service


def test_a_lifted_telephone_at_the_start_is_told(tmp_path: Path) -> None:
    house = House(CalibrationStore(tmp_path), LineProfile())
    house.sim.phone("fxs1").lift(400)
    house.board.start(stepped=True)
    told = [(type(e), e.port) for e in house.step(200)]
    assert set(told) == {(PortRecovered, "fxs1"), (PortRecovered, "fxs2"), (OffHook, "fxs1")}
    assert told[-1] == (OffHook, "fxs1")
    house.sim.phone("fxs1").hang_up()
    assert [(type(e), e.port) for e in house.step(500)] == [(OnHook, "fxs1")]
    assert house.sim.violations() == []
    house.close()


def test_close_opens_every_line_and_pulls_the_reset(house: House) -> None:
    house.board.close()
    assert not house.sim.reset_high
    assert [phone.line().linefeed_state for phone in house.sim.copper.values()] == [0, 0]


@pytest.mark.parametrize("port", ["fxs1", "fxs2"])
def test_a_telephone_that_answered_before_does_not_answer_its_next_call_by_itself(house: House, port: str) -> None:
    """The chip's ring-trip bit may still stand from the last call when the next ringing begins."""
    phone = house.sim.phone(port)
    for pause_ms in range(0, 60, 3):
        house.ports[port].ring(SPAIN_MS)
        told = house.step(600)
        assert told == [], f"answered by itself after {pause_ms} ms"
        phone.lift(400)
        assert [type(e) for e in house.step(300)] == [OffHook]
        phone.hang_up()
        assert [type(e) for e in house.step(300)] == [OnHook]
        house.step(pause_ms)
