"""`tipring rig power`: the supply of the simulated card, and where its lifeline has the telephone."""

from __future__ import annotations

import argparse
from typing import Any

from firmware.cli_output import say
from firmware.cli_rig_acts import add_act, call


def add(kinds: Any) -> None:
    """Add the actor to `tipring rig`."""
    actor = kinds.add_parser(
        "power",
        help="the supply of the card",
        description="The supply of the card. A board with a lifeline (sim-lifeline) joins a telephone with the "
        "exchange line when it is cut. Core goes on, and sees a card that is dead.",
        epilog="example:\n  tipring rig power cut",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = actor.add_subparsers(title="what happens", metavar="ACTION", required=True)
    add_act(acts, "cut", "cut the power", "tipring rig power cut", rig_power)
    add_act(acts, "back", "give the power back", "tipring rig power back", rig_power)


def rig_power(args: argparse.Namespace) -> int:
    """`tipring rig power ACTION`."""
    answer = call("board.power", on=args.act == "back")
    if answer is None:
        return 1
    words = {
        "none": say(
            "there is no lifeline on this board; the board sim-lifeline has one",
            "esta placa no tiene línea de vida; la placa sim-lifeline tiene una",
        ),
        "joined": say("its telephone is on the exchange line", "su teléfono está en la línea de la compañía"),
        "apart": say("its telephone is on its own port", "su teléfono está en su propio puerto"),
    }
    print(words[answer["lifeline"]])
    return 0
