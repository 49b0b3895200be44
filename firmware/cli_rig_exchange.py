"""`tipring rig exchange`: the far end of an exchange line. It talks to the simulated board, never to core."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware.cli_output import clean, complain, print_json, say
from firmware.control.paths import run_folder

EXAMPLES = """examples:
  tipring rig exchange fxo1 ring
  tipring rig exchange fxo1 hangup --how loop-break
  tipring rig exchange fxo1 expect-digits 10
  tipring rig exchange fxo1 state --json
"""
HANG_UPS = ("loop-break", "polarity", "busy-tone", "congestion-tone", "silence")
_PLAIN = {
    "ring": "let a call arrive and ring the line",
    "stop": "let the caller give up while it rings",
    "answer": "answer the call that the line has dialled",
    "unplug": "pull the line's cord out of the wall",
    "plug": "put the cord in again",
}


def add(kinds: Any) -> None:
    """Add the actor to `tipring rig`."""
    actor = kinds.add_parser(
        "exchange",
        help="the exchange at an FXO line",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actor.add_argument("port", metavar="PORT", help="the line, such as fxo1")
    acts = actor.add_subparsers(title="what it does", metavar="ACTION", required=True)
    for name, text in _PLAIN.items():
        _act(acts, name, text, f"tipring rig exchange fxo1 {name}")
    hangup = _act(acts, "hangup", "let the far party hang up", "tipring rig exchange fxo1 hangup --how polarity")
    hangup.add_argument("--how", choices=HANG_UPS, help="as the exchange's habit is when not given")
    refuse = _act(acts, "refuse", "let the dialled call fail", "tipring rig exchange fxo1 refuse --how busy-tone")
    refuse.add_argument("--how", choices=("busy-tone", "congestion-tone"), default="busy-tone")
    country = _act(acts, "country", "behave like an exchange of a country", "tipring rig exchange fxo1 country us")
    country.add_argument("country", metavar="CODE")
    digits = _act(acts, "expect-digits", "wait for a dialled number", "tipring rig exchange fxo1 expect-digits 10")
    digits.add_argument("seconds", type=float, metavar="SECONDS")
    say_ = _act(acts, "say", "speak a WAV file from the far end", "tipring rig exchange fxo1 say hello.wav")
    say_.add_argument("file", type=Path, metavar="FILE.wav", help="8 kHz, mono, 16 bit")
    hear = _act(acts, "hear", "record what the far end hears", "tipring rig exchange fxo1 hear 5 heard.wav")
    hear.add_argument("seconds", type=float, metavar="SECONDS")
    hear.add_argument("file", type=Path, metavar="FILE.wav")
    state = _act(acts, "state", "what the exchange sees of the line", "tipring rig exchange fxo1 state --json")
    state.add_argument("--json", action="store_true", help="print it as JSON")


def _act(acts: Any, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = acts.add_parser(
        name,
        help=help_text,
        description=help_text[0].upper() + help_text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(do=rig_exchange, act=name)
    return made


def rig_exchange(args: argparse.Namespace) -> int:
    """`tipring rig exchange PORT ACTION`."""
    from drivers.sim.rig_client import RigClient, RigError

    given = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key in {"how", "country", "seconds", "file"} and value is not None
    }
    try:
        with RigClient(run_folder() / "simboard.rig") as rig:
            answer = rig.call(f"exchange.{args.act.replace('-', '_')}", port=args.port, **given)
    except RigError as error:
        complain(str(error))
        return 1
    if args.act == "state":
        if args.json:
            print_json(answer)
        else:
            print(state_text(args.port, answer))
    elif args.act == "expect-digits":
        print(answer["digits"])
    elif args.act == "hear":
        print(args.file)
    return 0


def state_text(port: str, state: Mapping[str, Any]) -> str:
    """An exchange line's state in a few lines."""
    ringing = say(", ringing", ", llamando") if state.get("ringing") else ""
    lines = [
        f"{port}: {clean(state.get('stage', ''))}{ringing}, {say('loop', 'bucle')} {clean(state.get('loop', ''))}, "
        f"{state.get('line_v', 0.0):.1f} V, {state.get('loop_ma', 0.0):.1f} mA"
    ]
    if digits := state.get("digits"):
        lines.append(f"  {say('was dialled', 'han marcado')}: {clean(digits)}")
    if tones := state.get("tones"):
        heard = ", ".join(f"{hz:.0f} Hz {dbm0:.1f} dBm0" for hz, dbm0 in tones)
        lines.append(f"  {say('hears', 'oye')}: {heard}")
    if violations := state.get("violations"):
        lines.append(f"  {say('breaches of the data sheet', 'infracciones de la hoja de datos')}: {clean(violations)}")
    return "\n".join(lines)
