"""Metering of a simulated exchange: bursts of a 12 or 16 kHz tone, one for each unit of the call's charge."""

from __future__ import annotations

from drivers.sim.office_wires import OfficeWires

PULSE_MS = 150
EVERY_MS = 500
"""From one of several to the next."""
USUAL_V_RMS = 0.5


class ExchangeMeter:
    """Of one line. `keep` must be called every few ms."""

    def __init__(self, wires: OfficeWires) -> None:
        self.sent = 0
        """Pulses since the board was made."""
        self._wires = wires
        self._left = 0
        self._v_rms = 0.0
        self._due_us = 0
        self._sounds = False

    def send(self, count: int, v_rms: float) -> None:
        """Pulses from now on, in place of those that are still to come. v_rms: at the chip's wires, at most 10."""
        self.stop()
        self._left, self._v_rms, self._due_us = count, v_rms, self._wires.now_us
        self.keep(self._wires.now_us)

    def keep(self, now_us: int) -> None:
        """Begin or end a pulse when it is time."""
        if now_us < self._due_us or not (self._left or self._sounds):
            return
        self._sounds = not self._sounds
        self._wires.set_office(meter_v_rms=self._v_rms if self._sounds else 0)
        self._due_us += (PULSE_MS if self._sounds else EVERY_MS - PULSE_MS) * 1000
        if self._sounds:
            self._left -= 1
            self.sent += 1

    def stop(self) -> None:
        """The call is over."""
        if self._sounds:
            self._wires.set_office(meter_v_rms=0)
        self._left, self._sounds = 0, False
