"""`tipring codes`: what a SIP response code means, what a telephone hears, and what to do.

For whoever reads a number in a trace or in another maker's log. The table is
`firmware/telephony/codes.toml`.
"""

from __future__ import annotations

import argparse
from typing import Any

from firmware.cli_output import complain, language, say, table
from firmware.telephony.codes import Code, codes


def add(commands: Any) -> None:
    """Add the command to the command line."""
    command = commands.add_parser(
        "codes",
        help="what a SIP response code means and what to do",
        description="Explain SIP response codes; without a number, list all of them.",
        epilog="example:\n  tipring codes 488",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("code", nargs="*", type=int, metavar="CODE", help="a response code, 100 to 608")
    command.set_defaults(do=print_codes)


def print_codes(args: argparse.Namespace) -> int:
    """`tipring codes [CODE ...]`."""
    known = codes()
    unknown = [number for number in args.code if number not in known]
    for number in unknown:
        complain(say(f"{number} is no response code we know.", f"{number} no es un código de respuesta conocido."))
    if args.code:
        print("\n\n".join(_card(number, known[number]) for number in args.code if number not in unknown))
        return 1 if unknown else 0
    titles = (say("CODE", "CÓDIGO"), say("NAME", "NOMBRE"), say("WHAT HAPPENED", "QUÉ HA PASADO"))
    print(table(titles, [(str(number), code.phrase, code.what(language())) for number, code in known.items()]))
    return 0


def _card(number: int, code: Code) -> str:
    lines = [f"{number} {code.phrase} (RFC {code.rfc})", code.what(language()), code.advice(language())]
    if code.cause:
        lines.append(say(f"Q.850 cause {code.cause}.", f"Causa Q.850 {code.cause}."))
    if code.tone != "none":
        lines.append(say(f"A telephone hears: {_TONES[code.tone][0]}.", f"Un teléfono oye: {_TONES[code.tone][1]}."))
    return "\n  ".join(lines)


_TONES = {
    "busy": ("busy tone", "tono de ocupado"),
    "congestion": ("congestion tone", "tono de congestión"),
    "sit": ("number unobtainable tone", "tono de número inexistente"),
    "ringback": ("ringback tone", "tono de llamada"),
}
