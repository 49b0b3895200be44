"""Rows of the bench: min, median, max of several runs, beside the bar of the architecture."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. values: one per run. bar: what it should be, in words and number ("<= 1.2")."""

    what: str
    unit: str
    values: tuple[float, ...]
    bar: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def line(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.what:<52} {low:>9.3f} {self.median:>9.3f} {high:>9.3f}  {self.unit:<10} {self.bar}"


def cpu_s(pid: int) -> float:
    """CPU time a process has used, user and system, in seconds (resolution 10 ms)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def calibration_ms() -> float:
    """CPU of a fixed Python loop, in ms: what this machine's Python is worth at this moment."""
    begin = time.process_time()
    table: dict[str, int] = {}
    for number in range(200_000):
        key = f"k{number & 1023}"
        table[key] = table.get(key, 0) + number
    assert len(table) == 1024
    return (time.process_time() - begin) * 1000


def repeat(runs: int, measure: Callable[[], float]) -> tuple[float, ...]:
    return tuple(measure() for _ in range(runs))
