"""Rules between settings about ring groups and numbers called from outside: who exists, what is claimed twice.

Called by `cross_check.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firmware.config.check import Checker
from firmware.config.declaration import Words
from firmware.config.group_settings import MEMBERS_MOST
from firmware.config.inbound_settings import InboundSettings
from firmware.config.number_span import NumberSpan, is_span, read_span
from firmware.config.settings import Settings
from firmware.config.span_map import SpanMap


def check_groups(settings: Settings, checker: Checker) -> None:
    """A group rings telephones and SIP users that exist, each once, and no group."""
    ringing = {line.number for line in settings.lines.values() if line.number} | set(settings.users)
    listed = ", ".join(sorted(ringing)) or "none"
    for name, group in settings.groups.items():
        key, members = f"groups.{name}.members", list(group.members)
        if group.number in members:
            problem = Words(f"holds {group.number}, the group itself", f"contiene {group.number}, el propio grupo")
            allowed = Words("telephones and SIP users", "teléfonos y usuarios SIP")
            checker.note(key, problem, allowed, group.number)
        elif strangers := [number for number in members if number not in ringing]:
            allowed = Words(f"telephones and SIP users: {listed}", f"teléfonos y usuarios SIP: {listed}")
            checker.wrong(key, strangers, allowed)
        elif not 1 <= len(members) <= MEMBERS_MOST or len(set(members)) < len(members):
            most = MEMBERS_MOST
            allowed = Words(f"1 to {most} numbers, each once", f"de 1 a {most} números, cada uno una vez")
            checker.wrong(key, members, allowed)


def check_inbound(settings: Settings, checker: Checker, national: Callable[[str], str]) -> None:
    """Numbers called from outside lead to somebody, over lines that exist, and only one table claims each, in
    whichever form: `national` makes one of them all."""
    house = settings.house_numbers
    claims: dict[str, SpanMap[str]] = {}
    whatever: dict[str, str] = {}
    for name, table in settings.inbound.items():
        existing_lines(f"inbound.{name}.lines", table.lines, settings, checker)
        spans = [read_span(number) for number in table.numbers]
        if not table.numbers and not table.lines:
            both = Words("numbers, lines or both", "numbers, lines o ambos")
            checker.note(f"inbound.{name}.numbers", Words("is missing, and lines too", "falta, y también lines"), both)
        _whom(name, table, spans, house, checker)
        for line in table.lines or ("",):
            _claimed(name, spans, national, claims.setdefault(line, SpanMap()), checker)
            first = whatever.setdefault(line, name) if not spans else name
            if first != name:
                _twice(f"inbound.{name}.lines", line, f"every number of {line}", first, checker)


def _whom(name: str, table: InboundSettings, spans: list[NumberSpan], house: frozenset[str], checker: Checker) -> None:
    """Whom it rings: `target`, or what the last digits make."""
    key = f"inbound.{name}.target"
    if table.target is None and not table.keep:
        problem = Words("is missing, and keep too", "falta, y también keep")
        checker.note(key, problem, Words("a number of the house", "un número de la casa"))
    elif table.add is not None and not table.keep:
        checker.wrong(f"inbound.{name}.add", table.add, Words("nothing without keep", "nada sin keep"))
    elif table.target is not None and is_span(table.target):
        _targets(key, table, spans, read_span(table.target), house, checker)
    elif table.target is None:
        _kept(name, table, spans, house, checker)


def _targets(
    key: str,
    table: InboundSettings,
    spans: list[NumberSpan],
    target: NumberSpan,
    house: frozenset[str],
    checker: Checker,
) -> None:
    one_range = len(spans) == 1 and not spans[0].prefix and len(spans[0]) == len(target) and not table.keep
    if len(target) > 1 and not one_range:
        same = Words("one number, or as many as one range of numbers has, without keep",
                     "un número, o tantos como un solo rango de numbers, sin keep")  # fmt: skip
        checker.wrong(key, table.target, same)
        return
    missing = next((target.at(place) for place in range(len(target)) if target.at(place) not in house), None)
    if missing is not None and len(target) == 1:
        listed = ", ".join(sorted(house)) or "none"
        checker.wrong(key, table.target, Words(f"a number of the house: {listed}", f"un número de la casa: {listed}"))
    elif missing is not None:
        problem = Words(f"holds {missing}, which is no number of the house", f"contiene {missing}, que no existe")
        checker.note(key, problem, Words("numbers of the house", "números de la casa"), str(table.target))


def _kept(name: str, table: InboundSettings, spans: list[NumberSpan], house: frozenset[str], checker: Checker) -> None:
    """Without a target, every number must lead to somebody."""
    key = f"inbound.{name}.keep"
    if not spans or any(span.prefix for span in spans):
        allowed = Words("keep only with numbers and ranges, or with a target for the rest",
                        "keep solo con números y rangos, o con un target para el resto")  # fmt: skip
        checker.wrong(key, table.keep, allowed)
        return
    for called in _all(spans):
        digits = called.lstrip("+")
        rung = (table.add or "") + digits[-table.keep :]
        if len(digits) < table.keep or rung not in house:
            problem = Words(
                f"makes of {called} the number {rung}, which the house does not have",
                f"hace de {called} el número {rung}, que la casa no tiene",
            )
            allowed = Words("numbers of the house, or a target for the rest", "números de la casa, o un target")
            checker.note(key, problem, allowed, str(table.keep))
            return


def _all(spans: list[NumberSpan]) -> Iterator[str]:
    return (span.at(place) for span in spans for place in range(len(span)))


def _claimed(
    name: str, spans: list[NumberSpan], national: Callable[[str], str], claims: SpanMap[str], checker: Checker
) -> None:
    for span in spans:
        first = claims.add(span.in_form(national), name)
        if first is not None:
            _twice(f"inbound.{name}.numbers", span.text(), span.text(), first, checker)


def _twice(key: str, value: str, what: str, first: str, checker: Checker) -> None:
    problem = Words(f"holds {what}, which inbound.{first} has", f"contiene {what}, que ya tiene inbound.{first}")
    own = Words("numbers of which no other table has any", "números que no tenga otra tabla")
    checker.note(key, problem, own, value)


def existing_lines(key: str, lines: tuple[str, ...], settings: Settings, checker: Checker, *, least: int = 0) -> None:
    """All of `lines` are exchange lines with settings; `least`: how many there must be."""
    if len(lines) < least or not settings.exchange_lines.keys() >= set(lines):
        listed = ", ".join(settings.exchange_lines) or "none"
        checker.wrong(key, list(lines), Words(f"of [lines]: {listed}", f"de [lines]: {listed}"))
