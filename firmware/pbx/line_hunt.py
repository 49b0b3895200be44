"""In which order the lines of a way out are tried: the modes of selecting that trunk groups of exchanges have.

Every mode names all lines, so that a call finds a free one in any case; they differ in where the search begins. Kept by
`trunk_routes.py`, one of it for each way out.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from firmware.config.outbound_settings import HUNT_ORDERS


class LineHunt:
    """The lines of one way out, as listed in the settings.

    * ascending, descending: from the first, or last, line on.
    * cyclic, cyclic-descending: from the line after, or before, the one that was taken last.
    * least-recent: the line first that has been taken longest ago, never taken before all; most-recent: the reverse.
    * fewest-calls: the line first that has been taken least often since the start.
    * by-number: the same number always begins at the same line (CRC-32 of its digits), and goes on upward from there.

    Equals stay in ascending order. Only calls that go out over this way count, however they ended.
    """

    def __init__(self, lines: Sequence[str], order: str = "ascending") -> None:
        """Raises ValueError for an unknown order."""
        if order not in HUNT_ORDERS:
            raise ValueError(f"order {order} is none of {', '.join(HUNT_ORDERS)}")
        self._lines = tuple(lines)
        self._order = order
        self._calls = dict.fromkeys(self._lines, 0)
        self._taken_at = dict.fromkeys(self._lines, 0)
        self._count = 0
        self._last: str | None = None

    def lines(self, number: str) -> tuple[str, ...]:
        """All lines for a call to `number`, the one to try first at the front."""
        lines = self._lines[::-1] if self._order in {"descending", "cyclic-descending"} else self._lines
        match self._order:
            case "cyclic" | "cyclic-descending" if self._last is not None:
                lines = self._from(lines, lines.index(self._last) + 1)
            case "least-recent":
                lines = tuple(sorted(lines, key=self._taken_at.__getitem__))
            case "most-recent":
                lines = tuple(sorted(lines, key=lambda line: -self._taken_at[line]))
            case "fewest-calls":
                lines = tuple(sorted(lines, key=self._calls.__getitem__))
            case "by-number":
                lines = self._from(lines, zlib.crc32(number.encode()) % len(lines))
        return lines

    def taken(self, line: str) -> None:
        """A call has taken `line`."""
        self._count += 1
        self._calls[line] += 1
        self._taken_at[line] = self._count
        self._last = line

    @staticmethod
    def _from(lines: tuple[str, ...], start: int) -> tuple[str, ...]:
        return lines[start:] + lines[:start]
