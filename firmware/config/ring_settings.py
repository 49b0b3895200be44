"""Settings of one ring class, `[rings.boss]`: which calls ring telephones otherwise, and how.

Who turns them into ringing: `lines/ring_classes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import Rule, Words, setting


def _is_cadence(text: str) -> bool:
    parts = text.split(",")
    fits = all(part.isascii() and part.isdigit() and len(part) <= 5 and 100 <= int(part) <= 10_000 for part in parts)
    return fits and len(parts) in (2, 4, 6, 8)


def _is_number_rule(text: str) -> bool:
    digits = text.removesuffix("*")
    return 0 < len(text) <= 32 and all(digit in "0123456789+" for digit in digits)


CADENCE = Rule(
    _is_cadence,
    Words(
        'one to four pairs of ms on and off, each 100 to 10000, such as "800,400,800,4000"',
        'de uno a cuatro pares de ms de timbre y silencio, de 100 a 10000, como "800,400,800,4000"',
    ),
)
NUMBER_RULE = Rule(
    _is_number_rule,
    Words('numbers, with * at the end for all that begin so, such as "201" or "3491*"',
          'números, con * al final para los que empiezan así, como "201" o "3491*"'),
)  # fmt: skip
ALERT = Rule(
    lambda text: len(text) <= 64 and text.isascii() and text.isprintable() and " " not in text,
    Words('at most 64 characters such as "Bellcore-dr2"', 'como mucho 64 caracteres, como "Bellcore-dr2"'),
)
RING_NAME = Rule(
    lambda text: 0 < len(text) <= 20 and text.isascii() and text.isidentifier() and text.islower(),
    Words("names of small letters, such as boss", "nombres en minúsculas, como jefe"),
)


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring class; a call belongs to it when any of its three rules fits."""

    cadence: str = setting(
        "",
        rule=CADENCE,
        required=True,
        example="800,400,800,4000",
        help_en="How telephones ring: ms on, off, on, off ...",
        help_es="Cómo suena el timbre: ms sonando, callado, sonando, callado ...",
    )
    callers: tuple[str, ...] = setting(
        (),
        rule=NUMBER_RULE,
        example=("201", "34600*"),
        help_en="Numbers whose calls ring so; * at the end stands for all that begin so",
        help_es="Números cuyas llamadas suenan así; * al final vale por todos los que empiezan así",
    )
    called: tuple[str, ...] = setting(
        (),
        rule=NUMBER_RULE,
        example=("600",),
        help_en="Numbers that were dialled, such as a group's",
        help_es="Números marcados, como el de un grupo",
    )
    alert: str = setting(
        "",
        rule=ALERT,
        example="alert-group",
        help_en="What Alert-Info of a SIP call asks for; Bellcore-dr1 to dr5 are known without a rule",
        help_es="Lo que pide Alert-Info en una llamada SIP; Bellcore-dr1 a dr5 se conocen sin regla",
    )
