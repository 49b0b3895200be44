"""Boards as core wires them: start-up times, stored calibrations, safe lines."""

import logging
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boards.calibration_store import CalibrationStore
from boards.description import load
from boards.wiring import Board, make_safe, wire
from drivers.bus import Bus
from drivers.errors import BusError, ChipError
from drivers.ports import OffHook, PortRecovered
from drivers.sim.board import SimBoard

FIRST_LIMIT_MS = 5000
STORED_LIMIT_MS = 300
SEED = 4


def stepped_start(store: CalibrationStore, seed: int = SEED, broken: str = "") -> tuple[Board, SimBoard, float]:
    sim = SimBoard("sim", seed=seed)
    if broken:
        sim.fault(broken, "dead-bus")
    board = Board(load("sim"), Bus.in_process(sim.spi_ops_address), None, {}, store)
    began_us = sim.now_us
    board.start(stepped=True)
    return board, sim, (sim.now_us - began_us) / 1000


def test_the_second_start_is_fast_because_calibrations_were_stored(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path)
    for limit_ms in (FIRST_LIMIT_MS, STORED_LIMIT_MS):
        board, sim, took_ms = stepped_start(store)
        assert all(port.in_service for port in board.ports.values())
        assert took_ms < limit_ms
        assert sim.violations() == []
        board.close()
        sim.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fxs1.calibration", "fxs2.calibration"]


def test_a_card_that_is_started_again_at_once_is_not_taken_for_foreign_voltage(tmp_path: Path) -> None:
    board, sim, _ = stepped_start(CalibrationStore(tmp_path))
    for phone in sim.copper.values():
        phone.set_wire(ren=5)
    sim.step_ms(500)
    board.start(stepped=True)  # the reset line opens the lines; the ringers still hold 48 V
    assert {name: port.failure for name, port in board.ports.items()} == {"fxs1": "", "fxs2": ""}
    assert sim.violations() == []
    board.close()
    sim.close()


def test_five_ringers_that_charge_are_no_lifted_telephone(tmp_path: Path) -> None:
    store = CalibrationStore(tmp_path)
    for _ in range(2):
        sim = SimBoard("sim", seed=SEED)
        for phone in sim.copper.values():
            phone.set_wire(ren=5)
        board = Board(load("sim"), Bus.in_process(sim.spi_ops_address), None, {}, store)
        board.start(stepped=True)
        assert [port.readings().off_hook for port in board.ports.values()] == [False, False]
        assert sim.violations() == []
        board.close()
        sim.close()


def test_a_dead_chip_costs_its_own_port_only_and_comes_back(tmp_path: Path) -> None:
    board, sim, _ = stepped_start(CalibrationStore(tmp_path), broken="fxs2")
    assert board.ports["fxs1"].in_service
    assert board.ports["fxs2"].failure.startswith("no chip answers on chip select 1")
    with pytest.raises(ChipError, match="fxs2: no chip answers on chip select 1"):
        board.ports["fxs2"].recover()
    assert [(type(event), event.port) for event in board.drain_events()] == [(PortRecovered, "fxs1")]
    sim.fault("fxs2", "dead-bus", on=False)
    board.ports["fxs2"].recover()
    assert select.select([board.scanner_fileno()], [], [], 0)[0], "the event loop is woken"
    assert [(type(event), event.port) for event in board.drain_events()] == [(PortRecovered, "fxs2")]
    assert not select.select([board.scanner_fileno()], [], [], 0)[0]
    board.close()
    sim.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[SimBoard]:
    """The simulated board in real time, with the calibrations of its chips already stored."""
    board, sim, _ = stepped_start(CalibrationStore(tmp_path / "store"))
    board.close()
    sim.close()
    sim = SimBoard("sim", seed=SEED)
    sim.serve(tmp_path)
    yield sim
    sim.close()


def test_over_the_socket_a_lifted_telephone_is_told_within_the_first_second(served: SimBoard, tmp_path: Path) -> None:
    began_s = time.monotonic()
    board = wire("sim", tmp_path, {}, CalibrationStore(tmp_path / "store"))
    assert board.highway_address != 0
    served.phone("fxs1").lift(400)
    board.start()
    assert select.select([board.scanner_fileno()], [], [], 5)[0]
    told = [(type(event), event.port) for event in board.drain_events()]
    while (OffHook, "fxs1") not in told:
        assert select.select([board.scanner_fileno()], [], [], 5)[0]
        told += [(type(event), event.port) for event in board.drain_events()]
    assert set(told) == {(PortRecovered, "fxs1"), (PortRecovered, "fxs2"), (OffHook, "fxs1")}
    assert told.index((PortRecovered, "fxs1")) < told.index((OffHook, "fxs1"))
    assert time.monotonic() - began_s < 1.5
    assert {name: port.failure for name, port in board.ports.items()} == {"fxs1": "", "fxs2": ""}
    board.close()
    assert not served.reset_high
    assert served.violations() == []


def test_closing_does_not_wait_for_a_first_start_to_end(served: SimBoard, tmp_path: Path) -> None:
    board = wire("sim", tmp_path, {}, CalibrationStore(tmp_path / "nothing stored"))
    starting = threading.Thread(target=board.start)
    starting.start()
    while served.phone("fxs1").line().battery_v < 60.0:
        time.sleep(0.001)
    began_s = time.monotonic()
    board.close()
    assert time.monotonic() - began_s < 0.5
    starting.join(1.0)
    assert not starting.is_alive()
    assert not served.reset_high
    assert {port.failure for port in board.ports.values()} == {"closed"}


def test_make_safe_opens_the_lines_of_a_core_that_died(served: SimBoard, tmp_path: Path) -> None:
    board = wire("sim", tmp_path, {}, CalibrationStore(tmp_path / "store"))
    board.start()
    assert served.phone("fxs2").line().port_v == pytest.approx(48.0, abs=2.0)
    make_safe("sim", tmp_path)
    assert not served.reset_high
    assert all(phone.line().in_reset for phone in served.copper.values())
    board.close()


def test_a_board_that_is_not_there_is_told(tmp_path: Path) -> None:
    for attempt in (lambda: wire("sim", tmp_path, {}, CalibrationStore(tmp_path)), lambda: make_safe("sim", tmp_path)):
        with pytest.raises(BusError, match=r"simulated board: .*does not answer: No such file or directory"):
            attempt()


def test_a_board_lost_before_the_start_leaves_every_port_out_of_service(
    served: SimBoard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    board = wire("sim", tmp_path, {}, CalibrationStore(tmp_path / "store"))
    served.close()
    with caplog.at_level(logging.ERROR):
        board.start()
    assert [port.in_service for port in board.ports.values()] == [False, False]
    assert all("GPIO line 0 failed" in port.failure for port in board.ports.values())
    board.close()
