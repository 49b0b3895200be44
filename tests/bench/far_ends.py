"""The Python side of `far_ends.c`: the far ends of all calls, fed evenly; CPU, loss and lateness of each relay.

All relays of a measurement carry the same calls at the same time, so that whatever else the machine does meets them
alike; CPU is taken in short slices, and the median slice counts. What the relays are: `relays.py`.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench.figures import cpu_ns

HERE = Path(__file__).parent
SLICE_S = 0.25
LONGEST_SLICE_S = 30
WARM_S = 0.4


def build(folder: Path, *names: str) -> Path:
    """Compile C files of the bench into a program, named by the first."""
    program = folder / names[0]
    if not program.exists():
        flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run(["gcc", *flags, "-o", str(program), *(str(HERE / f"{name}.c") for name in names)], check=True)
    return program


@dataclass(frozen=True, slots=True)
class Carried:
    """What one relay did. us: CPU per packet that came back; against: times that of the first relay.

    Late: from socket to socket, the kernel's time.
    """

    us: float
    against: float
    sent: int
    received: int
    lost: int
    doubled: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class FarEnds:
    """kinds: of each relay, see `far_ends.c`. ports: of its two sides. `connect` every relay, then `measure`."""

    def __init__(self, folder: Path, calls: int, kinds: Sequence[str]) -> None:
        command = [str(build(folder, "far_ends", "far_relay")), str(calls), *kinds]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.calls = calls
        self.ports = [(int(a), int(b)) for a, b in (self._line() for _ in kinds)]

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def _line(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()

    def _tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def connect(self, ports: Sequence[tuple[int, int]]) -> None:
        """The ports of the next relay, those of its A and B end for every call."""
        assert len(ports) == self.calls
        for a, b in ports:
            self._tell(f"{a} {b}")

    def measure(self, pids: Sequence[int], seconds: float) -> list[Carried]:
        """Feed all for so long. pids: of the relays, in the order in which they were connected. Ends the feeding."""
        time.sleep(WARM_S)
        self._tell("begin")
        slices = [self._slice_us(pids) for _ in range(max(1, round(seconds / SLICE_S)))]
        self._tell("end")
        carried = []
        for mine in zip(*slices, strict=True):
            against = statistics.median(us / first for us, first in zip(mine, (s[0] for s in slices), strict=True))
            sent, received, lost, doubled, *late_us = self._line()
            late_ms = [float(us) / 1000 for us in late_us]
            counts = int(sent), int(received), int(lost), int(doubled)
            carried.append(Carried(statistics.median(mine), against, *counts, *late_ms))
        return carried

    def _slice_us(self, pids: Sequence[int]) -> list[float]:
        """CPU per packet of every relay over one slice; longer where a busy machine lets one of them wait."""
        first = list(zip(map(cpu_ns, pids), self._counts(), strict=True))
        for _ in range(round(LONGEST_SLICE_S / SLICE_S)):
            time.sleep(SLICE_S)
            spent = [
                (ns - ns_first, count - count_first)
                for ns, count, (ns_first, count_first) in zip(map(cpu_ns, pids), self._counts(), first, strict=True)
            ]
            if all(ns > 0 and count > 0 for ns, count in spent):
                return [ns / 1000 / count for ns, count in spent]
        raise AssertionError(f"a relay let nothing through in {LONGEST_SLICE_S} s; ns of CPU and packets: {spent}")

    def _counts(self) -> list[int]:
        self._tell("count")
        return [int(word) for word in self._line()]
