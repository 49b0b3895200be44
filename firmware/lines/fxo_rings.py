"""Bursts of ringing voltage counted as rings of one call: `fxo_calls.py` feeds it with what the port tells."""

from __future__ import annotations

DOUBLE_RING_S = 1.0
"""Two bursts nearer than this are one ring, as in Britain."""


class RingCount:
    """in_burst: ringing voltage is on the line now. rings: of the call that rings, the one that sounds included."""

    def __init__(self) -> None:
        self.in_burst = False
        self.rings = 0
        self._ended_s = 0.0

    def began(self, at_s: float) -> None:
        """A burst has been recognised."""
        self.in_burst = True
        if self.rings == 0 or at_s - self._ended_s > DOUBLE_RING_S:
            self.rings += 1

    def ended(self, at_s: float) -> None:
        """It is over."""
        self.in_burst, self._ended_s = False, at_s

    def forget(self) -> None:
        """The call has gone, or the line is off hook."""
        self.in_burst, self.rings = False, 0
