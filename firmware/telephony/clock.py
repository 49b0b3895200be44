"""The two clocks of the house.

`now_s()` is the running event loop's time and drives every timer, so that tests
can replace it; `wall()` is the only wall clock, for records and log lines.
"""

import asyncio
from datetime import UTC, datetime


def now_s() -> float:
    """Seconds on the running event loop's monotonic clock. Raises RuntimeError outside a loop."""
    return asyncio.get_running_loop().time()


def wall() -> datetime:
    """The wall clock in UTC. Never use it for intervals: it may step."""
    return datetime.now(UTC)
