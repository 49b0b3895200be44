"""`tipring lamp`: let a telephone show that messages wait."""

from __future__ import annotations

import argparse
from typing import Any

from firmware.cli_output import clean, say
from firmware.control.client import call_core


def add(commands: Any) -> None:
    """Add the command to the command line."""
    lamp = commands.add_parser(
        "lamp",
        help="tell a telephone that messages wait",
        description="Tell a telephone how many messages wait, in the ways of its line's message_waiting setting.",
        epilog="examples:\n  tipring lamp fxs1 2\n  tipring lamp fxs1 0",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lamp.add_argument("port", metavar="PORT", help="the line, such as fxs1")
    lamp.add_argument("messages", metavar="N", type=int, help="how many messages wait; 0 puts the lamp out")
    lamp.set_defaults(do=light)


def light(args: argparse.Namespace) -> int:
    """`tipring lamp PORT N`."""
    told = call_core("lamp", {"port": args.port, "messages": args.messages})
    port, count = clean(str(told["port"])), told["messages"]
    print(say(f"{port}: {count} message(s) wait.", f"{port}: {count} mensaje(s) en espera."))
    return 0
