"""Start-ups that run side by side on one bus.

Why: the chips of a card share one reset line, and each waits often and long; a start-up is a generator of its waits, so
that one chip's pauses serve the others. Used by the ports (`card_port.py`) and `boards/wiring.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from drivers.bus import Bus
from drivers.errors import HardwareError

Waits = Generator[float, None, None]
"""Yields how many milliseconds it wants to wait."""


def run_together(bus: Bus, jobs: Mapping[str, Waits]) -> dict[str, HardwareError]:
    """Run start-ups side by side on one bus; blocks. Returns the errors of those that failed, by name."""
    failures: dict[str, HardwareError] = {}
    due_us = dict.fromkeys(jobs, bus.now_us())
    while due_us:
        name = min(due_us, key=lambda job: due_us[job])
        early_us = due_us[name] - bus.now_us()
        if early_us > 0:
            bus.wait_ms(early_us / 1000.0)
        try:
            wait_ms = next(jobs[name])
            due_us[name] = bus.now_us() + round(wait_ms * 1000)
        except StopIteration:
            del due_us[name]
        except HardwareError as error:
            failures[name] = error
            del due_us[name]
    return failures
