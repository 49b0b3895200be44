"""In which order messages are worked off: calls in progress at once, new work as far as time allows (RFC 3261 21.5.4).

Why: a burst of new calls must not keep a BYE waiting, nor make every caller wait until all give up. What begins
something new has 2 ms between two looks at the sockets, and stands in a queue beyond that; when its head has
waited too long, further arrivals are answered 503 with Retry-After, which costs a tenth of a call, and in a
flood that leaves no time even for that they are dropped. So the house serves what it can, and calls in
progress do not notice. Used by `arrivals.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from firmware.sip.messages.compose import retry_after
from firmware.sip.messages.status import Refusal
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)

LATE_S = 0.2
"""So long new work may wait; well below T1, after which the peer would send it again."""
MOST = 2000
"""So many messages may wait, which is at most 4 MB of ordinary ones."""
_SLICE_S = 0.002
_HURRIED_SLICE_S = 0.0005
_HURRIED_FROM = 100
"""So many arrivals in one round mean that the sockets fill faster than they are emptied."""
_REFUSALS_A_ROUND = 20
_TOLD_AFTER_S = 5.0
_BEGINNING = (b"INVITE ", b"REGISTER", b"SUBSCRIB", b"OPTIONS ", b"MESSAGE ", b"PUBLISH ")

Arrival = tuple[Transport, bytes, Address, Refusal | None]
"""A message as it came: transport, octets, source, and what was wrong with its frame if anything."""


class Intake:
    """work: handles an arrival."""

    def __init__(self, work: Callable[[Arrival], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._work = work
        self._queue: deque[tuple[float, Arrival]] = deque()
        self._in_round = False
        self._until_s = 0.0
        self._arrivals = 0
        self._refusals_left = _REFUSALS_A_ROUND
        self._refused = self._dropped = 0
        self._refusing_since_s = 0.0
        self._last_refused_s = 0.0
        self._telling: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def take(self, arrival: Arrival) -> bool:
        """Work off new work, or put it in the queue. False when it comes too late for that: refuse it.

        A CANCEL is never refused; it only must not overtake its INVITE.
        """
        queue = self._queue
        now_s = self._loop.time()
        self._arrivals += 1
        if not queue:
            if not self._in_round:
                self._in_round = True
                self._until_s = now_s + _SLICE_S
                self._loop.call_soon(self._next_round)
            if now_s < self._until_s:
                self._work(arrival)
                return True
        elif (now_s - queue[0][0] > LATE_S or len(queue) >= MOST) and not arrival[1].startswith(b"CANCEL"):
            return False
        queue.append((now_s, arrival))
        return True

    def close(self) -> None:
        self._queue.clear()
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    def _next_round(self) -> None:
        """The sockets have been looked at: new work may take some time again, what waits first."""
        queue = self._queue
        slice_s = _HURRIED_SLICE_S if self._arrivals > _HURRIED_FROM else _SLICE_S
        self._arrivals = 0
        self._refusals_left = _REFUSALS_A_ROUND
        self._until_s = self._loop.time() + slice_s
        try:
            while queue and self._loop.time() < self._until_s:
                self._work(queue.popleft()[1])
        finally:
            self._in_round = bool(queue)
            if queue:
                self._loop.call_soon(self._next_round)

    # -- refusing ------------------------------------------------------------------------
    def may_refuse(self) -> bool:
        """Whether there is time to answer what `take` did not take; else it is dropped (RFC 3261 21.5.4)."""
        now_s = self._last_refused_s = self._loop.time()
        if self._telling is None:
            self._refusing_since_s = now_s
            log.warning("sip: more arrives than can be served; what is new is refused with 503 for now")
            self._telling = self._loop.call_later(_TOLD_AFTER_S, self._tell)
        self._refusals_left -= 1
        self._dropped += self._refusals_left < 0
        return self._refusals_left >= 0

    def refusal(self) -> Refusal:
        """What new work is refused with while too much waits."""
        self._refused += 1
        return Refusal(503, headers=retry_after())

    def _tell(self) -> None:
        """The end of the rush, once there was none to refuse for a while."""
        quiet_s = self._loop.time() - self._last_refused_s
        if quiet_s < _TOLD_AFTER_S:
            self._telling = self._loop.call_later(_TOLD_AFTER_S - quiet_s, self._tell)
            return
        lasted_s = self._last_refused_s - self._refusing_since_s
        log.warning(
            "sip: %d requests were refused with 503 and %d dropped in %.1f s; all is served again",
            self._refused,
            self._dropped,
            lasted_s,
        )
        self._refused = self._dropped = 0
        self._telling = None


def begins_something(data: bytes) -> bool:
    """Whether this is a request outside any dialog, as far as a glance can tell: it has one tag, not two."""
    return data.startswith(_BEGINNING) and data.count(b"tag=", 0, data.find(b"\r\n\r\n")) < 2
