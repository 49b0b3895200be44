"""The tones of a simulated exchange line: one at a time, spoken ahead in pieces so that it never breaks off."""

from __future__ import annotations

from drivers.sim.exchange_habits import RATE_HZ, CallTone
from drivers.sim.office_wires import OfficeWires

_AHEAD_SAMPLES = 1600
"""A tone is spoken this far ahead: 200 ms."""


class ExchangeTone:
    """Of one line. `keep` must be called every few ms while a tone shall go on."""

    def __init__(self, wires: OfficeWires) -> None:
        self._wires = wires
        self._tone: CallTone | None = None
        self._at = 0
        """How many of its samples are spoken."""

    def begin(self, tone: CallTone | None) -> None:
        """In place of what is heard now; None for silence."""
        self.stop()
        self._tone = tone
        self.keep()

    def keep(self) -> None:
        """Keep the mouth filled while a tone goes on."""
        if self._tone is None:
            return
        short = _AHEAD_SAMPLES - round(self._wires.voice.unsaid_ms * RATE_HZ / 1000)
        if short > 0:
            self._at += self._wires.voice.say(self._tone.samples(self._at, short))

    def stop(self) -> None:
        """At once, and whatever else is spoken too."""
        self._tone, self._at = None, 0
        self._wires.hush()
