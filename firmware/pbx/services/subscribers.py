"""What the house remembers of each telephone line: do-not-disturb, call waiting, whom it called and who called it.

It survives a restart: one small file in the data folder, replaced as a whole a moment after a change, by a thread.
Who changes it: `codes.py`; who asks: the makers of legs and the lines.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg

log = logging.getLogger(__name__)

GATHER_S = 0.2
"""How long changes gather before they are written: what a power cut costs."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One telephone line, by its number. last_*: "" as long as there was no call, or its number is not known."""

    do_not_disturb: bool = False
    call_waiting: bool = True
    last_called: str = ""
    last_caller: str = ""


class Subscribers:
    """path: the file, None for memory only. `load` once the lines are known, `stop` writes what is left."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Subscriber] = {}
        self._writing: asyncio.Task[None] | None = None
        self._written: dict[str, Any] = {}

    # -- a line's view -----------------------------------------------------------------
    def add(self, number: str) -> None:
        """A line has that number."""
        self._known.setdefault(number, Subscriber())

    def of(self, number: str) -> Subscriber | None:
        """None: that is no telephone line."""
        return self._known.get(number)

    def waits(self, number: str) -> bool:
        """Whether calls may wait for who talks at that line."""
        subscriber = self._known.get(number)
        return subscriber is None or subscriber.call_waiting

    def guarded(self, number: str, make: Callable[[], Leg | Cause]) -> Callable[[], Leg | Cause]:
        """A maker of legs for that line: busy while it is not to be disturbed."""

        def made() -> Leg | Cause:
            subscriber = self._known.get(number)
            if subscriber is not None and subscriber.do_not_disturb:
                log.info("%s: is not to be disturbed", number)
                return Cause.USER_BUSY
            return make()

        return made

    def change(self, number: str, **changes: bool | str) -> None:
        """Set fields of `Subscriber`. What is no telephone line is not remembered."""
        before = self._known.get(number)
        if before is None:
            return
        after = replace(before, **changes)  # type: ignore[arg-type]
        if after != before:
            self._known[number] = after
            self._write_soon()

    # -- the file ----------------------------------------------------------------------
    def load(self) -> None:
        """Take what the file has of the lines there are. A damaged file is set aside (".damaged")."""
        if self._path is None:
            return
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            for number in self._known.keys() & found.keys():
                self._known[number] = _read(found[number])
        except FileNotFoundError:
            return
        except (OSError, ValueError, AttributeError, TypeError) as error:
            log.warning("lines: %s cannot be read (%s), set aside", self._path, error)
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_suffix(".damaged"))
        self._written = self._text()

    def stop(self) -> None:
        """Write what is not written yet."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        if self._path is not None and self._text() != self._written:
            _replace(self._path, self._text())

    def _text(self) -> dict[str, Any]:
        return {number: asdict(subscriber) for number, subscriber in sorted(self._known.items())}

    def _write_soon(self) -> None:
        if self._path is not None and self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write(self._path), name="write-subscribers")

    async def _write(self, path: Path) -> None:
        while (text := self._text()) != self._written:
            await asyncio.sleep(GATHER_S)
            text = self._text()
            await asyncio.to_thread(_replace, path, text)
            self._written = text
        self._writing = None


def _read(table: dict[str, Any]) -> Subscriber:
    """Raises TypeError for values of another kind; keys of another version are left out."""
    kinds = {field.name: type(field.default) for field in fields(Subscriber)}
    known = {key: value for key, value in table.items() if key in kinds}
    for key, value in known.items():
        if type(value) is not kinds[key]:
            raise TypeError(f"{key} is {value!r}")
    return Subscriber(**known)


def _replace(path: Path, table: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    try:
        with fresh.open("w", encoding="utf-8", errors="replace") as file:
            json.dump(table, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        log.error("lines: %s cannot be written: %s", path, error)
