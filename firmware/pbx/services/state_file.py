"""A small file of the data folder: what a service remembers over a restart, replaced as a whole soon after a change.

Only its owner may read it, for it tells who called. Times in it are Unix seconds. Who keeps one: `subscribers.py`,
`dial_in_bans.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.config.load import write_private

log = logging.getLogger(__name__)

GATHER_S = 0.2
"""How long changes gather before they are written, by a thread: what a power cut costs."""


class StateFile:
    """path: None for memory only. table: what the file shall hold now, as JSON takes it."""

    def __init__(self, path: Path | None, table: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._table = table
        self._writing: asyncio.Task[None] | None = None
        self._written: dict[str, Any] = {}
        self._lock = threading.Lock()
        """Of who writes: a thread that is late must not undo what `stop` wrote."""
        self._stopped = False

    def load(self, take: Callable[[dict[str, Any]], None]) -> None:
        """Give what the file holds to `take`. A damaged file, which `take` tells by ValueError, TypeError or
        AttributeError, is set aside (".damaged")."""
        if self._path is None:
            return
        try:
            take(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError, TypeError) as error:
            log.warning("%s cannot be read (%s), set aside", self._path, error)
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".damaged"))
        self._written = self._table()

    def changed(self) -> None:
        """Write it soon."""
        if self._path is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._path), name="write-state")

    def stop(self) -> None:
        """Write what is not written yet; the last time."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        with self._lock:
            self._stopped = True
            if self._path is not None and self._table() != self._written:
                _replace(self._path, self._table())

    async def _write(self, path: Path) -> None:
        while self._table() != self._written:
            await asyncio.sleep(GATHER_S)
            table = self._table()
            await asyncio.to_thread(self._put, path, table)
            self._written = table
        self._writing = None

    def _put(self, path: Path, table: dict[str, Any]) -> None:
        with self._lock:
            if not self._stopped:
                _replace(path, table)


def _replace(path: Path, table: dict[str, Any]) -> None:
    try:
        write_private(path, json.dumps(table, indent=1).encode())
    except OSError as error:
        log.error("%s cannot be written: %s", path, error)
