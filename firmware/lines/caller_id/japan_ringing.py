"""Ringing in Japan, where the telephone itself fetches the number before it rings [M-].

The line is reversed and rung in short pulses; a telephone with a display closes the loop (primary answer), is sent
the data and opens the loop again; then it rings as any other. One without a display is rung after six seconds. One
that stays off hook after the data was lifted by a hand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.errors import HardwareError
from drivers.ports import FxsPort, OffHook, OnHook, PortEvent, RingOpening
from firmware.media import clip
from firmware.telephony.cadence import Cadence

log = logging.getLogger(__name__)

PULSES_MS: Cadence = (500, 500)
PULSES_FOR_S = 6.0
REVERSED_MS = 150
AFTER_ANSWER_MS = 200
HAND_AFTER_S = 2.5
"""A telephone opens the loop at once when it has the data; on-hook is known a flash later (1 s in Japan)."""


class JapanRinging:
    """One call. play: gives the media engine a clip. lifted: told when the handset turns out to be lifted."""

    def __init__(
        self, port: FxsPort, play: Callable[[bytes], None], data: bytes, cadence_ms: Cadence, lifted: Callable[[], None]
    ) -> None:
        self._port = port
        self._play = play
        self._data = data
        self._cadence_ms = cadence_ms
        self._lifted = lifted
        self._loop = asyncio.get_running_loop()
        self._phase = "pulses"
        port.ring(PULSES_MS, RingOpening((0, REVERSED_MS), -1, True))
        self._timer = self._loop.call_later(PULSES_FOR_S, self._no_display)

    def port_event(self, event: PortEvent) -> bool:
        """True when the event belongs to the fetching of the number."""
        if self._phase == "pulses" and isinstance(event, OffHook):
            self._phase = "data"
            sent = clip.silence(AFTER_ANSWER_MS) + self._data
            self._play(sent)
            self._after(clip.clip_ms(sent) / 1000 + HAND_AFTER_S, self._by_hand)
            return True
        if self._phase == "data" and isinstance(event, OnHook):
            self._ring()
            return True
        if self._phase == "abandoned" and isinstance(event, OnHook):
            self.forget()
            return True
        return False

    def stop(self) -> None:
        """The caller has given up, or the telephone was answered.

        One that is off hook for the data is still judged: a hand that has lifted it wants dial tone.
        """
        if self._phase == "data":
            self._phase = "abandoned"
        elif self._phase != "abandoned":
            self.forget()

    def forget(self) -> None:
        """There is another call, or nothing more to be judged."""
        self._timer.cancel()
        self._phase = "over"

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, do)

    def _no_display(self) -> None:
        try:
            self._port.stop_ring()
        except HardwareError as error:
            log.warning("%s: %s", self._port.name, error.reason)
        self._ring()

    def _by_hand(self) -> None:
        self._phase = "over"
        self._lifted()

    def _ring(self) -> None:
        self._timer.cancel()
        self._phase = "ringing"
        try:
            self._port.ring(self._cadence_ms)
        except HardwareError as error:  # lifted this very moment, which is told next, or lost, which the scanner tells
            log.warning("%s: does not ring: %s", self._port.name, error.reason)
