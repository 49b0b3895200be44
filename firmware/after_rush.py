"""Gives memory back to the system after a rush of calls.

Why: what thousands of calls at once took is free again half a minute later, but Python keeps it in lists of
its own until a whole collection, and the C library until it is told. On a small machine others may need it.
Started by `app.py`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY_S = 10.0
RUSH_FROM = 1000
"""Calls and transactions at one time that make a rush."""
_QUIET_SHARE = 20


class AfterRush:
    """in_hand: how many calls and transactions there are now. trim: `Engine.trim`."""

    def __init__(self, in_hand: Callable[[], int], trim: Callable[[], None]) -> None:
        self._in_hand = in_hand
        self._trim = trim
        self._most = 0

    async def run(self) -> None:
        """Look every 10 s, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.look()

    def look(self) -> bool:
        """Whether a rush is over, and memory was given back. That takes some ms, and only then."""
        now = self._in_hand()
        self._most = max(self._most, now)
        if self._most < RUSH_FROM or now * _QUIET_SHARE > self._most:
            return False
        log.debug("core: memory of %d transactions and calls is given back", self._most)
        self._most = 0
        gc.collect()
        self._trim()
        return True
