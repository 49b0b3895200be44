"""Who calls, as a telephone's display can show it: digits, a name in plain letters, or why there is none.

Displays know the 95 printable characters of ASCII; what national variants and accents they know differs from
model to model, so names are written without them. How it is coded: `messages.py`, `japan.py`, `dtmf.py`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from firmware.telephony.leg import Party

PRIVATE = "P"
UNAVAILABLE = "O"
"""Reasons for an absent number or name, as GR-30 and EN 300 659-3 code them."""
NUMBER_MOST = 20
_WITHHELD = {"anonymous", "restricted", "private", "withheld"}
_UNKNOWN = {"", "unknown", "unavailable", "asserted"}
_LETTERS = str.maketrans(
    {
        "ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l", "Đ": "D",
        "đ": "d", "Þ": "Th", "þ": "th", "ı": "i", "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-",
        "€": "EUR",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """number: digits, * and # only, at most NUMBER_MOST; "" with `absent` saying why. name: ASCII, "" for none."""

    number: str
    name: str
    at: datetime
    absent: str = UNAVAILABLE

    @property
    def stamp(self) -> str:
        """Month, day, hour, minute: eight digits."""
        return f"{self.at:%m%d%H%M}"


def caller_of(party: Party, at: datetime, international: str = "00") -> Caller:
    """The calling party as it is shown. international: what is dialled in place of a leading "+"."""
    named = plain(party.name)
    withheld = party.number.casefold() in _WITHHELD or (not party.number and named.casefold() in _WITHHELD)
    if withheld:
        return Caller("", "", at, PRIVATE)
    number = party.number
    if number.startswith("+"):
        number = international + number[1:]
    digits = "".join(character for character in number if character in "0123456789*#")
    if number.casefold() in _UNKNOWN or not digits:
        return Caller("", named, at)
    return Caller(digits[-NUMBER_MOST:], named, at)


def plain(name: str) -> str:
    """The name in ASCII: accents taken off, ligatures spelt out, what has no Latin form left out."""
    apart = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    kept = "".join(character for character in apart if " " <= character <= "~")
    return " ".join(kept.split())
