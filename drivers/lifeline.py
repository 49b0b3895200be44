"""The lifeline: a relay that joins one telephone with one exchange line while nobody draws it.

Without power, and while the card is held in reset, the relay lies so that the telephone works straight at the
exchange. When the power is back, somebody may be talking there: the relay is drawn only when the telephone is seen to
be on hook. Its own port cannot see that, nothing is on it; the exchange line's chip can, by the voltage on the wires
they share. Where that chip does not answer, nothing is known, and the telephone stays where it works.

`boards/wiring.py` owns it; core lets it `step`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from drivers.bus import GPIO_LIFELINE, Bus
from drivers.errors import HardwareError, Trouble
from drivers.exchange_port import ExchangeLineEvent, ExchangeLinePort, ExchangeLineProfile, RingBegan, RingEnded
from drivers.ports import PortEvent, PortFailed, PortRecovered

log = logging.getLogger(__name__)

ON_HOOK_US = 1_000_000
"""The line must rest for so long: longer than any dial pulse or flash of the telephone that is watched."""
DEAD_US = 4_000_000
"""A line without voltage is free only after this: exchanges open the loop for up to 2 s when a call ends [M]."""
LEAST_V = 3.0
"""The chip tells nothing below (DAA sheet, section 7)."""
AFTER_RING_US = 6_000_000
"""A call that rings at the telephone is left to it: the longest pause between bursts is under 6 s."""
LOST = frozenset({Trouble.BUS, Trouble.SILENT, Trouble.RESET, Trouble.ABSENT, Trouble.SET_UP})
"""What a card without power looks like; after a power alarm the telephone stays where it is."""
E = TypeVar("E", bound=PortEvent | ExchangeLineEvent)


class TelephonePort(Protocol):
    """The telephone's port, as far as the relay goes."""

    name: str
    in_service: bool
    trouble: Trouble


class ExchangePort(ExchangeLinePort, Protocol):
    """The exchange line's."""

    profile: ExchangeLineProfile


class Lifeline:
    """The relay of one card. tell: is told PortRecovered when the telephone has come to its own port."""

    def __init__(self, bus: Bus, phone: TelephonePort, line: ExchangePort, tell: Callable[[PortEvent], None]) -> None:
        self.phone = phone
        self.line = line
        self.joined = True
        """The telephone is on the exchange line."""
        self._bus = bus
        self._tell = tell
        self._rests_since_us: int | None = None
        self._rang_us = -AFTER_RING_US

    def fall(self) -> None:
        """Join telephone and exchange line, as without power. Raises HardwareError when the card cannot be told."""
        if not self.joined:
            log.warning("%s: its telephone is on the exchange line %s now", self.phone.name, self.line.name)
        self.joined, self._rests_since_us = True, None
        self._bus.gpio_set(GPIO_LIFELINE, 0)

    def sift(self, events: Sequence[E]) -> list[E]:
        """What the lines shall hear: nothing of the telephone's port while the telephone is elsewhere."""
        kept: list[E] = []
        for event in events:
            if isinstance(event, RingBegan | RingEnded) and event.port == self.line.name:
                self._rang_us = self._bus.now_us()
            if event.port != self.phone.name or not self.joined:
                kept.append(event)
            if isinstance(event, PortFailed) and event.port == self.phone.name:
                self._follow_trouble()
        return kept

    def step(self) -> None:
        """Draw the relay when the telephone rests on hook, let it fall when its port is lost; some times a second."""
        if not self.joined:
            self._follow_trouble()
            return
        now_us = self._bus.now_us()
        needs_us = self._must_rest_us(now_us)
        if needs_us is None:
            self._rests_since_us = None
        elif self._rests_since_us is None:
            self._rests_since_us = now_us
        elif now_us - self._rests_since_us >= needs_us:
            self._draw(now_us)

    def _follow_trouble(self) -> None:
        if self.joined or self.phone.in_service or self.phone.trouble not in LOST:
            return
        try:
            self.fall()
        except HardwareError as error:
            log.warning("lifeline: the relay cannot be told: %s", error.reason)

    def _must_rest_us(self, now_us: int) -> int | None:
        """How long what is seen now must last until it means that nobody talks; None: somebody may."""
        if not self.phone.in_service or not self.line.in_service or now_us - self._rang_us < AFTER_RING_US:
            return None
        try:
            seen = self.line.readings()
        except HardwareError:
            return None
        if seen.off_hook or seen.ringing:
            return None
        if abs(seen.loop_v) < LEAST_V:
            return DEAD_US
        return ON_HOOK_US if abs(seen.loop_v) >= self.line.profile.in_use_v else None

    def _draw(self, now_us: int) -> None:
        try:
            self._bus.gpio_set(GPIO_LIFELINE, 1)
        except HardwareError as error:
            log.warning("lifeline: the relay cannot be drawn: %s", error.reason)
            self._rests_since_us = None
            return
        self.joined = False
        log.info("%s: its telephone is back from the exchange line %s", self.phone.name, self.line.name)
        self._tell(PortRecovered(self.phone.name, now_us / 1e6))
