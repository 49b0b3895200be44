"""What Alert-Info of an INVITE asks for, as one word that lines know ring classes by (RFC 3261 20.4, RFC 7462).

Phones and exchanges write it in four ways: a URN of RFC 7462, the last part of a web address nobody fetches,
a bare word, or an `info` parameter. Which word rings how: `lines/ring_classes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST = 64
_INFO = re.compile(r';\s*info\s*=\s*"?([^";,\s]+)', re.IGNORECASE)
_URN = "urn:alert:"


def alert_of(lines: Iterable[str]) -> str:
    """The word of the first header line that says something, in small letters; "" when none does. Never refuses."""
    return next((word for line in lines if (word := _word(line))), "")


def _word(value: str) -> str:
    if info := _INFO.search(value):
        word = info[1]
    elif "<" in value:
        uri = value.partition("<")[2].partition(">")[0].strip()
        word = uri[len(_URN) :] if uri.lower().startswith(_URN) else uri.rpartition("/")[2]
    else:
        word = value.partition(";")[0].strip()
    word = word.lower()
    return word if len(word) <= LONGEST and word.isascii() and word.isprintable() and " " not in word else ""
