"""Rules between the settings of who dials in from outside and those of the lines; no error repeats a PIN.

Called by `cross_check.py`.
"""

from __future__ import annotations

from firmware.config.check import Checker
from firmware.config.declaration import Words
from firmware.config.inbound_check import existing_lines
from firmware.config.settings import Settings

SHORTEST_OUTSIDE = 8
"""Digits of a PIN that calls out again. Ten wrong PINs an hour, as one line takes them, are all of six digits in 11
years and all of eight in 1,100; several lines and people divide that."""


def check_dial_in(settings: Settings, checker: Checker) -> None:
    """Who dials in does so over lines that exist, with a PIN that nobody else has; the PINs are not told."""
    owners: dict[str, str] = {}
    for name, person in settings.dial_in.items():
        existing_lines(f"dial_in.{name}.lines", person.lines, settings, checker, least=1)
        for line in person.lines:
            if line in settings.exchange_lines and settings.exchange_lines[line].did_digits:
                without = Words("0: callers dial in on that line", "0: por esa línea se marca un PIN")
                checker.wrong(f"lines.{line}.did_digits", settings.exchange_lines[line].did_digits, without)
            if line in settings.exchange_lines and settings.exchange_lines[line].echo == "off":
                heard = Words('"32" to "128": dial-in would hear its own tones', 'de "32" a "128": se oiría a sí misma')
                checker.wrong(f"lines.{line}.echo", "off", heard)
        if person.outside and 0 < len(person.pin) < SHORTEST_OUTSIDE:
            problem = Words("is too short for who may call outside", "es demasiado corto para quien puede llamar fuera")
            longer = Words(f"{SHORTEST_OUTSIDE} digits or more", f"{SHORTEST_OUTSIDE} cifras o más")
            checker.note(f"dial_in.{name}.pin", problem, longer)
        first = owners.setdefault(person.pin, name)
        if first != name and person.pin:
            problem = Words(f"is that of dial_in.{first} too", f"es también el de dial_in.{first}")
            checker.note(f"dial_in.{name}.pin", problem, Words("a PIN of its own", "un PIN propio"))
