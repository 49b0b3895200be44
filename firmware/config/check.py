"""Checks a parsed TOML table against the declarations and makes the settings from it.

Every mistake is reported, not only the first; what is wrong falls back to its default so that checking can go on (a
number without its quotes to the text that was meant). Values are never converted silently: "60" is not 60.
Rules between two settings (equal numbers, crossed limits) are in `cross_check.py`.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Iterable, Mapping, Sequence
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

    def table(self, cls: type[T], table: object, key: str = "", family: Sequence[Declaration] = ()) -> T:
        """Make a `cls` from a TOML table; `key` is its own dotted name. family: tables of other kinds beside it."""
        if not isinstance(table, Mapping):
            self.wrong(key, table, _TYPE_WORDS[dict], secret=_holds_secrets(cls))
            return cls()
        known = declarations(cls)
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for name in table:
            if name not in known or known[name].table:
                self._unknown(_join(key, name), name, (name for name, d in known.items() if not d.table), family)
        for name, declared in known.items():
            here = _join(key, declared.table or name)
            if declared.group is not None:
                if (declared.table or name) in table:
                    there = declared.table or name
                    beside = [d for n, d in known.items() if (d.table or n) == there and d is not declared]
                    values[name] = self._group(declared, table[there], here, beside)
            elif name in table:
                given = [table[name]] if declared.single and isinstance(table[name], str) else table[name]
                if self._fits(declared, hints[name], given, here):
                    values[name] = _as_declared(hints[name], given)
                elif _is_unquoted(declared, hints[name], given):
                    values[name] = str(given)
            elif declared.required:
                allowed = _allowed(declared, str)
                missing = Words(f"is missing, allowed {allowed.en}", f"falta, se permite {allowed.es}")
                self.note(here, missing, allowed)
        return cls(**values)

    def _group(self, declared: Declaration, table: object, key: str, family: list[Declaration]) -> Any:
        """family: other declarations whose tables stand in the same one."""
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
            strangers = [other.named for other in family if other.named is not None]
            table = {name: entry for name, entry in table.items() if not any(rule.fits(name) for rule in strangers)}
        entries = self._named_entries(declared, table, key)
        return {name: self._entry(declared, name, entry, key, family) for name, entry in entries.items()}

    def _named_entries(self, declared: Declaration, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Without settings that stand in `[inbound]` itself, where `[inbound.office]` was meant: one mistake."""
        assert declared.group is not None
        settings = declarations(declared.group)
        bare = [name for name, entry in table.items() if name in settings and not isinstance(entry, Mapping)]
        if bare:
            header = f"[{key}.{declared.example}]"
            problem = Words(
                f"stands in [{key}], which needs a name, such as {header}",
                f"está en [{key}], que necesita un nombre, como {header}",
            )
            self.note(_join(key, bare[0]), problem, declared.named.allowed if declared.named else Words("", ""))
        return {name: entry for name, entry in table.items() if name not in bare}

    def _entry(self, declared: Declaration, name: str, entry: object, key: str, family: list[Declaration]) -> Any:
        """One named table. What stands under a wrong name is read, but its own mistakes would only hide the first."""
        assert declared.group is not None and declared.named is not None
        if declared.named.fits(name):
            return self.table(declared.group, entry, _join(key, name), family)
        allowed = declared.named.allowed
        problem = Words(
            f"has a name that is not allowed here, allowed {allowed.en}",
            f"tiene un nombre no permitido aquí; permitido: {allowed.es}",
        )
        self.note(_join(key, name), problem, allowed, name)
        return Checker(self.file).table(declared.group, entry)

    def _unknown(self, key: str, name: str, known: Iterable[str], family: Sequence[Declaration]) -> None:
        names = list(known)
        owner = next((d for d in family if d.group is not None and name in declarations(d.group)), None)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        listed = ", ".join(names)
        if owner is not None:
            header = f"[{owner.table or key.partition('.')[0]}.{owner.example}]"
            problem = Words(
                f"is not a setting here; it belongs to tables such as {header}",
                f"no es un ajuste de aquí; es de tablas como {header}",
            )
        elif near:
            problem = Words(f"is not a setting; did you mean {near[0]}?", f"no es un ajuste; ¿quería decir {near[0]}?")
        else:
            problem = Words(f"is not a setting; known here: {listed}", f"no es un ajuste; aquí se conocen: {listed}")
        self.note(key, problem, Words(listed, listed))

    # -- values -----------------------------------------------------------------------------

    def _fits(self, declared: Declaration, hint: Any, value: object, key: str) -> bool:
        kind = _kind(hint)
        if not _is_a(kind, value) or not _within(declared, value):
            whole = kind is int and isinstance(value, float)
            allowed = _in_its_form(_allowed(declared, kind, whole=whole), kind, value)
            self.wrong(key, value, allowed, secret=declared.secret)
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


def _is_unquoted(declared: Declaration, hint: Any, value: object) -> bool:
    """A text of digits that was written as a number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return _kind(hint) is str and is_number and _within(declared, str(value))


def _in_its_form(allowed: Words, kind: type, value: object) -> Words:
    """The words also say that quotes or a list are needed, where their lack is the mistake."""
    if kind is tuple and not isinstance(value, list):
        return Words(f"in a list, [ ]: {allowed.en}", f"en una lista, [ ]: {allowed.es}")
    numbers = value if isinstance(value, list) else [value]
    if kind in (str, tuple) and any(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        return Words(f'in "quotes": {allowed.en}', f'entre "comillas": {allowed.es}')
    return allowed


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
