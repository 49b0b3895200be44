"""`tipring check` and `tipring password`: what an installer does with a settings file."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from firmware.cli_output import complain, language, print_json, say
from firmware.config.cross_check import KnownCountries
from firmware.config.declaration import EXTENSION
from firmware.config.load import load
from firmware.config.mistake import Mistake, SettingsError
from firmware.config.password import check_values
from firmware.config.remarks import Remark, remarks
from firmware.config.render import render_sample

SHORTEST_PASSWORD = 8


def add(commands: Any) -> None:
    """Add both commands to the command line."""
    check = commands.add_parser(
        "check",
        help="validate a settings file",
        description="Validate a settings file: every mistake with file, key, value and what is allowed. Exit code 2. "
        "What is allowed, but hardly meant, is remarked.",
        epilog="examples:\n  tipring check /etc/tipring/tipring.toml\n  tipring check --sample > tipring.toml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = check.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the file to read")
    what.add_argument("--sample", action="store_true", help="print a commented file with every setting")
    check.add_argument("--json", action="store_true", help="print the mistakes as JSON")
    check.set_defaults(do=check_file)

    password = commands.add_parser(
        "password",
        help="make the password lines of a SIP user",
        description="Ask for a password and print the two lines to paste under [users.USER]. "
        "The password is asked for, or read from standard input; it is never an argument.",
        epilog="example:\n  tipring password 201",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    password.add_argument("user", metavar="USER", help="number of the user, such as 201")
    password.set_defaults(do=print_password)


def known_countries() -> KnownCountries:
    """The countries whose tones and ringing we know, and the forms of their numbers."""
    from firmware.telephony.countries import numberings

    return numberings()


def print_mistakes(mistakes: list[Mistake]) -> None:
    """Each on a line of its own, on standard error."""
    for mistake in mistakes:
        complain(mistake.text(language()))


def check_file(args: argparse.Namespace) -> int:
    """`tipring check`."""
    if args.sample:
        print(render_sample(language()), end="")
        return 0
    mistakes: list[Mistake] = []
    summary = ""
    noticed: list[Remark] = []
    try:
        settings = load(args.file, known_countries())
    except SettingsError as error:
        mistakes = error.mistakes
    else:
        noticed = remarks(settings)
        lines, users, country = len(settings.lines), len(settings.users), settings.country
        summary = say(
            f"{args.file}: no mistakes. {lines} telephone line(s), {users} SIP user(s), country {country}.",
            f"{args.file}: sin errores. {lines} línea(s) telefónica(s), {users} usuario(s) SIP, país {country}.",
        )
    if args.json:
        lang = language()
        print_json(
            [
                {"file": m.file, "key": m.key, "value": m.value, "allowed": m.allowed.text(lang), "text": m.text(lang)}
                for m in mistakes
            ]
        )
    elif mistakes:
        print_mistakes(mistakes)
    else:
        print(summary)
        for remark in noticed:
            print(say(f"remark: {remark.text('en')}", f"aviso: {remark.text('es')}"))
    return 2 if mistakes else 0


def print_password(args: argparse.Namespace) -> int:
    """`tipring password`."""
    if not EXTENSION.fits(args.user):
        complain(f"{args.user}: {EXTENSION.allowed.text(language())}")
        return 2
    password = _ask()
    if password is None:
        complain(say("The two passwords differ.", "Las dos contraseñas no coinciden."))
        return 1
    if len(password) < SHORTEST_PASSWORD:
        complain(
            say(
                f"The password has {len(password)} characters; at least {SHORTEST_PASSWORD} are needed.",
                f"La contraseña tiene {len(password)} caracteres; hacen falta al menos {SHORTEST_PASSWORD}.",
            )
        )
        return 1
    print(check_values(args.user, password).lines(), end="")
    return 0


def _ask() -> str | None:
    """The password, typed twice on a terminal or as the first line of standard input; None when they differ."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(say("Password: ", "Contraseña: "))
    return first if getpass.getpass(say("Once more: ", "Otra vez: ")) == first else None
