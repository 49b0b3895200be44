"""Wrong PINs, counted by caller and by line: whoever dialled too many cannot dial in for a while.

Counts are kept for `ban_s` after the last wrong PIN, over hang-ups, over other calls and over a restart
(`state_file.py`). A caller's number can be forged, and callers without one cannot be told apart: against those
the line itself is shut after `LINE_MOST` wrong PINs, whoever dialled them. Nothing but dial-in is shut. A right PIN
forgives mistakes, but only so many: whoever has one shall not try out those of others between its uses.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.pbx.services.dial_in_people import is_known
from firmware.pbx.services.state_file import StateFile

log = logging.getLogger(__name__)

CALLER_MOST = 3
LINE_MOST = 10
FORGIVEN_MOST = 3
"""So many wrong PINs one person's right PIN forgives within `ban_s`."""
CALLERS_MOST = 1000
"""So many callers are remembered; beyond it those whose time is up first are forgotten."""


class DialInBans:
    """ban_s: how long. path: the file, None for memory only. now_s: Unix time, which goes on while we are off."""

    def __init__(self, ban_s: float = 3600.0, path: Path | None = None, now_s: Callable[[], float] = time.time) -> None:
        self._ban_s = ban_s
        self._now_s = now_s
        self._wrong: dict[str, tuple[int, float]] = {}
        """By key of a caller, line or person: how many, and until when they count."""
        self._file = StateFile(path, self._table)

    def tries_left(self, line: str, caller: str) -> int:
        """How many wrong PINs that caller still has on that line. caller: a number, or "" and the like for none."""
        by_caller, by_line = _keys(line, caller)
        return max(0, min(CALLER_MOST - self._count(by_caller), LINE_MOST - self._count(by_line)))

    def shut_s(self, line: str) -> float:
        """For how long that line is shut for everybody, 0.0 while it is not."""
        count, until_s = self._wrong.get(LINE + line, (0, 0.0))
        return max(0.0, until_s - self._now_s()) if count >= LINE_MOST else 0.0

    def wrong(self, line: str, caller: str) -> None:
        """One wrong PIN more."""
        for key in _keys(line, caller):
            self._more(key, 1)
        self._forget()
        self._file.changed()
        if not self.tries_left(line, caller):
            log.warning("%s: wrong PINs of %s: no dial-in for %.0f s", line, caller or "no number", self._ban_s)

    def right(self, line: str, caller: str, person: str) -> None:
        """The PIN of `person`: that caller's wrong ones were mistakes, for the line too, up to `FORGIVEN_MOST`; of
        callers without a number nobody knows that."""
        by_caller, by_line = _keys(line, caller)
        forgiven = min(self._count(by_caller), FORGIVEN_MOST - self._count(PERSON + person))
        if forgiven < 1 or not is_known(caller):
            return
        self._more(PERSON + person, forgiven)
        self._less(by_caller, forgiven)
        self._less(by_line, forgiven)
        self._file.changed()

    # -- the file ----------------------------------------------------------------------
    def load(self) -> None:
        """Take what the file has. Times beyond `ban_s` from now are of a clock that was wrong."""
        self._file.load(self._take)
        self._forget()

    def stop(self) -> None:
        """Write what is not written yet."""
        self._file.stop()

    def _take(self, found: dict[str, Any]) -> None:
        latest_s = self._now_s() + self._ban_s
        self._wrong = {str(key): (int(n), min(float(until), latest_s)) for key, (n, until) in found.items()}

    def _table(self) -> dict[str, Any]:
        return {key: list(entry) for key, entry in sorted(self._wrong.items())}

    def _count(self, key: str) -> int:
        count, until_s = self._wrong.get(key, (0, 0.0))
        return count if self._now_s() < until_s else 0

    def _more(self, key: str, count: int) -> None:
        self._wrong[key] = (self._count(key) + count, self._now_s() + self._ban_s)

    def _less(self, key: str, count: int) -> None:
        if (rest := self._count(key) - count) > 0:
            self._wrong[key] = (rest, self._wrong[key][1])
        else:
            self._wrong.pop(key, None)

    def _forget(self) -> None:
        now_s = self._now_s()
        kept = {key: entry for key, entry in self._wrong.items() if entry[1] > now_s}
        callers = sorted((key for key in kept if key.isdecimal()), key=lambda key: kept[key][1])
        for key in callers[: max(0, len(callers) - CALLERS_MOST)]:
            del kept[key]
        self._wrong = kept


LINE = "line "
NO_NUMBER = "no number "
PERSON = "forgiven "


def _keys(line: str, caller: str) -> tuple[str, str]:
    """Of the caller, by his digits alone, and of the line; callers without a number are one caller a line."""
    digits = "".join(character for character in caller if character.isdecimal())
    return digits if is_known(caller) else NO_NUMBER + line, LINE + line
