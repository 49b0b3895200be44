"""How a simulated exchange rings a line and says who calls; what it does when the line is lifted: `exchange_line.py`.

The bursts are planned on the wires, exact to a frame; the data of caller ID are spoken when it is time for them, as
`exchange_caller.py` lays them out.
"""

from __future__ import annotations

from drivers.sim.exchange_caller import Manner, Presentation, present
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_habits import Habits
from drivers.sim.office_wires import OfficeWires, WireFeed

_RINGS_AHEAD = 8
_FETCHED_AFTER_US = 250_000
"""From the loop that fetches the number to its data."""


class ExchangeBell:
    """Of one line. `keep` must be called every few ms while it rings."""

    def __init__(self, wires: OfficeWires) -> None:
        self._wires = wires
        self._call = Presentation(0)
        self._ring_ms: tuple[int, ...] = ()
        self._first_ring_us = 0
        """From the call's arrival to the first ring."""
        self._until_us = 0
        """So far it is planned."""

    def begin(self, call: IncomingCall | None, manner: Manner, habits: Habits) -> None:
        """Announce a call and ring. call: who calls, None is not told."""
        self._ring_ms, self._first_ring_us = habits.ring_ms, habits.first_ring_ms * 1000
        self._call = present(call, manner, habits, self._wires.now_us)
        if self._call.before:
            self._wires.plan(self._call.before)
        self._plan(self._call.rings_from_us)

    def keep(self, now_us: int) -> None:
        """Ring on, and say who calls when it is time."""
        call = self._call
        if call.data is not None and 0 < call.data_us <= now_us:
            self._wires.voice.say(call.data)
            call.data_us = 0
            if not call.fetched:
                call.data = None
        if self._wires.planned < _RINGS_AHEAD and not (call.fetched and call.data is not None):
            self._plan(self._until_us)

    def lifted(self, at_us: int) -> bool:
        """The line is lifted: ring no more. True when that fetches the number, so that it is no answer (Japan)."""
        self._wires.put(self._call.feed)
        if not self._call.fetched or self._call.data is None:
            return False
        self._call.data_us = at_us + _FETCHED_AFTER_US
        return True

    def fetched(self, now_us: int) -> None:
        """The line has the number and is on hook again: now it is rung."""
        self._call.data = None
        self._plan(now_us + self._first_ring_us)

    def _plan(self, start_us: int) -> None:
        events: list[tuple[int, WireFeed, bool]] = []
        at_us = start_us
        for _ in range(_RINGS_AHEAD):
            for number, ms in enumerate(self._ring_ms):
                events.append((at_us, self._call.feed, number % 2 == 0))
                at_us += ms * 1000
        self._wires.plan(events)
        self._until_us = at_us
