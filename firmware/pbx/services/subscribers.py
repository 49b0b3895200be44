"""What the house remembers of each telephone line: do-not-disturb, call waiting, whom it called and who called it.

It survives a restart (`state_file.py`). Who changes it: `codes.py`; who asks: the makers of legs and the lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from firmware.pbx.services.state_file import StateFile
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg

log = logging.getLogger(__name__)


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
        self._known: dict[str, Subscriber] = {}
        self._file = StateFile(path, self._table)

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
            self._file.changed()

    # -- the file ----------------------------------------------------------------------
    def load(self) -> None:
        """Take what the file has of the lines there are."""
        self._file.load(self._take)

    def stop(self) -> None:
        """Write what is not written yet."""
        self._file.stop()

    def _take(self, found: dict[str, Any]) -> None:
        for number in self._known.keys() & found.keys():
            self._known[number] = _read(found[number])

    def _table(self) -> dict[str, Any]:
        return {number: asdict(subscriber) for number, subscriber in sorted(self._known.items())}


def _read(table: dict[str, Any]) -> Subscriber:
    """Raises TypeError for values of another kind; keys of another version are left out."""
    kinds = {field.name: type(field.default) for field in fields(Subscriber)}
    known = {key: value for key, value in table.items() if key in kinds}
    for key, value in known.items():
        if type(value) is not kinds[key]:
            raise TypeError(f"{key} is {value!r}")
    return Subscriber(**known)
