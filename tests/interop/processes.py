"""Starting and ending the processes that tests need: free ports, waiting for a condition, logs on failure."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from drivers.sim.rig_client import RigError
from firmware.control.messages import ControlError

T = TypeVar("T")


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, ip: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((ip, 0))
        return int(probe.getsockname()[1])


_RTP_FIRST, _RTP_LAST = int(os.environ.get("TIPRING_TEST_RTP_FIRST", "12000")), 32000
"""Two runs beside each other must not be given the same ports."""
_next_rtp = _RTP_FIRST


def free_rtp_range(pairs: int = 40) -> tuple[int, int]:
    """(first, last) of a run of even/odd port pairs that are all free now, below the ephemeral range.

    Every call gives another run: who was given one binds its ports only during calls, and late packets of a call
    must not come to anybody else.
    """
    global _next_rtp
    for _ in range(2 * (_RTP_LAST - _RTP_FIRST) // (2 * pairs)):
        first, _next_rtp = _next_rtp, _next_rtp + 2 * pairs
        if _next_rtp > _RTP_LAST:
            _next_rtp = _RTP_FIRST
            continue
        try:
            for port in range(first, first + 2 * pairs):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first, first + 2 * pairs - 1
    raise AssertionError("no free run of UDP ports")


def eventually(what: str, condition: Callable[[], T], timeout_s: float = 10.0, every_s: float = 0.02) -> T:
    """Poll `condition` until it is true and return its value; AssertionError naming `what` after the time-out."""
    deadline = time.monotonic() + timeout_s
    last: object = None
    while time.monotonic() < deadline:
        try:
            value = condition()
        except (OSError, AssertionError, LookupError, ControlError, RigError) as error:
            last = error
        else:
            if value:
                return value
            last = value
        time.sleep(every_s)
    raise AssertionError(f"not within {timeout_s} s: {what} (last: {last!r})")


class Process:
    """A child process with its output in a file; `stop` ends it politely, then firmly, and is idempotent."""

    def __init__(self, name: str, argv: list[str], log: Path, **popen: object) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._child = subprocess.Popen(  # type: ignore[call-overload]
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **popen
            )

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    def alive(self) -> bool:
        return self._child.poll() is None

    def wait(self, timeout_s: float) -> int:
        return int(self._child.wait(timeout_s))

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, timeout_s: float = 5.0) -> int:
        if self.alive():
            self._child.terminate()
            try:
                self._child.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(5)
        return int(self._child.returncode)
