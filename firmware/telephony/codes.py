"""SIP response codes in words: `codes.toml` as data.

Why here: the SIP room needs phrase and cause, the page and the command line need the texts, and
neither may import the other. Some 60 kB; read once, when first asked for. Look next at
`cause.py`, which says what a cause means to a call.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("codes.toml")


class Code(NamedTuple):
    """One row. phrase: the standard's reason phrase. rfc: number and clause. cause: a Q.850 number, 0 for no failure.

    tone: busy, congestion, sit, ringback or none. en, es: what happened; do_en, do_es: what to do.
    """

    phrase: str
    rfc: str
    cause: int
    tone: str
    en: str
    es: str
    do_en: str
    do_es: str

    def what(self, language: str) -> str:
        """What happened, one sentence. language: "es" or "en"."""
        return self.es if language == "es" else self.en

    def advice(self, language: str) -> str:
        """What to do about it, one sentence. language: "es" or "en"."""
        return self.do_es if language == "es" else self.do_en


@cache
def codes() -> Mapping[int, Code]:
    """Every code we know, by its number, ascending."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {int(number): Code(**table) for number, table in tables.items()}


def code_of(status: int) -> Code:
    """The row of `status`, 100 to 699; an unknown one is taken for 183 or x00 (RFC 3261 8.1.3.2)."""
    known = codes()
    return known.get(status) or known[status // 100 * 100 if status >= 200 else 183]


def explained(status: int, language: str = "en") -> str:
    """What happened and what to do, two sentences, for one log line or one row."""
    code = code_of(status)
    return f"{code.what(language)} {code.advice(language)}"
