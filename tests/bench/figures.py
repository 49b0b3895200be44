"""Rows of the bench: min, median, max of several runs, beside the bar of the architecture and whether it is kept."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
DOCS = Path(__file__).resolve().parents[2] / "docs"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done. runs: of each figure. share: of the counts and times of a whole bench; 1 is the whole one.

    docs: where pictures and tables are written.
    """

    runs: int = 3
    share: float = 1.0
    docs: Path = DOCS

    @property
    def whole(self) -> bool:
        """Figures of less are only good for seeing that they come about."""
        return self.share >= 1

    def count(self, whole: int, least: int = 1) -> int:
        """This share of `whole`, a count."""
        return max(least, round(whole * self.share))

    def seconds(self, whole: float, least: float) -> float:
        """This share of `whole`, a time."""
        return max(least, whole * self.share)


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure should be. every: each run has to keep it, else their median."""

    sign: Literal["<=", "<", ">="]
    limit: float
    words: str = ""
    every: bool = False

    def keeps(self, value: float) -> bool:
        if self.sign == ">=":
            return value >= self.limit
        return value < self.limit if self.sign == "<" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g} {self.words}".rstrip()


def at_most(limit: float, words: str = "") -> Bar:
    return Bar("<=", limit, words)


def below(limit: float, words: str = "") -> Bar:
    return Bar("<", limit, words)


def at_least(limit: float, words: str = "") -> Bar:
    return Bar(">=", limit, words)


NONE_LOST = Bar("<=", 0, "in every run", every=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. values: one per run, at least one. bar: what it should be, None when nothing was promised."""

    what: str
    unit: str
    values: tuple[float, ...]
    bar: Bar | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def missed(self) -> bool:
        if self.bar is None:
            return False
        return not all(self.bar.keeps(value) for value in (self.values if self.bar.every else (self.median,)))

    def line(self) -> str:
        low, high = min(self.values), max(self.values)
        verdict = "" if self.bar is None else f"{'MISSED' if self.missed else 'ok':<7}{self.bar}"
        return f"{self.what:<58} {low:>9.3f} {self.median:>9.3f} {high:>9.3f}  {self.unit:<8} {verdict}".rstrip()


def cpu_s(pid: int) -> float:
    """CPU time a process has used, user and system, in seconds (resolution 10 ms)."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def cpu_ns(pid: int) -> int:
    """CPU of all living threads of a process so far, by the scheduler's own count."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


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


def ratios(over: tuple[float, ...], under: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a / b for a, b in zip(over, under, strict=True))
