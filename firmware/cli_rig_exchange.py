"""`tipring rig exchange`: the far end of an exchange line. It talks to the simulated board, never to core."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware.cli_output import clean, say
from firmware.cli_rig_acts import add_act, breaches, call, give_wav, show_state, take_json, take_wav, tones_heard

EXAMPLES = """examples:
  tipring rig exchange fxo1 ring
  tipring rig exchange fxo1 ring --number 600123456 --name "José"
  tipring rig exchange fxo1 hangup --how loop-break
  tipring rig exchange fxo1 expect-digits 10
  tipring rig exchange fxo1 press 48291357
  tipring rig exchange fxo1 state --json
"""
STANDARDS = ("etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf")
ALERTS = ("during", "reversal", "lr+dt-as", "dt-as", "rp-as", "none")
_GIVEN = {
    "count",
    "digits",
    "volts",
    "how",
    "country",
    "seconds",
    "file",
    "number",
    "name",
    "private",
    "standard",
    "alert",
    "dbm0",
}
HANG_UPS = ("loop-break", "polarity", "busy-tone", "congestion-tone", "silence")
_PLAIN = {
    "stop": "let the caller give up while it rings",
    "answer": "answer the call that the line has dialled",
    "unplug": "pull the line's cord out of the wall",
    "plug": "put the cord in again",
    "parallel-lift": "lift a second telephone on the line's wires",
    "parallel-hangup": "put the second telephone back",
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
    _add_ring(acts)
    hangup = _act(acts, "hangup", "let the far party hang up", "tipring rig exchange fxo1 hangup --how polarity")
    hangup.add_argument("--how", choices=HANG_UPS, help="as the exchange's habit is when not given")
    refuse = _act(acts, "refuse", "let the dialled call fail", "tipring rig exchange fxo1 refuse --how busy-tone")
    refuse.add_argument("--how", choices=("busy-tone", "congestion-tone"), default="busy-tone")
    meter = _act(acts, "meter", "send metering pulses in a call", "tipring rig exchange fxo1 meter 3 --volts 0.5")
    meter.add_argument("count", nargs="?", type=int, default=1, metavar="COUNT", help="how many, two a second; 1")
    meter.add_argument("--volts", type=float, metavar="V", help="rms of the 12 or 16 kHz tone at the card, 0.5")
    country = _act(acts, "country", "behave like an exchange of a country", "tipring rig exchange fxo1 country us")
    country.add_argument("country", metavar="CODE")
    digits = _act(acts, "expect-digits", "wait for a dialled number", "tipring rig exchange fxo1 expect-digits 10")
    digits.add_argument("seconds", type=float, metavar="SECONDS")
    press = _act(acts, "press", "let the far party press keys", "tipring rig exchange fxo1 press 48291357")
    press.add_argument("digits", metavar="DIGITS", help="0-9 * # A-D, such as a PIN to dial in with, and then a number")
    say_ = _act(acts, "say", "speak a WAV file from the far end", "tipring rig exchange fxo1 say hello.wav")
    take_wav(say_)
    hear = _act(acts, "hear", "record what the far end hears", "tipring rig exchange fxo1 hear 5 heard.wav")
    give_wav(hear)
    state = _act(acts, "state", "what the exchange sees of the line", "tipring rig exchange fxo1 state --json")
    take_json(state)


def _add_ring(acts: Any) -> None:
    ring = _act(
        acts, "ring", "let a call arrive and ring the line", "tipring rig exchange fxo1 ring --number 600123456"
    )
    ring.add_argument("--number", help="who calls, told to the line by caller ID; nothing is told without it")
    ring.add_argument("--name", help="their name")
    ring.add_argument("--private", action="store_true", default=None, help="tell that they do not want to be known")
    ring.add_argument(
        "--standard", choices=STANDARDS, help="of the caller ID, as the exchange's country when not given"
    )
    ring.add_argument("--alert", choices=ALERTS, help="what announces it, as the standard has it when not given")
    ring.add_argument("--dbm0", type=float, metavar="DBM0", help="its level, -14 when not given")


def _act(acts: Any, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    return add_act(acts, name, help_text, example, rig_exchange)


def rig_exchange(args: argparse.Namespace) -> int:
    """`tipring rig exchange PORT ACTION`."""
    given = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in vars(args).items()
        if key in _GIVEN and value is not None
    }
    answer = call(f"exchange.{args.act.replace('-', '_')}", port=args.port, **given)
    if answer is None:
        return 1
    if args.act == "state":
        show_state(args, answer, state_text(args.port, answer))
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
    lines += tones_heard(state)
    return "\n".join(lines + breaches(state))
