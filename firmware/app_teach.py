"""The verb `teach` of core's socket: a teach-in on an exchange line, started, looked at, ended (`tipring teach`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware.config.trunk_settings import FxoLineSettings
from firmware.control.messages import ControlError
from firmware.lines.fxo_line import FxoLine
from firmware.lines.fxo_machine import State
from firmware.lines.teach_session import TeachSession

MOST_CALLS = 2


class CoreTeachIn:
    """lines: by port name. settings: of those that have some."""

    def __init__(self, lines: Mapping[str, FxoLine], settings: Mapping[str, FxoLineSettings]) -> None:
        self._lines = lines
        self._settings = settings
        self._sessions: dict[str, TeachSession] = {}

    async def teach(self, args: dict[str, Any]) -> dict[str, Any]:
        """port: an exchange line. act: "start" (with calls, 1 or 2), "report" or "stop". Answers with the report."""
        port, act = str(args.get("port")), args.get("act")
        if port not in self._lines:
            raise ControlError(f"port is {port!r}, allowed {', '.join(self._lines) or 'none: no exchange line'}")
        if act == "start":
            self._start(port, args.get("calls", 1))
        elif act not in {"report", "stop"}:
            raise ControlError(f"act is {act!r}, allowed start, report, stop")
        session = self._sessions.get(port)
        if session is None:
            raise ControlError(f"{port}: no teach-in was started")
        if act == "stop":
            session.stop()
        return {**session.report(), "target": self._settings.get(port, FxoLineSettings()).target}

    def _start(self, port: str, calls: object) -> None:
        line, running = self._lines[port], self._sessions.get(port)
        if not isinstance(calls, int) or isinstance(calls, bool) or not 1 <= calls <= MOST_CALLS:
            raise ControlError(f"calls is {calls!r}, allowed 1 to {MOST_CALLS}")
        if running is not None and not running.over:
            raise ControlError(f"{port}: a teach-in is going on there")
        if line.machine.state is not State.IDLE:
            raise ControlError(f"{port}: the line is {line.machine.state.value}, not idle")
        self._sessions[port] = TeachSession(line, calls, self._settings.get(port, FxoLineSettings()).tx_gain_db)
