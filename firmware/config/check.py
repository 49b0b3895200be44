"""Checks a parsed TOML table against the declarations and makes the settings from it.

Every mistake is reported, not only the first; what is wrong falls back to its default so that
checking can go on. Values are never converted silently: "60" is not 60.
Rules between two settings (equal numbers, crossed limits) are in `cross_check.py`.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from firmware.config.declaration import Declaration, Words, declarations
from firmware.config.mistake import Mistake, printable

T = TypeVar("T")
_TYPE_WORDS = {
    bool: Words("true or false", "true o false"),
    int: Words("a whole number", "un número entero"),
    float: Words("a number", "un número"),
    str: Words('a text in "quotes"', 'un texto entre "comillas"'),
    tuple: Words('a list of texts, such as ["a", "b"]', 'una lista de textos, como ["a", "b"]'),
    dict: Words("a table of settings", "una tabla de ajustes"),
}


class Checker:
    """Collects the mistakes of one file; `file` is the name printed."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.mistakes: list[Mistake] = []

    def wrong(self, key: str, value: object, allowed: Words, *, secret: bool = False) -> None:
        """Note that `key` holds a value outside what is allowed."""
        shown = "…" if secret else shown_value(value)
        problem = Words(f"is {shown}, allowed {allowed.en}", f"es {shown}, se permite {allowed.es}")
        self.mistakes.append(Mistake(self.file, key, "" if secret else shown, allowed, problem))

    def note(self, key: str, problem: Words, allowed: Words, value: str = "") -> None:
        """Note a mistake of another shape."""
        self.mistakes.append(Mistake(self.file, key, value, allowed, problem))

    # -- tables -----------------------------------------------------------------------------

    def table(self, cls: type[T], table: object, key: str = "") -> T:
        """Make a `cls` from a TOML table; `key` is its own dotted name."""
        if not isinstance(table, Mapping):
            self.wrong(key, table, _TYPE_WORDS[dict], secret=_holds_secrets(cls))
            return cls()
        known = declarations(cls)
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for name in table:
            if name not in known or known[name].table:
                self._unknown(_join(key, name), name, (name for name, d in known.items() if not d.table))
        for name, declared in known.items():
            here = _join(key, declared.table or name)
            if declared.group is not None:
                if (declared.table or name) in table:
                    guests = [d for d in known.values() if d.table == name]
                    values[name] = self._group(declared, table[declared.table or name], here, guests)
            elif name in table:
                given = [table[name]] if declared.single and isinstance(table[name], str) else table[name]
                if self._fits(declared, hints[name], given, here):
                    values[name] = _as_declared(hints[name], given)
            elif declared.required:
                allowed = _allowed(declared, str)
                missing = Words(f"is missing, allowed {allowed.en}", f"falta, se permite {allowed.es}")
                self.note(here, missing, allowed)
        return cls(**values)

    def _group(self, declared: Declaration, table: object, key: str, guests: list[Declaration]) -> Any:
        """guests: declarations whose tables stand in this one, beside its own."""
        cls = declared.group
        assert cls is not None
        if declared.named is None:
            return self.table(cls, table, key)
        if not isinstance(table, Mapping):
            if not declared.table:
                self.wrong(key, table, _TYPE_WORDS[dict], secret=_holds_secrets(cls))
            return {}
        if declared.table:
            table = {name: entry for name, entry in table.items() if declared.named.fits(name)}
        else:
            strangers = [guest.named for guest in guests if guest.named is not None]
            table = {name: entry for name, entry in table.items() if not any(rule.fits(name) for rule in strangers)}
        for name in table:
            if not declared.named.fits(name):
                allowed = declared.named.allowed
                problem = Words(
                    f"has a name that is not allowed here, allowed {allowed.en}",
                    f"tiene un nombre no permitido aquí, se permite {allowed.es}",
                )
                self.note(_join(key, name), problem, allowed, name)
        return {name: self.table(cls, entry, _join(key, name)) for name, entry in table.items()}

    def _unknown(self, key: str, name: str, known: Iterable[str]) -> None:
        names = list(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        listed = ", ".join(names)
        if near:
            problem = Words(f"is not a setting; did you mean {near[0]}?", f"no es un ajuste; ¿quería decir {near[0]}?")
        else:
            problem = Words(f"is not a setting; known here: {listed}", f"no es un ajuste; aquí se conocen: {listed}")
        self.note(key, problem, Words(listed, listed))

    # -- values -----------------------------------------------------------------------------

    def _fits(self, declared: Declaration, hint: Any, value: object, key: str) -> bool:
        kind = _kind(hint)
        if not _is_a(kind, value) or not _within(declared, value):
            whole = kind is int and isinstance(value, float)
            self.wrong(key, value, _allowed(declared, kind, whole=whole), secret=declared.secret)
            return False
        return True


def shown_value(value: object) -> str:
    """A value as the installer wrote it, shortened to 60 characters."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = f'"{printable(value[:80])}"'
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(shown_value(v) for v in value) + "]"
    elif isinstance(value, Mapping):
        text = "a table" if value else "{}"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _holds_secrets(cls: type) -> bool:
    """Whether what stands in the place of such a table may be a secret: `ana = "PIN"` under [dial_in]."""
    return any(declared.secret for declared in declarations(cls).values())


def _join(key: str, name: str) -> str:
    shown = printable(name[:80]) or '""'
    return f"{key}.{shown}" if key else shown


def _kind(hint: Any) -> type:
    """The plain type behind an annotation: `int | None` -> int, `tuple[str, ...]` -> tuple."""
    if get_origin(hint) in (Union, types.UnionType):
        return _kind(next(arg for arg in get_args(hint) if arg is not type(None)))
    origin = get_origin(hint)
    found: type = origin if origin is not None else hint
    return found


def _is_a(kind: type, value: object) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and math.isfinite(value)
    if kind is tuple:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    return isinstance(value, kind)


def _within(declared: Declaration, value: object) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = declared.low, declared.high
        return (low is None or value >= low) and (high is None or value <= high)
    texts = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    if declared.one_of and any(t not in declared.one_of for t in texts):
        return False
    return declared.rule is None or all(declared.rule.fits(t) for t in texts)


def _as_declared(hint: Any, value: object) -> object:
    kind = _kind(hint)
    if kind is tuple and isinstance(value, list):
        return tuple(value)
    return float(value) if kind is float and isinstance(value, int) else value


def _allowed(declared: Declaration, kind: type, *, whole: bool = False) -> Words:
    if declared.one_of:
        listed = ", ".join(f'"{o}"' for o in declared.one_of)
        return Words(listed, listed)
    if declared.rule is not None:
        return declared.rule.allowed
    if declared.low is not None and declared.high is not None:
        low, high = _plain(declared.low), _plain(declared.high)
        unit = f" {declared.unit}" if declared.unit else ""
        if whole:
            return Words(f"whole numbers {low} to {high}{unit}", f"números enteros de {low} a {high}{unit}")
        return Words(f"{low} to {high}{unit}", f"de {low} a {high}{unit}")
    return _TYPE_WORDS[kind]


def _plain(number: float) -> str:
    return f"{number:.10g}"
