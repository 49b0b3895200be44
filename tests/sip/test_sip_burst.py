"""A burst over loopback, digest included: every call is served, and counts go back to nothing.

What it costs is told by `make bench`, not here.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.sip.load import serve


@pytest.mark.parametrize(("mode", "count", "rate"), [("calls", 400, 150), ("digest", 400, 150), ("register", 400, 300)])
def test_a_burst_leaves_nothing_behind(mode: str, count: int, rate: float) -> None:
    figures = asyncio.run(serve(mode, count, rate))
    assert figures["finished"] == count
    assert figures["legs"] == figures["dialogs"] == figures["streams"] == 0
