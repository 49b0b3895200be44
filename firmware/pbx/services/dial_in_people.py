"""Who may dial in over which line. A PIN is kept as a digest only, so that nothing that shows a person can show it.

Comparison takes as long for a wrong PIN as for a right one: every person's digest is compared, and each of them whole.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

DIAL_IN = "dial-in"
"""What such a call has as its called number, until one is dialled; nobody can dial it."""
_SALT = secrets.token_bytes(16)


def _digest(pin: str) -> bytes:
    return hashlib.sha256(_SALT + pin.encode()).digest()


@dataclass(frozen=True, slots=True)
class Person:
    """outside: may call out again. unknown_callers: the PIN also counts for callers without a number."""

    name: str
    digest: bytes = field(repr=False)
    digits: int
    outside: bool = False
    unknown_callers: bool = False


def person(name: str, pin: str, *, outside: bool = False, unknown_callers: bool = False) -> Person:
    """The person with that PIN."""
    return Person(name, _digest(pin), len(pin), outside, unknown_callers)


def who_has(pin: str, people: Iterable[Person]) -> Person | None:
    """Whose PIN it is, None when nobody's."""
    entered, found = _digest(pin), None
    for somebody in people:
        if hmac.compare_digest(somebody.digest, entered):
            found = somebody
    return found


@dataclass(frozen=True, slots=True)
class DialInLine:
    """One exchange line that answers by itself. target: who rings for callers who dial nothing, or may not dial in."""

    name: str
    target: str
    people: tuple[Person, ...]

    def open_to(self, number: str) -> tuple[Person, ...]:
        """Whose PINs count for a caller with that number; "" or a word, such as anonymous, is none."""
        if is_known(number):
            return self.people
        return tuple(somebody for somebody in self.people if somebody.unknown_callers)


def is_known(number: str) -> bool:
    """Whether it is a number that tells callers apart."""
    return any(character.isdecimal() for character in number)
