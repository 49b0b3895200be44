"""Counts a call on a coin telephone or call meter: a pulse at the answer and one every so many seconds.

Networks send pulses as their tariff runs; here the installer says how often. What a pulse is: `drivers/ports.py`.
"""

from __future__ import annotations

import asyncio
import logging

from drivers.errors import HardwareError
from drivers.ports import FxsPort

log = logging.getLogger(__name__)


class CallMeter:
    """Of one line. every_s: between two pulses."""

    def __init__(self, port: FxsPort, every_s: float) -> None:
        self._port = port
        self._every_s = every_s
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """The call was answered: the first pulse at once."""
        self.stop()
        try:
            self._port.meter_pulse()
        except HardwareError as error:
            log.warning("%s: this call is not metered: %s", self._port.name, error.reason)
            return
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self.start)

    def stop(self) -> None:
        """The call is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
