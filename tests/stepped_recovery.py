"""Failed ports on stepped copper are tried again by core's own rules, while everything else goes on.

Core blocks a thread for a start; here its stages are taken one by one as the board's time comes to them.
"""

from __future__ import annotations

from boards.wiring import Board
from drivers.errors import HardwareError
from drivers.startup import Waits
from firmware.app_lifeline import STEP_S
from firmware.port_recovery import RETRY_S, PortRecovery


class SteppedRecovery:
    """Of one board. `step` whenever a little board time has passed."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._rules = PortRecovery()
        self._asked_us = self._lifeline_us = 0
        self._starting: dict[str, tuple[Waits, float]] = {}

    def step(self) -> None:
        now_us = self._board.bus.now_us()
        if self._board.lifeline is not None and now_us - self._lifeline_us >= STEP_S * 1e6:
            self._lifeline_us = now_us
            self._board.lifeline.step()
        if now_us - self._asked_us >= RETRY_S * 1e6:
            self._asked_us = now_us
            for port in self._board.all_ports.values():
                if port.name not in self._starting and self._rules.due(port, now_us / 1e6):
                    self._starting[port.name] = (port.begin(after_reset=False), now_us)
        for name, (stages, due_us) in list(self._starting.items()):
            if now_us >= due_us:
                self._go_on(name, stages)

    def _go_on(self, name: str, stages: Waits) -> None:
        try:
            wait_ms = next(stages)
        except (StopIteration, HardwareError):
            del self._starting[name]
        else:
            self._starting[name] = (stages, self._board.bus.now_us() + wait_ms * 1000)
