"""Rules between settings: numbers used twice, crossed limits, the country.

Called by `load.py` after every single value was checked by `check.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from firmware.config.check import Checker
from firmware.config.code_settings import Codes
from firmware.config.declaration import Words, declarations
from firmware.config.dial_in_check import check_dial_in
from firmware.config.inbound_check import check_groups, check_inbound, existing_lines
from firmware.config.line_settings import FxsLineSettings
from firmware.config.network_check import check_network
from firmware.config.settings import Settings


class TelephoneNumbers(Protocol):
    """What must be known of a country's numbers."""

    @property
    def main_emergencies(self) -> Collection[str]:
        """Those that no telephone may have in a house that can reach them."""

    def national(self, number: str) -> str:
        """One form for all forms of a number."""


KnownCountries = Mapping[str, TelephoneNumbers]
"""By the country's code."""
SHORTEST_DISCONNECT_MS = 200


def cross_check(settings: Settings, checker: Checker, known_countries: KnownCountries | None) -> None:
    """Note every contradiction in `settings`. known_countries: None accepts any country, and numbers as written.

    What stands in place of a value that was wrong by itself is a default, of which nothing is told.
    """
    told = {mistake.key for mistake in checker.mistakes}
    before = len(checker.mistakes)
    _contradictions(settings, checker, known_countries)
    checker.mistakes[before:] = [mistake for mistake in checker.mistakes[before:] if mistake.key not in told]


def _contradictions(settings: Settings, checker: Checker, known_countries: KnownCountries | None) -> None:
    _country(settings.country, checker, known_countries)
    _numbers(settings, checker)
    _codes(settings.codes, checker)
    check_network(settings, checker)
    _outside(settings, checker)
    numbers = (known_countries or {}).get(settings.country)
    _emergencies(settings, checker, numbers.main_emergencies if numbers is not None else ())
    _callers(settings, checker)
    check_groups(settings, checker)
    check_inbound(settings, checker, numbers.national if numbers is not None else str)
    check_dial_in(settings, checker)
    for name, line in settings.lines.items():
        _flash(name, line, checker)
        _disconnect(name, line, checker)
        if line.country is not None:
            _country(line.country, checker, known_countries, f"lines.{name}.country")


def _country(country: str, checker: Checker, known: Collection[str] | None, key: str = "country") -> None:
    if known is not None and country not in known:
        listed = ", ".join(f'"{c}"' for c in sorted(known))
        checker.wrong(key, country, Words(listed, listed))


def _numbers(settings: Settings, checker: Checker) -> None:
    """No number may belong to two telephones or groups."""
    owners: dict[str, str] = {}
    for number, key in _claims(settings):
        first = owners.setdefault(number, key)
        if first != key:
            problem = Words(
                f"uses number {number}, which {first} has already", f"usa el número {number}, que ya tiene {first}"
            )
            checker.note(key, problem, Words("a number of its own", "un número propio"), number)


def _claims(settings: Settings) -> list[tuple[str, str]]:
    """Every number of the house, and the key that gives it to somebody."""
    claims = [(line.number, f"lines.{name}.number") for name, line in settings.lines.items() if line.number]
    claims += [(did, f"lines.{name}.did") for name, line in settings.lines.items() for did in line.did]
    claims += [(name, f"users.{name}") for name in settings.users]
    claims += [(group.number, f"groups.{name}.number") for name, group in settings.groups.items() if group.number]
    return claims


def _emergencies(settings: Settings, checker: Checker, emergencies: Collection[str]) -> None:
    """Where the house has exchange lines, who dials a main emergency number reaches help and nobody else."""
    for number, key in _claims(settings) if settings.exchange_lines else ():
        if number in emergencies:
            problem = Words(
                f"is {number}, an emergency number that the exchange lines must reach; give it another",
                f"es {number}, un número de emergencia al que deben llegar las líneas de la central; póngale otro",
            )
            checker.note(key, problem, Words("another number", "otro número"), number)


def _codes(codes: Codes, checker: Checker) -> None:
    """A code that another one begins with would never be reached."""
    known = {key: code for key in declarations(Codes) if (code := getattr(codes, key))}
    for key, code in known.items():
        for other, longer in known.items():
            if key != other and longer.startswith(code) and (key < other or longer != code):
                problem = Words(
                    f'is "{code}", and codes.{other} begins so', f'es "{code}", y codes.{other} empieza así'
                )
                own = Words("a code that no other begins with", "un código con el que no empiece otro")
                checker.note(f"codes.{key}", problem, own, code)


def _outside(settings: Settings, checker: Checker) -> None:
    """Calls from outside ring somebody who exists; ways out lead over lines that exist, and differ."""
    numbers = settings.house_numbers
    listed = ", ".join(sorted(numbers)) or "none"
    existing = Words(f"a number of the house: {listed}", f"un número de la casa: {listed}")
    targets = {f"lines.{name}.target": line.target for name, line in settings.exchange_lines.items()}
    targets |= {f"lines.{name}.fax_to": line.fax_to for name, line in settings.exchange_lines.items()}
    targets |= {f"callers.{name}.target": rule.target for name, rule in settings.callers.items()}
    for key, target in targets.items():
        if target is not None and target not in numbers:
            checker.wrong(key, target, existing)
    prefixes: dict[str, str] = {}
    for name, route in settings.outbound.items():
        first = prefixes.get(route.prefix, name)
        prefixes[route.prefix] = name
        if first != name and not settings.outbound[first].calls_most:
            other = Words("a prefix of its own", "un prefijo propio")
            problem = Words(
                f"is that of outbound.{first} too, which has no calls_most",
                f"es también el de outbound.{first}, que no tiene calls_most",
            )
            checker.note(f"outbound.{name}.prefix", problem, other, route.prefix)
        if route.strip and route.prefix.startswith("+"):
            kept = Words("0: the number is none without its +", "0: sin su + el número no es tal")
            checker.wrong(f"outbound.{name}.strip", route.strip, kept)
        absent = [line for line in route.lines if line not in settings.exchange_lines]
        if absent or not route.lines:
            listed = ", ".join(settings.exchange_lines) or "none"
            checker.wrong(
                f"outbound.{name}.lines",
                list(route.lines),
                Words(f"of [lines]: {listed}", f"de [lines]: {listed}"),
            )


def _callers(settings: Settings, checker: Checker) -> None:
    """A caller rule is for lines that exist."""
    for name, rule in settings.callers.items():
        existing_lines(f"callers.{name}.lines", rule.lines, settings, checker)


def _flash(name: str, line: FxsLineSettings, checker: Checker) -> None:
    low, high = line.flash_min_ms, line.flash_max_ms
    if low is not None and high is not None and high <= low:
        checker.wrong(
            f"lines.{name}.flash_max_ms",
            high,
            Words(f"more than flash_min_ms, which is {low} ms", f"más que flash_min_ms, que es {low} ms"),
        )


def _disconnect(name: str, line: FxsLineSettings, checker: Checker) -> None:
    if line.disconnect_ms is not None and 0 < line.disconnect_ms < SHORTEST_DISCONNECT_MS:
        checker.wrong(
            f"lines.{name}.disconnect_ms",
            line.disconnect_ms,
            Words(f"0 or {SHORTEST_DISCONNECT_MS} to 1000 ms", f"0 o de {SHORTEST_DISCONNECT_MS} a 1000 ms"),
        )
