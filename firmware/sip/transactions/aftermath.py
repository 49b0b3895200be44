"""What is left of finished transactions: the answer for whoever sends a copy (RFC 3261 17.1.1.2, 17.2, RFC 6026).

Why: every call leaves transactions behind that do nothing any more but wait up to 32 s for copies. As whole
transactions with timers of their own they were most of the memory of a busy house; here each is a number and
the octets to send again, in the order in which they end. Look next at `layer.py`, which asks here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from firmware.sip.messages.message import Response
from firmware.sip.transactions.timer_heap import Timer, TimerHeap
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Address, Transport

_GATHER_S = 0.05
"""So late some may be forgotten, that a busy house is not woken for each."""


Acknowledge = Callable[[Response, Transport], tuple[bytes, Hop]]
"""Hangs up on one more telephone that answers an INVITE; gives the ACK it sent, and where to."""


class Remains(NamedTuple):
    """octets: sent again for a copy, b"" if copies are only absorbed.

    to_tag: of the response given or got. merge_key: of an INVITE of a peer. others: of an INVITE of ours.
    """

    octets: bytes
    transport: Transport
    address: Address
    to_tag: str = ""
    merge_key: int = 0
    others: Acknowledge | None = None


class Aftermath:
    """By the hash of the transaction's key, since thousands are kept. forgotten: told of each at its end."""

    def __init__(self, timers: TimerHeap, forgotten: Callable[[Remains], None]) -> None:
        self._timers = timers
        self._forgotten = forgotten
        self._kept: dict[int, Remains] = {}
        self._ends: dict[float, deque[tuple[float, int]]] = {}
        """For each length of life the ends, earliest first."""
        self._alarm: Timer | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Remains | None:
        return self._kept.get(hash(key))

    def keep(self, key: str, remains: Remains, life_s: float) -> None:
        """Keep `remains` for `life_s` seconds."""
        number = hash(key)
        self._kept[number] = remains
        end_s = asyncio.get_running_loop().time() + life_s
        self._ends.setdefault(life_s, deque()).append((end_s, number))
        if self._alarm is None:
            self._alarm = self._timers.after(life_s, self._sweep)

    def clear(self) -> None:
        self._kept.clear()
        self._ends.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _sweep(self) -> None:
        now_s = asyncio.get_running_loop().time()
        first_s = float("inf")
        for ends in self._ends.values():
            while ends and ends[0][0] <= now_s + 1e-4:
                remains = self._kept.pop(ends.popleft()[1], None)
                if remains is not None:
                    self._forgotten(remains)
            if ends:
                first_s = min(first_s, ends[0][0])
        if self._kept:
            self._alarm = self._timers.after(first_s - now_s + _GATHER_S, self._sweep)
        else:
            self.clear()  # a dictionary that was large keeps its table until then
