"""The Python side of `rtp_crowd.c`: builds it, names its ports, reads its report."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one end sent and heard; the columns are explained in `rtp_crowd.c`."""

    index: int
    sent: int
    received: int
    missing: int
    reordered: int
    bad_times: int
    torn: int
    gap_ms: float
    late_ms: float


class RtpCrowd:
    """count: ends. ports: theirs on 127.0.0.1."""

    def __init__(self, folder: Path, count: int) -> None:
        program = folder / "rtp_crowd"
        subprocess.run(["gcc", "-Wall", "-Werror", "-O2", "-o", str(program), str(SOURCE)], check=True)
        self._process = subprocess.Popen(
            [str(program), str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.ports = [int(word) for word in self._line().split()[1:]]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def send_to(self, index: int, port: int) -> None:
        """From now on a frame every 20 ms."""
        self._tell(f"to {index} {port}")

    def stop_sending(self, index: int) -> None:
        self._tell(f"stop {index}")

    def clear(self) -> None:
        """Count anew, in the middle of everything."""
        self._tell("clear")

    def report(self) -> list[Heard]:
        self._tell("report")
        heard = []
        while (line := self._line().split()) != ["done"]:
            heard.append(Heard(*(int(word) for word in line[:7]), float(line[7]), float(line[8])))
        return heard

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(5)
