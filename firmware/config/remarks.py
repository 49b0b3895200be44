"""What a settings file may say, but hardly anybody means: told by `tipring check`, in the log and on the page.

None of it keeps the house from starting. Each remark names its key and what to do, as a mistake does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.config.declaration import Words
from firmware.config.settings import Settings

_SHORT_NUMBER = 3
"""Digits of emergency and service numbers, which leave the house without a prefix."""


@dataclass(frozen=True, slots=True)
class Remark:
    """key: dotted. words: completes "KEY ..."."""

    key: str
    words: Words

    def text(self, language: str) -> str:
        """One sentence. language: "es", or anything for English."""
        return f"{self.key} {self.words.text(language)}"


def remarks(settings: Settings) -> list[Remark]:
    """Everything to be remarked about settings without mistakes, in the order of the house."""
    return [
        Remark(key, words)
        for find in (_unanswered, _fax, _hotline, _callers, _dial_in)
        for key, words in find(settings)
    ]


def _unanswered(settings: Settings) -> Iterator[tuple[str, Words]]:
    """Exchange lines whose callers reach nobody."""
    taken = {line for person in settings.dial_in.values() for line in person.lines}
    for table in settings.inbound.values():
        taken |= set(table.lines or settings.exchange_lines)
    for name, line in settings.exchange_lines.items():
        if line.target is None and name not in taken:
            yield (
                f"lines.{name}.target",
                Words(
                    'is missing: nobody answers calls on this line; give it a number of the house, such as "101"',
                    'falta: nadie atiende las llamadas de esta línea; póngale un número de la casa, como "101"',
                ),
            )


def _fax(settings: Settings) -> Iterator[tuple[str, Words]]:
    """A fax machine on a line that is treated as a telephone's."""
    uses = {line.number: (name, line.use) for name, line in settings.lines.items()}
    for name, line in settings.exchange_lines.items():
        port, use = uses.get(line.fax_to or "", ("", ""))
        if use == "telephone":
            yield (
                f"lines.{name}.fax_to",
                Words(
                    f'is {line.fax_to} on {port}, a line for a telephone; put use = "fax" into [lines.{port}]',
                    f'es {line.fax_to} en {port}, una línea para teléfono; ponga use = "fax" en [lines.{port}]',
                ),
            )


def _hotline(settings: Settings) -> Iterator[tuple[str, Words]]:
    """A hotline that leads nowhere."""
    prefixes = tuple(way.prefix for way in settings.outbound.values())
    for name, line in settings.lines.items():
        number = line.hotline or ""
        short = len(number) <= _SHORT_NUMBER and bool(settings.exchange_lines)
        code = number.startswith(("*", "#"))
        if number and number not in settings.house_numbers and not (short or code or number.startswith(prefixes)):
            yield (
                f"lines.{name}.hotline",
                Words(
                    f"is {number}, no number of the house, and no way out in [outbound] begins so",
                    f"es {number}, que no es un número de la casa ni empieza como una salida de [outbound]",
                ),
            )


def _callers(settings: Settings) -> Iterator[tuple[str, Words]]:
    """Rules that fit nobody, or block everybody."""
    for name, rule in settings.callers.items():
        if not rule.numbers and not rule.withheld:
            yield (
                f"callers.{name}",
                Words("fits no caller: give it numbers, or withheld = true",
                      "no vale para nadie: póngale numbers, o withheld = true"),
            )  # fmt: skip
        elif "*" in rule.numbers and rule.target is None:
            yield (
                f"callers.{name}.numbers",
                Words('holds "*": every caller who shows a number is blocked',
                      'contiene "*": se bloquea a todo el que muestra su número'),
            )  # fmt: skip


def _dial_in(settings: Settings) -> Iterator[tuple[str, Words]]:
    """Who may call out again needs a second line to do so."""
    ways = {line for way in settings.outbound.values() for line in way.lines}
    for name, person in settings.dial_in.items():
        if person.outside and not any(ways - {line} for line in person.lines):
            yield (
                f"dial_in.{name}.outside",
                Words("is true, but no way out in [outbound] has another line than the one dialled in on",
                      "es true, pero ninguna salida de [outbound] tiene otra línea que aquella por la que se entra"),
            )  # fmt: skip
