"""What the command line prints: sentences in the user's language, tables, times, JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any


def language() -> str:
    """ "es" or "en", by LC_ALL, LC_MESSAGES, LANG (in that order, as POSIX says)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "es" if value.lower().startswith("es") else "en"
    return "en"


def say(en: str, es: str) -> str:
    """The one of two sentences that the user reads."""
    return es if language() == "es" else en


def complain(sentence: str) -> None:
    """One line on standard error."""
    print(sentence, file=sys.stderr)


def print_json(data: Any) -> None:
    """Data for programs: indented, UTF-8, keys in their order."""
    print(json.dumps(data, ensure_ascii=False, indent=2))


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need, titles above, no trailing blanks."""
    all_rows = [list(titles), *[[clean(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in all_rows) for i in range(len(titles))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in all_rows]
    return "\n".join(lines)


def clean(text: object) -> str:
    """Text from the network without anything a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def span(seconds: float) -> str:
    """A length of time: 0:07, 12:30, 3:05:00, 2 d 4 h."""
    total = max(0, int(seconds))
    if total >= 86400:
        return f"{total // 86400} d {total % 86400 // 3600} h"
    hours, minutes = divmod(total // 60, 60)
    return f"{hours}:{minutes:02}:{total % 60:02}" if hours else f"{minutes}:{total % 60:02}"


def local_time(stamp: object) -> str:
    """A record's UTC time (ISO 8601 text or seconds since 1970) on the clock of this machine."""
    try:
        when = datetime.fromisoformat(stamp) if isinstance(stamp, str) else datetime.fromtimestamp(float(str(stamp)))
    except (ValueError, OverflowError, OSError):
        return ""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S")
