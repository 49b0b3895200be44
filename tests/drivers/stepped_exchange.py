"""Board, Si3050, driver and scanner in this process, stepped, with a simulated exchange at the other end; no engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from boards.calibration_store import CalibrationStore
from boards.description import parse
from boards.wiring import Board
from drivers.bus import Bus
from drivers.exchange_port import ExchangeLineEvent, ExchangeLineProfile
from drivers.ports import PortEvent
from drivers.sim.board import SimBoard
from drivers.stepper import Stepper

T = TypeVar("T")
BOARD = Path(__file__).parents[1] / "drivers_sim" / "exchange_line.toml"
DESCRIBED = parse(
    {
        "name": "exchange-line",
        "bus": {"kind": "simboard"},
        "port": [{"name": "fxo1", "kind": "fxo", "chip": "si3050", "cs": 0, "slot": 0}],
    },
    "exchange_line.toml",
)


class ExchangeHouse:
    """One exchange line, wired in this process and stepped."""

    def __init__(self, folder: Path, profile: ExchangeLineProfile | None = None, seed: int = 11) -> None:
        self.sim = SimBoard(BOARD, seed=seed)
        self.exchange = self.sim.offices["fxo1"]
        bus = Bus.in_process(self.sim.spi_ops_address)
        profiles = {"fxo1": profile or ExchangeLineProfile()}
        self.board = Board(DESCRIBED, bus, None, profiles, CalibrationStore(folder))
        self.board.start(stepped=True)
        self.port = self.board.exchange_ports["fxo1"]
        self.events: list[PortEvent | ExchangeLineEvent] = []
        scanner = self.board.scanner
        members = [
            (self.sim.step_address, self.sim.context_address),
            (scanner.step_address, scanner.context_address),
        ]
        self.stepper = Stepper(members, bus.now_us)

    def step(self, ms: int) -> list[PortEvent | ExchangeLineEvent]:
        """Let ms pass; returns what was told meanwhile."""
        told: list[PortEvent | ExchangeLineEvent] = []
        for _ in range(0, ms, 5):
            self.stepper.step_ms(5)
            self.sim.turn()
            told += self.board.drain_events()
        self.events += told
        return told

    def told(self, kind: type[T]) -> list[T]:
        """Everything of that kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def until(self, true: Callable[[], bool], most_ms: int) -> int:
        """Let time pass until `true` holds; how many ms it took."""
        for waited_ms in range(0, most_ms, 5):
            if true():
                return waited_ms
            self.step(5)
        raise AssertionError(f"not within {most_ms} ms: {self.events}")

    def close(self) -> None:
        self.board.close()
        self.sim.close()
