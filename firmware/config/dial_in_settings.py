"""Settings of one person who dials in from outside, `[dial_in.ana]`; who obeys them: `pbx/services/dial_in.py`.

The PIN stands in the file as it is dialled: a check value of six digits is undone in a moment, so that only the file's
own protection counts, as it does for the check values of SIP passwords. It is told nowhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import pairwise

from firmware.config.declaration import TRUNK_NAME, Rule, Words, setting

SHORTEST, LONGEST = 6, 12
FEWEST_DIFFERENT = 3


def _is_strong(pin: str) -> bool:
    """Not what is tried first: one digit or two over and over, or digits in a row."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= LONGEST):
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return len(set(pin)) >= FEWEST_DIFFERENT and len(steps) > 1


PIN = Rule(
    _is_strong,
    Words(
        f"{SHORTEST} to {LONGEST} digits, {FEWEST_DIFFERENT} different ones at least, not in a row as 123456",
        f"de {SHORTEST} a {LONGEST} cifras, al menos {FEWEST_DIFFERENT} distintas, no seguidas como 123456",
    ),
)


def random_pin() -> str:
    """A PIN of eight digits; the sample file shows a new one each time, so that none is known to everybody."""
    while not _is_strong(pin := f"{secrets.randbelow(10**8):08}"):
        pass
    return pin


@dataclass(frozen=True, slots=True)
class DialInSettings:
    """One person; nobody can dial in over a line that no such table names."""

    pin: str = setting(
        "",
        rule=PIN,
        required=True,
        secret=True,
        example=random_pin(),
        help_en="What this person dials at the first tone; it is never shown",
        help_es="Lo que esta persona marca con el primer tono; no se muestra nunca",
    )
    lines: tuple[str, ...] = setting(
        (),
        rule=TRUNK_NAME,
        required=True,
        example=("fxo1",),
        help_en="Exchange lines that answer by themselves and ask for a PIN",
        help_es="Líneas de la compañía que contestan solas y piden un PIN",
    )
    outside: bool = setting(
        False,
        help_en="May also call out again over another exchange line, at the cost of the house; needs a PIN of 8 digits",
        help_es="También puede volver a llamar fuera por otra línea, a costa de la casa; pide un PIN de 8 cifras",
    )
    unknown_callers: bool = setting(
        False,
        help_en="The PIN also counts for callers who withhold their number, or of whom none is known",
        help_es="El PIN también vale para quien oculta su número, o si no se conoce",
    )
