"""What the actors of `tipring rig` share: an act's parser, the call to the simulated board, sound and state.

Used by `cli_rig.py` (telephones) and `cli_rig_exchange.py` (exchange lines).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from firmware.cli_output import clean, complain, print_json, say
from firmware.control.paths import run_folder

Run = Callable[[argparse.Namespace], int]


def add_act(acts: Any, name: str, help_text: str, example: str, run: Run) -> argparse.ArgumentParser:
    """The parser of one act. run: what `tipring` does then."""
    made: argparse.ArgumentParser = acts.add_parser(
        name,
        help=help_text,
        description=help_text[0].upper() + help_text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(do=run, act=name)
    return made


def call(verb: str, **arguments: Any) -> dict[str, Any] | None:
    """The board's answer; None after a complaint to whoever typed it."""
    from drivers.sim.rig_client import RigClient, RigError

    try:
        with RigClient(run_folder() / "simboard.rig") as rig:
            return rig.call(verb, **arguments)
    except RigError as error:
        complain(str(error))
        return None


def take_wav(act: argparse.ArgumentParser) -> None:
    """The file that is spoken."""
    act.add_argument("file", type=Path, metavar="FILE.wav", help="8 kHz, mono, 16 bit")


def give_wav(act: argparse.ArgumentParser) -> None:
    """How long to listen, and the file that is written."""
    act.add_argument("seconds", type=float, metavar="SECONDS")
    act.add_argument("file", type=Path, metavar="FILE.wav")


def take_json(act: argparse.ArgumentParser) -> None:
    act.add_argument("--json", action="store_true", help="print it as JSON")


def show_state(args: argparse.Namespace, state: Mapping[str, Any], text: str) -> None:
    """As JSON where that was asked for."""
    if args.json:
        print_json(state)
    else:
        print(text)


def tones_heard(state: Mapping[str, Any]) -> list[str]:
    """The line of a state that tells the tones; none without any."""
    tones = state.get("tones") or []
    heard = ", ".join(f"{hz:.0f} Hz {dbm0:.1f} dBm0" for hz, dbm0 in tones)
    return [f"  {say('hears', 'oye')}: {heard}"] if heard else []


def breaches(state: Mapping[str, Any]) -> list[str]:
    """The line of a state that tells what the driver did against the data sheet; none without any."""
    found = state.get("violations")
    words = say("breaches of the data sheet", "infracciones de la hoja de datos")
    return [f"  {words}: {clean(found)}"] if found else []
