"""One child process of `tipring run`: started so that it cannot outlive us, awaited without threads.

Used by `service.py`. A child stands in a session of its own, so that Ctrl-C reaches only the
supervisor, which then ends its children in order. The kernel tells us of a death through a
pidfd (pidfd_open(2)), and tells the child of ours through PR_SET_PDEATHSIG (prctl(2)).
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Program:
    """What to start. orphan_signal: what it gets when we die without a word."""

    name: str
    argv: Sequence[str]
    orphan_signal: signal.Signals = signal.SIGTERM


class Child:
    """A running `Program`. Use it only inside an event loop."""

    def __init__(self, program: Program) -> None:
        self.name = program.name
        self._process = subprocess.Popen(
            list(program.argv),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # No lock can be held at the fork: the only other thread of this process sleeps (make_safe's).
            preexec_fn=_dies_with_us(program.orphan_signal),  # noqa: PLW1509
        )
        self.pid = self._process.pid
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = loop.create_future()
        """Its exit code, negative for a signal."""
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        code = self._process.wait()
        if not self.ended.done():
            self.ended.set_result(code)

    async def end(self, patience_s: float) -> int:
        """SIGTERM, after `patience_s` SIGKILL. Returns the exit code."""
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait({self.ended}, timeout=patience_s)
        if not done:
            log.warning("%s: did not end within %.1f s, killed", self.name, patience_s)
            self._signal(signal.SIGKILL)
        return await asyncio.shield(self.ended)

    def _signal(self, number: signal.Signals) -> None:
        if not self.ended.done():
            self._process.send_signal(number)


def how_it_ended(code: int) -> str:
    """An exit code in words: "killed by SIGKILL", "exit code 1"."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}"


def _dies_with_us(number: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # we died between fork and prctl
            os._exit(1)

    return prepare
