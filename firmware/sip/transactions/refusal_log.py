"""One log line for each message that is refused or dropped, but in a flood of them only their number.

Why: somebody who sends rubbish at the speed of the wire must not fill the disk, nor take the time that calls
need. Used by `arrivals.py`.
"""

from __future__ import annotations

import asyncio
import logging

log = logging.getLogger(__name__)

MOST_A_SECOND = 20


class RefusalLog:
    """`note` a line; those beyond `MOST_A_SECOND` are counted and told at the end of their second."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._noted = 0
        self._second: asyncio.TimerHandle | None = None

    def note(self, text: str, *args: object) -> None:
        """As `logging.Logger.info`."""
        if self._second is None:
            self._second = self._loop.call_later(1.0, self._over)
        self._noted += 1
        if self._noted <= MOST_A_SECOND:
            log.info(text, *args)

    def close(self) -> None:
        if self._second is not None:
            self._second.cancel()
            self._second = None

    def _over(self) -> None:
        beyond = self._noted - MOST_A_SECOND
        if beyond > 0:
            log.info("sip: %d more messages were refused or dropped in that second", beyond)
        self._noted = 0
        self._second = None
