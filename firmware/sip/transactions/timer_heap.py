"""Many timers on one alarm of the event loop.

Why: a call sets a dozen timers of up to 32 s and cancels most of them; asyncio keeps
cancelled handles and their callbacks in its heap. Here a cancelled timer lets go of its
callback at once, the heap is swept when more than a third of it is dead, and the loop
sees a single `call_at`. Look next at `transaction.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

_SWEEP_FROM = 256


class Timer:
    """A pending call; made by `TimerHeap.after`."""

    __slots__ = ("_args", "_call", "_heap")

    def __init__(self, heap: TimerHeap, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._heap = heap
        self._call: Callable[..., None] | None = call
        self._args = args

    def cancel(self) -> None:
        """Never fires after this; harmless when it has fired or was cancelled before."""
        if self._call is not None:
            self._call = None
            self._args = ()
            self._heap.forget_one()

    def drop(self) -> None:
        """Never fires after this (told by the heap, which lets go of it)."""
        self._call = None
        self._args = ()

    @property
    def pending(self) -> bool:
        return self._call is not None

    def fire(self) -> None:
        call, args = self._call, self._args
        if call is not None:
            self._call = None
            self._args = ()
            call(*args)


class TimerHeap:
    """Timers of one agent. `len` counts the live ones."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._dead = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at_s = 0.0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    @property
    def size(self) -> int:
        """Entries in the heap, dead ones included; stays within 1.5 times the live ones plus 256."""
        return len(self._heap)

    def after(self, delay_s: float, call: Callable[..., None], *args: Any) -> Timer:
        """Call `call(*args)` in `delay_s` seconds."""
        at_s = self._loop.time() + delay_s
        timer = Timer(self, call, args)
        self._serial += 1
        heappush(self._heap, (at_s, self._serial, timer))
        if self._alarm is None or at_s < self._alarm_at_s:
            self._set_alarm(at_s)
        return timer

    def forget_one(self) -> None:
        """A timer was cancelled (told by `Timer.cancel`)."""
        self._dead += 1
        if self._dead > _SWEEP_FROM and self._dead * 3 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].pending]
            heapify(self._heap)
            self._dead = 0
        if self._dead == len(self._heap):
            self.clear()

    def clear(self) -> None:
        """Drop everything; to cancel what was dropped is harmless."""
        for _, _, timer in self._heap:
            timer.drop()
        self._heap.clear()
        self._dead = 0
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self, at_s: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at_s = at_s
        self._alarm = self._loop.call_at(at_s, self._ring)

    def _ring(self) -> None:
        """Fire what is due; the next alarm is set even if a callback raises (that is a bug, and stays loud)."""
        self._alarm = None
        now_s = self._loop.time() + 1e-4
        try:
            while self._heap and self._heap[0][0] <= now_s:
                timer = heappop(self._heap)[2]
                if timer.pending:
                    timer.fire()
                else:
                    self._dead -= 1
        finally:
            if self._dead == len(self._heap):
                self.clear()
            elif self._alarm is None or self._heap[0][0] < self._alarm_at_s:
                self._set_alarm(self._heap[0][0])
