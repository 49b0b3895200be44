"""Numbers as an installer lists them: one, a range, or all that begin alike. For settings and `pbx/inbound.py`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from firmware.config.declaration import Rule, Words

RANGE_MOST = 10_000
"""Numbers of one range: more than any line or trunk has, and few enough to look at each."""
_REST = "0" * 15
"""Makes of a beginning a number long enough to have prefixes."""
_SPAN = re.compile(r"(\+?)([0-9]{1,15})(?:-(\+?)([0-9]{1,15})|(\*))?")


@dataclass(frozen=True, slots=True)
class NumberSpan:
    """`first` to `last`, equally long, digits with "+" in front of both or of neither. prefix: all that begin so."""

    first: str
    last: str
    prefix: bool = False

    def __len__(self) -> int:
        """How many numbers of this very length it holds."""
        return int(self.last) - int(self.first) + 1

    def at(self, place: int) -> str:
        """The number that many places after the first."""
        sign = "+" if self.first.startswith("+") else ""
        return sign + str(int(self.first) + place).zfill(len(self.first) - len(sign))

    def in_form(self, national: Callable[[str], str]) -> NumberSpan:
        """With its numbers in the one form that `national` gives to all forms of a number."""
        if self.prefix:
            begun = national(self.first + _REST).removesuffix(_REST)
            return NumberSpan(begun, begun, prefix=True)
        first, last = national(self.first), national(self.last)
        return NumberSpan(first, last) if len(first) == len(last) else self

    def text(self) -> str:
        """As it is written."""
        if self.prefix:
            return f"{self.first}*"
        return self.first if self.first == self.last else f"{self.first}-{self.last}"


def read_span(text: str) -> NumberSpan:
    """ "912345678", "912345600-912345699" or "9123456*". Raises ValueError for anything else."""
    found = _SPAN.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(f"{text!r} is no number or range")
    sign, first, sign_of_last, last, star = found.groups()
    if last is None:
        return NumberSpan(sign + first, sign + first, star is not None)
    span = NumberSpan(sign + first, sign_of_last + last)
    if sign != sign_of_last or len(first) != len(last) or not 1 <= len(span) <= RANGE_MOST:
        raise ValueError(f"{text!r} is no range of 1 to {RANGE_MOST} numbers of one length")
    return span


def is_span(text: str) -> bool:
    """Whether `read_span` reads it."""
    try:
        read_span(text)
    except ValueError:
        return False
    return True


SPAN = Rule(
    is_span,
    Words(
        f'numbers such as "912345678", ranges of at most {RANGE_MOST} such as "912345600-912345699", * at the end for '
        "all that begin so",
        f'números como "912345678", rangos de {RANGE_MOST} como mucho, como "912345600-912345699", * al final por '
        "todos los que empiezan así",
    ),
)
EXTENSIONS = Rule(
    lambda text: is_span(text) and re.fullmatch(r"[0-9]{2,8}(-[0-9]{2,8})?", text) is not None,
    Words('2 to 8 digits, or a range of them, such as "101" or "101-120"',
          'de 2 a 8 cifras, o un rango, como "101" o "101-120"'),
)  # fmt: skip
