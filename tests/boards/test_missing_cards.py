"""A board of four places with no, one, four cards, and one that lies: the port list is right, each alarm is clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from boards.calibration_store import CalibrationStore
from boards.description import load
from boards.wiring import Board
from drivers.bus import Bus
from drivers.errors import Trouble
from drivers.sim.board import SimBoard
from firmware.lines.line_alarm import LineAlarm

PORTS = ("fxs1", "fxs2", "fxs3", "fxs4")


@pytest.mark.parametrize(
    ("absent", "lying"),
    [
        (PORTS, ()),
        (("fxs1", "fxs2", "fxs4"), ()),
        ((), ()),
        ((), ("fxs3",)),
        (("fxs1",), ("fxs2", "fxs4")),
    ],
    ids=["no card", "one card", "four cards", "four, one lies", "three, two lie"],
)
def test_the_board_starts_with_what_is_there(tmp_path: Path, absent: tuple[str, ...], lying: tuple[str, ...]) -> None:
    sim = SimBoard("sim-4fxs", seed=3)
    for port in absent:
        sim.fault(port, "dead-bus")
    for port in lying:
        sim.fault(port, "wrong-identity")
    board = Board(load("sim-4fxs"), Bus.in_process(sim.spi_ops_address), None, {}, CalibrationStore(tmp_path))
    board.start(stepped=True)
    assert tuple(board.ports) == PORTS
    for name, port in board.ports.items():
        words = LineAlarm(port).words
        if name in absent:
            assert (port.in_service, port.trouble) == (False, Trouble.ABSENT)
            assert (
                words is not None and "Is the card plugged in?" in words.en and "¿Está puesta la tarjeta?" in words.es
            )
            assert port.failure.startswith(f"no chip answers on chip select {PORTS.index(name)}")
        elif name in lying:
            assert (port.in_service, port.trouble) == (False, Trouble.SET_UP)
            assert words is not None and "does not do what it should" in words.en
        else:
            assert port.in_service and words is None
            assert abs(sim.phone(name).line().port_v) > 40
    assert sim.violations() == []
    board.close()
    sim.close()
