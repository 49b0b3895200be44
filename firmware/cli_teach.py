"""`tipring teach`: find out how the exchange of a line behaves, and propose settings for it."""

from __future__ import annotations

import argparse
import time
from typing import Any

from firmware.cli_output import clean, print_json, say
from firmware.control.client import call_core

LOOK_S = 1.0
UNSURE = 3
"""Exit code when the calls were watched and nothing can be proposed."""


def add(commands: Any) -> None:
    """Add the command to the command line."""
    teach = commands.add_parser(
        "teach",
        help="find out how an exchange line's far end hangs up",
        description="Watch one call or two on an exchange line, and propose settings for it: how the far end's hang-up "
        "shows, the busy tone, its level, how it says who calls. "
        "Nothing is changed: what is proposed is printed. Exit code 3: unsure.",
        epilog="examples:\n  tipring teach fxo1\n  tipring teach fxo1 --calls 2 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    teach.add_argument("port", metavar="PORT", help="the exchange line, such as fxo1")
    teach.add_argument("--calls", type=int, default=1, metavar="N", help="how many calls to watch, 1 or 2 (1)")
    teach.add_argument("--json", action="store_true", help="for programs: the last report as JSON, nothing else")
    teach.set_defaults(do=teach_in)


def teach_in(args: argparse.Namespace) -> int:
    """`tipring teach PORT`."""
    report = _ask(args.port, "start", calls=args.calls)
    try:
        if not args.json:
            _instruct(report)
        report = _watch(args.port, report, quiet=args.json)
    except KeyboardInterrupt:
        _ask(args.port, "stop")
        raise
    if args.json:
        print_json(report)
    else:
        _tell(report["proposal"])
    return UNSURE if report["proposal"]["unsure"] else 0


def _ask(port: str, act: str, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = call_core("teach", {"port": port, "act": act, **more})
    return told


def _watch(port: str, report: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """Look until it is done; the last report."""
    stage = report["stage"]
    while stage != "done":
        time.sleep(LOOK_S)
        report = _ask(port, "report")
        if report["stage"] == "call" != stage and not quiet:
            print(say("The call is up; listening.", "La llamada está en curso; escuchando."), flush=True)
        stage = report["stage"]
    return report


def _instruct(report: dict[str, Any]) -> None:
    port, target = clean(report["port"]), report["target"]
    who = clean(target) if target else "?"
    print(
        say(
            f"1. Call {port} from a mobile. {who} rings: answer there at the third ring.\n"
            "2. Speak a few words into the mobile, then hang up the mobile. Leave the telephone off hook.\n"
            "3. Wait: the call ends by itself, after a minute at most. Calls to watch: " + str(report["wanted"]),
            f"1. Llame a {port} desde un móvil. Suena {who}: descuelgue ahí al tercer timbre.\n"
            "2. Diga unas palabras por el móvil y cuelgue el móvil. Deje descolgado el teléfono.\n"
            "3. Espere: la llamada acaba sola, en un minuto como mucho. Llamadas: " + str(report["wanted"]),
        ),
        flush=True,
    )
    if not target:
        print(say(f"{port} has no target: nobody answers; call out over it instead.",
                  f"{port} no tiene target: nadie atiende; llame usted por ella."), flush=True)  # fmt: skip


def _tell(proposal: dict[str, Any]) -> None:
    if proposal["unsure"]:
        print(say(f"Unsure: {clean(proposal['why'])}. Try once more, with --calls 2.",
                  f"No es seguro: {clean(proposal['why'])}. Pruebe otra vez, con --calls 2."))  # fmt: skip
    else:
        print(say("Proposed; put it under this line's table in the settings file and restart:",
                  "Propuesta; póngala en la tabla de esta línea en el fichero de ajustes y reinicie:"))  # fmt: skip
    print("\n".join(clean(line) for line in proposal["toml"].splitlines()))
