"""What core says, kept fresh for every browser by one connection.

Events wake it at once; while somebody watches it also asks every second, because volts and
milliamperes tell no events. Without viewers it asks rarely. When core is away `snapshot` is
None and the connection is tried again, for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware.control.client import ControlClient
from firmware.control.messages import ControlError, CoreAway

log = logging.getLogger(__name__)

WATCHED_S = 1.0
UNWATCHED_S = 15.0
SETTLE_S = 0.2
"""At most five questions a second, however many events come."""
RETRY_S = 0.5
FRESH_S = 1.0
LAST_CALLS = 15


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One answer of core: its `status`, its last `calls`."""

    status: dict[str, Any]
    calls: list[dict[str, Any]]
    at_s: float


class CoreFeed:
    """Keeps `snapshot`; `run` is its task."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshot: Snapshot | None = None
        self._viewers: set[asyncio.Event] = set()
        self._wake = asyncio.Event()

    @property
    def viewers(self) -> int:
        """Browsers watching now."""
        return len(self._viewers)

    @contextlib.contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever `snapshot` changed."""
        changed = asyncio.Event()
        self._viewers.add(changed)
        self._wake.set()
        try:
            yield changed
        finally:
            self._viewers.discard(changed)

    async def fresh(self) -> Snapshot | None:
        """A snapshot not older than a second, or what there is."""
        now_s = asyncio.get_running_loop().time()
        if self.snapshot is not None and now_s - self.snapshot.at_s > FRESH_S:
            with self.watch() as changed:
                try:
                    async with asyncio.timeout(FRESH_S):
                        await changed.wait()
                except TimeoutError:
                    pass  # a slow core: what we have is better than nothing
        return self.snapshot

    async def run(self) -> None:
        """Follow core until cancelled."""
        while True:
            try:
                async with ControlClient(self.path) as core:
                    log.info("core: connected")
                    await self._follow(core)
            except ControlError as error:
                if self.snapshot is not None:
                    log.warning("core: %s", error)
                self._take(None)
            await asyncio.sleep(RETRY_S)

    async def _follow(self, core: ControlClient) -> None:
        listening = asyncio.create_task(self._listen(core), name="core-events")
        try:
            while not listening.done():
                self._wake.clear()
                status = await core.call("status")
                calls = await core.call("calls", limit=LAST_CALLS)
                self._take(Snapshot(status, calls, asyncio.get_running_loop().time()))
                await asyncio.sleep(SETTLE_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(WATCHED_S if self._viewers else UNWATCHED_S):
                        await self._wake.wait()
        finally:
            listening.cancel()
        raise CoreAway("core ended the connection")

    async def _listen(self, core: ControlClient) -> None:
        try:
            async for _ in core.events():
                self._wake.set()
        finally:
            self._wake.set()

    def _take(self, snapshot: Snapshot | None) -> None:
        if snapshot is None and self.snapshot is None:
            return
        self.snapshot = snapshot
        for changed in self._viewers:
            changed.set()
