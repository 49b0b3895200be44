"""`tipring rig phone PORT machine | pbx | seize | alone | install`: who sits at a simulated line, and how it is wired.

Joined to the other acts of a telephone by `cli_rig.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

Act = Callable[[Any, str, str, str], argparse.ArgumentParser]


def add(acts: Any, act: Act) -> None:
    """Add the acts. act: makes the parser of one of them from its name, help and example."""
    machine = act(acts, "machine", "put an answering machine on the line", "tipring rig phone fxs2 machine --rings 3")
    machine.add_argument("--rings", type=int, default=2, metavar="N", help="answers after so many (default 2)")
    machine.add_argument("--greeting", type=Path, metavar="FILE.wav", help="8 kHz, mono, 16 bit (default: a beep)")
    pbx = act(acts, "pbx", "put an old PBX on the line, a tone for each extension", "tipring rig phone fxs2 pbx")
    pbx.add_argument("--extensions", default="301,302", metavar="LIST", help="as they arrive (default 301,302)")
    pbx.add_argument("--digits", type=int, default=3, metavar="N", help="how many it waits for (default 3)")
    seize = act(acts, "seize", "let a user of the PBX on the line call", "tipring rig phone fxs2 seize 101")
    seize.add_argument("digits", metavar="DIGITS", help="what he dials")
    act(acts, "alone", "take machine or PBX off the line", "tipring rig phone fxs2 alone")
    install = act(
        acts,
        "install",
        "change the telephone's bell, cable and hook contact",
        "tipring rig phone fxs1 install --ringer old-bell --cable-km 2.5 --bounce 10",
    )
    install.add_argument(
        "--ringer", default="bell", metavar="KIND", help="none, electronic, bell, old-bell, house-full"
    )
    install.add_argument("--cable-km", type=float, default=0.1, metavar="KM", help="of 0.4 mm copper (default 0.1)")
    install.add_argument(
        "--bounce", type=float, default=0.0, metavar="MS", help="how long the hook chatters (default 0)"
    )


def arguments(args: argparse.Namespace) -> dict[str, Any]:
    """The verb's own arguments; {} for an act that is not ours."""
    match args.act:
        case "machine":
            greeting = str(args.greeting.absolute()) if args.greeting else ""
            return {"rings": args.rings, "greeting": greeting}
        case "pbx":
            return {"extensions": args.extensions, "digits": args.digits}
        case "seize":
            return {"digits": args.digits}
        case "install":
            return {"ringer": args.ringer, "cable_km": args.cable_km, "bounce_ms": args.bounce}
    return {}
