"""An event loop whose clock jumps: a 32 s timer takes microseconds.

When nothing is ready the loop's time moves straight to the next timer. Use
`run(main())` instead of `asyncio.run`. Only for tests without sockets and threads:
time does not wait for a file descriptor.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("deadlock: nothing is ready and no timer is set")
            self.now_s += max(timeout, 0.0)
        return ready


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """`loop.time()` starts at 1000.0 and never waits."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def pass_s(self, seconds: float) -> None:
        """Time passes, and nothing runs meanwhile."""
        self._jumping.now_s += seconds


def stall(seconds: float) -> None:
    """The running loop is held up for so long, as by work that takes its time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FakeTimeLoop)
    loop.pass_s(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a fresh FakeTimeLoop."""
    with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
        return runner.run(main)
