"""Timers of one line by name, on the running loop: `fxo_line.py` and `fxs_waits.py` start them for their machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class NamedTimers:
    """ended: told the name of a timer that has run out."""

    def __init__(self, ended: Callable[[str], None]) -> None:
        self._ended = ended
        self._running: dict[str, asyncio.TimerHandle] = {}

    def start(self, name: str, seconds: float) -> None:
        """Run it; one of that name is replaced."""
        self.stop(name)
        self._running[name] = asyncio.get_running_loop().call_later(seconds, self._end, name)

    def stop(self, *names: str) -> None:
        """Those that run, of these; without names all of them."""
        for name in names or tuple(self._running):
            if (timer := self._running.pop(name, None)) is not None:
                timer.cancel()

    def running(self, name: str) -> bool:
        return name in self._running

    def _end(self, name: str) -> None:
        del self._running[name]
        self._ended(name)
