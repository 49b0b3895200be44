"""The life of a port on a line card, whatever its chip: start, recovery, out of service, end.

Why: an FXS and an FXO port start in a thread, are watched by the scanner, are lost for a reason that people read, and
leave their line safe. What the chip is told then is the subclass's: `slic.py`, `daa.py`.
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from drivers.bus import Bus
from drivers.errors import ChipError, HardwareError, Trouble
from drivers.ports import EventSink
from drivers.scanner import Scanner
from drivers.startup import Waits, run_together

log = logging.getLogger(__name__)


class Chip(Protocol):
    """Registers on one chip select, as far as a port's life needs them."""

    bus: Bus

    def error(self, reason: str) -> ChipError: ...


class Watch(Protocol):
    """The scanner's place for a port."""

    def remove(self) -> None: ...


C = TypeVar("C", bound=Chip)
W = TypeVar("W", bound=Watch)


class CardPort(ABC, Generic[C, W]):
    """Commands of subclasses raise HardwareError when the chip does not answer.

    name: of the port. slot: PCM time slot, 0 to 127. chip: its registers.
    """

    def __init__(self, name: str, slot: int, chip: C) -> None:
        self.name = name
        self.slot = slot
        self.in_service = False
        self.failure = "not started"
        self.trouble = Trouble.STARTING
        self.scanner: Scanner | None = None
        """Who watches the line once it is started; commands need it."""
        self.tell: EventSink = _tell_nobody
        """Told PortRecovered whenever the port comes into service, in the thread that starts it."""
        self._watch: W | None = None
        self._chip = chip
        self._starting = threading.Lock()
        self._given_up = False

    def start(self) -> None:
        """Start after the card's reset line was released at least 10 ms ago. Blocks for as long as the chip needs."""
        with self._starting:
            self._run(after_reset=True)

    def recover(self) -> None:
        """Start anew without the card's reset line, which would silence the other chips. Blocks likewise."""
        with self._starting:
            self._end_watch()
            self._run(after_reset=False)

    def _run(self, *, after_reset: bool) -> None:
        failures = run_together(self._chip.bus, {self.name: self.begin(after_reset=after_reset)})
        if failures:
            raise failures[self.name]

    def begin(self, *, after_reset: bool) -> Waits:
        """The start as a generator for `startup.run_together`; keeps the reason when it fails."""
        try:
            for wait_ms in self._begin(after_reset):
                if self._given_up:
                    raise self._chip.error("closed before it was ready")
                yield wait_ms
        except HardwareError as error:
            self.out_of_service(error.reason, error.trouble)
            raise

    @abstractmethod
    def _begin(self, after_reset: bool) -> Waits:
        """Bring the chip up, come into service, tell so, and be watched."""

    @abstractmethod
    def _make_safe(self) -> None:
        """Leave the line so that it harms nobody, as far as the chip still listens."""

    def out_of_service(self, reason: str, trouble: Trouble = Trouble.SET_UP) -> None:
        """Note why the port is lost and make its line safe as far as the chip still listens."""
        if self.failure != reason:  # a port that is tried every few seconds says so once
            log.error("%s: out of service: %s", self.name, reason)
        self.in_service, self.failure, self.trouble = False, reason, trouble
        self._end_watch()
        self._make_safe()

    def give_up(self) -> None:
        """Let a start or recovery that runs in another thread end at its next step."""
        self._given_up = True

    def close(self) -> None:
        """Make the line safe and stop talking to the chip; waits for a recovery in another thread to give up."""
        self.give_up()
        with self._starting:
            self.in_service, self.failure, self.trouble = False, "closed", Trouble.STARTING
            self._end_watch()
            self._make_safe()

    def _end_watch(self) -> None:
        if self._watch is not None:
            with suppress(HardwareError):  # the scanner has given it up already
                self._watch.remove()

    def _serving(self) -> W:
        if not self.in_service:
            raise ChipError(self.name, f"not in service: {self.failure}")
        if self._watch is None:
            raise ChipError(self.name, "no scanner watches this line")
        return self._watch


def _tell_nobody(_event: object) -> None:
    pass
