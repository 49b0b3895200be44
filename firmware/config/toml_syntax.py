"""What is wrong with a line that is no TOML, in words an installer can follow.

The parser's own sentences are English and speak of statements and declarations; what people really do is type curly
quotes, `True`, a decimal comma, a number without quotes, or a name with an accent between brackets. The value itself is
never repeated: it may be a PIN.
"""

from __future__ import annotations

import re

from firmware.config.declaration import Words
from firmware.config.mistake import printable

_QUOTES = Words(
    'put texts and telephone numbers in "quotes", as in number = "101"',
    'ponga los textos y los números de teléfono entre "comillas", como en number = "101"',
)
_LIST = Words("in a list, a comma or the ] at its end is missing", "en una lista falta una coma o el ] del final")
_HABITS = (
    (re.compile("[“”„«»‘’]"), Words('use the straight quotes "', 'use las comillas rectas "')),
    (
        re.compile(r"=\s*(?:true|false|s[ií]|yes|no|on)\s*(?:#.*)?$", re.IGNORECASE),
        Words("write true or false, in small letters", "escriba true (sí) o false (no), en minúsculas"),
    ),
    (
        re.compile(r"=\s*[-+]?\d+,\d"),
        Words("write decimals with a point, as in 1.5", "escriba los decimales con punto, como en 1.5"),
    ),
    (
        re.compile(r"^\[[^\]\"']*[^\]\"'\[\w.\s-]|^\[[^\]]*[^\x00-\x7f]|^\[[^\]\"']*\w\s+\w", re.ASCII),
        Words("names in [ ] have letters a to z, digits, - and _",
              "los nombres entre [ ] llevan letras a-z, cifras, - y _"),
    ),
    (re.compile(r"^\[[^\]]*$"), Words("a ] is missing at its end", "falta ] al final")),
    (re.compile(r"=\s*\[[^\]]*$"), _LIST),
    (re.compile(r"=\s*(?:#.*)?$"), Words("a value is missing after =", "falta un valor después de =")),
    (re.compile(r"=\s*(?:0\d|\+\d|\d[\d ]*[ -]\d|[^\W\d]|[*#])"), _QUOTES),
    (re.compile(r"^[^=\[#]+$"), Words("write setting = value", "escriba ajuste = valor")),
)  # fmt: skip
_PARSER = (
    (re.compile(r"Cannot declare|Cannot mutate"), Words("this table stands twice", "esta tabla está dos veces")),
    (re.compile(r"Cannot overwrite"), Words("this setting stands twice", "este ajuste está dos veces")),
    (re.compile(r"array", re.IGNORECASE), _LIST),
    (
        re.compile(r"string|Illegal character"),
        Words('a text lacks the " at its end', 'a un texto le faltan las " del final'),
    ),
)
_OTHER = Words("this is not valid here", "esto no es válido aquí")


def syntax_words(text: str, message: str) -> Words:
    """What is to be mended in `text`, of which the TOML parser said `message`; completes "FILE: ..."."""
    found = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if found is None:
        return Words(f"is not valid TOML: {message}", f"no es TOML válido: {message}")
    lines = text.split("\n")
    place = int(found[1]) if found[1] else len(lines)
    line = _reached(lines, place)
    advice = _advice(lines[line - 1].strip(), message)
    what = _without_value(lines[line - 1])
    column = int(found[2]) if found[2] and line == place else 0
    en, es = (f", column {column}", f", columna {column}") if column else ("", "")
    return Words(f"line {line}{en}{what}: {advice.en}", f"línea {line}{es}{what}: {advice.es}")


def _reached(lines: list[str], place: int) -> int:
    """The line at fault: the last one with something in it, not beyond `place`."""
    place = min(place, len(lines))
    return next((number for number in range(place, 0, -1) if lines[number - 1].strip()), place)


def _advice(line: str, message: str) -> Words:
    told = next((words for known, words in _PARSER if known.search(message)), None)
    habit = next((words for known, words in _HABITS if known.search(line)), None)
    twice = told in (_PARSER[0][1], _PARSER[1][1])
    return (told if twice else habit or told) or _OTHER


def _without_value(line: str) -> str:
    """The table or the setting that the line is about, in parentheses."""
    shown = line.strip() if line.lstrip().startswith("[") else line.partition("=")[0].strip() if "=" in line else ""
    return f" ({printable(shown[:60])})" if shown else ""
