"""sipp: scenarios run against a site, with its own count of failures and retransmissions."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

from tests.interop.processes import Process, free_port

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


class SippResult:
    """What sipp counted, from the last line of its statistics file."""

    def __init__(self, folder: Path, status: int, output: str) -> None:
        self.status = status
        self.output = output
        self.errors = "".join(p.read_text(errors="replace") for p in folder.glob("*_errors.log"))
        with max(folder.glob("*_.csv"), key=lambda p: p.stat().st_mtime).open() as stats:
            self.row = list(csv.DictReader(stats, delimiter=";"))[-1]

    def count(self, column: str) -> int:
        """A cumulative counter: SuccessfulCall(C), FailedCall(C), Retransmissions(C), TotalCallCreated …"""
        return int(self.row[column])


class Sipp:
    """One sipp process on loopback. `run` waits for its end; `start` leaves it in the background (a callee)."""

    def __init__(self, folder: Path, scenario: str, *options: str, remote: str = "", port: int = 0) -> None:
        self.folder = folder / f"sipp-{scenario}-{free_port()}"
        self.folder.mkdir()
        self.port = port or free_port()
        self.argv = [
            "sipp", *([remote] if remote else []), "-sf", str(SCENARIOS / f"{scenario}.xml"),
            "-i", "127.0.0.1", "-p", str(self.port), "-mi", "127.0.0.1", "-nostdin", "-trace_stat", "-fd", "1",
            "-trace_err", *options,
        ]  # fmt: skip
        self.process: Process | None = None

    def run(self, timeout_s: float) -> SippResult:
        done = subprocess.run(
            self.argv,
            check=False,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        return SippResult(self.folder, done.returncode, done.stdout + done.stderr)

    def start(self) -> Sipp:
        self.process = Process("sipp", self.argv, self.folder / "log", cwd=self.folder)
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
