"""How the fuzz tests run: the same examples every time in CI, many more in `make soak`."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

BAR_S = 0.05
"""Of CPU, for one message."""
_SEEDED = st.integers(0, 2**32 - 1).map(lambda seed: random.Random(seed).randbytes(240))
DECISIONS = st.one_of(st.binary(max_size=60), _SEEDED, _SEEDED, _SEEDED)
"""Octets for `Choices`: short ones that can be made simpler, and long ones that are truly mixed."""


def examples(count: int) -> settings:
    """`count` in CI, a hundred times that in soak. Not timed by the wall: the machine may be busy."""
    soak = bool(os.environ.get("TIPRING_SOAK"))
    return settings(
        max_examples=count * 100 if soak else count,
        derandomize=not soak,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def in_time(work: Callable[[], object]) -> None:
    """`work`, up to three times until it takes less CPU than the bar; fails when it never does."""
    best_s = 9.0
    for _ in range(3):
        began_s = time.process_time()
        work()
        best_s = min(best_s, time.process_time() - began_s)
        if best_s < BAR_S:
            return
    raise AssertionError(f"{best_s * 1000:.0f} ms of CPU for one message")
