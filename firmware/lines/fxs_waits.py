"""How long one telephone line waits for something, and what happens when it does not come.

`fxs_line.py` starts and stops the waiting for its machine. At dial tone it may be the hotline's (`dial_desk.py`), on a
tone of failure the held party's (`flash_services.py`); else the machine is told.
"""

from __future__ import annotations

from firmware.lines.dial_desk import DialDesk, Line
from firmware.lines.flash_services import FlashServices
from firmware.lines.fxs_machine import Event
from firmware.lines.line_options import LineTimers
from firmware.lines.named_timers import NamedTimers


class FxsWaits:
    """Of one line. lengths: of what it may wait for."""

    def __init__(self, line: Line, desk: DialDesk, services: FlashServices, lengths: LineTimers) -> None:
        self._line = line
        self._desk = desk
        self._services = services
        self._lengths = lengths
        self._timers = NamedTimers(self._over)

    def start(self, name: str) -> None:
        """Wait for what a field of `LineTimers` is about, and no longer for anything else."""
        self.stop()
        self._timers.start(name, self._lasts_s(name))

    def stop(self) -> None:
        """It came, or is of no interest any more."""
        self._timers.stop()

    def _lasts_s(self, name: str) -> float:
        """A warm line waits for its own time at dial tone."""
        if name == "first_digit_s" and self._desk.warm:
            return self._line.options.hotline_s
        seconds: float = getattr(self._lengths, name)
        return self._services.patience_s(seconds) if name == "congestion_s" else seconds

    def _over(self, _name: str) -> None:
        if not self._desk.timed_out() and not self._services.timed_out():
            self._line.feed(Event.TIME_OUT)
