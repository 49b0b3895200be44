"""Lets a telephone on the hook show that messages wait: its lamp by data, a reversed line, a neon lamp's voltage.

Stuttering dial tone is `LineSender.tone`. What happens meanwhile, a call or a lifted handset, goes first; the lamp
is told later, then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from drivers.errors import HardwareError
from drivers.ports import Feed, FxsPort
from firmware.lines.caller_id import sending
from firmware.lines.send_profile import SendProfile

log = logging.getLogger(__name__)

GRACE_MS = 100
"""After the message, until the line counts as idle again."""


class MessageLamp:
    """Of one line. send: rings with data, as `LineSender` does for calls; hush: ends what is being sent."""

    def __init__(
        self, port: FxsPort, profile: SendProfile, send: Callable[[sending.Sending], None], hush: Callable[[], None]
    ) -> None:
        self._port = port
        self._profile = profile
        self._send = send
        self._hush = hush
        self._being_told: asyncio.TimerHandle | None = None
        self.due = False
        """Something is to be told as soon as the line is idle."""
        self.messages = 0
        """How many wait, as last said."""

    @property
    def idle_feed(self) -> Feed:
        """How the line is fed on the hook."""
        if self.messages and "neon" in self._profile.waiting:
            return Feed.LAMP
        return Feed.ACTIVE_REVERSED if self.messages and "reversal" in self._profile.waiting else Feed.ACTIVE

    @property
    def stutters(self) -> bool:
        return self.messages > 0 and "stutter" in self._profile.waiting

    def tell(self) -> None:
        """The line is idle: show what there is."""
        self.due = False
        if self._profile.waiting & {"reversal", "neon"}:
            self.feed(self.idle_feed)
        planned = sending.lamp(self._profile.manner, self.messages) if "fsk" in self._profile.waiting else None
        if planned is None:
            return
        try:
            self._send(planned)
        except HardwareError as error:
            log.warning("%s: message lamp not sent: %s", self._port.name, error.reason)
            self.due = True
            return
        lasts_s = (sum(planned.opening.first_ms) + GRACE_MS) / 1000
        self._being_told = asyncio.get_running_loop().call_later(lasts_s, self._told)

    def interrupt(self) -> None:
        """Something else happens on the line."""
        if self._being_told is None:
            return
        self._being_told.cancel()
        self._being_told = None
        self.due = True
        self._hush()
        try:
            self._port.stop_ring()
        except HardwareError as error:
            log.warning("%s: message lamp not ended: %s", self._port.name, error.reason)

    def feed(self, feed: Feed) -> None:
        """Feed the line, or say in the log why not."""
        try:
            self._port.feed(feed)
        except HardwareError as error:
            log.warning("%s: line not fed as %s: %s", self._port.name, feed.value, error.reason)

    def _told(self) -> None:
        self._being_told = None
        self._hush()
