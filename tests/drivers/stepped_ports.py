"""Board, chips, drivers and scanner of the simulated board in this process, stepped; no engine, no lines."""

from boards.calibration_store import CalibrationStore
from boards.description import load
from boards.wiring import Board
from drivers.bus import Bus
from drivers.ports import LineProfile, PortEvent
from drivers.sim.board import SimBoard
from drivers.stepper import Stepper


class House:
    """The simulated board, wired in this process and stepped. second: the profile of fxs2, if it has its own."""

    def __init__(
        self, store: CalibrationStore, profile: LineProfile, seed: int = 11, second: LineProfile | None = None
    ) -> None:
        self.sim = SimBoard("sim", seed=seed)
        bus = Bus.in_process(self.sim.spi_ops_address)
        self.board = Board(load("sim"), bus, None, {"fxs1": profile, "fxs2": second or profile}, store)
        self.ports = self.board.ports
        self.events: list[PortEvent] = []
        scanner = self.board.scanner
        members = [
            (self.sim.step_address, self.sim.context_address),
            (scanner.step_address, scanner.context_address),
        ]
        self.stepper = Stepper(members, bus.now_us)

    def step(self, ms: int) -> list[PortEvent]:
        """Let ms pass; returns what was told meanwhile."""
        self.stepper.step_ms(ms)
        events = self.board.drain_events()
        self.events += events
        return events

    def close(self) -> None:
        self.board.close()
        self.sim.close()
