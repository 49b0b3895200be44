"""`tipring rig phone`: the outside of a line. It talks to the simulated board, never to core.

Machines on the lines are in `cli_rig_characters.py`, exchange lines, `tipring rig exchange`, in `cli_rig_exchange.py`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from firmware import cli_rig_characters, cli_rig_exchange, cli_rig_power
from firmware.cli_output import clean, say
from firmware.cli_rig_acts import add_act, breaches, call, give_wav, show_state, take_json, take_wav, tones_heard

EXAMPLES = """examples:
  tipring rig phone fxs1 lift
  tipring rig phone fxs1 dial 201 --pulse
  tipring rig phone fxs1 flash 100
  tipring rig phone fxs2 hear 5 heard.wav
  tipring rig phone fxs1 state --json
  tipring rig phone fxs2 machine --rings 3
  tipring rig phone fxs1 install --ringer old-bell --cable-km 2.5
"""


def add(commands: Any) -> None:
    """Add the command to the command line."""
    rig = commands.add_parser(
        "rig",
        help="lift, dial, speak and listen on the simulated telephones and exchange lines",
        description="The outside of the lines: telephones and exchange lines on the simulated board's copper.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = rig.add_subparsers(title="actors", metavar="ACTOR", required=True)
    phone = kinds.add_parser(
        "phone",
        help="a telephone on an FXS line",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    phone.add_argument("port", metavar="PORT", help="the line, such as fxs1")
    acts = phone.add_subparsers(title="what it does", metavar="ACTION", required=True)
    _act(acts, "lift", "take the handset", "tipring rig phone fxs1 lift")
    _act(acts, "hangup", "put the handset back", "tipring rig phone fxs1 hangup")
    flash = _act(acts, "flash", "press the hook for a moment (R key)", "tipring rig phone fxs1 flash 100")
    flash.add_argument("ms", nargs="?", type=int, default=100, metavar="MS", help="how long, in ms (default 100)")
    dial = _act(acts, "dial", "dial digits on the lifted telephone", "tipring rig phone fxs1 dial 201 --pulse")
    dial.add_argument("digits", metavar="DIGITS", help="0-9 * # A-D")
    dial.add_argument("--pulse", action="store_true", help="with the rotary dial instead of tones")
    say_ = _act(acts, "say", "speak a WAV file into the handset", "tipring rig phone fxs1 say hello.wav")
    take_wav(say_)
    hear = _act(acts, "hear", "record what the handset hears", "tipring rig phone fxs1 hear 5 heard.wav")
    give_wav(hear)
    state = _act(acts, "state", "what is measured on the copper", "tipring rig phone fxs1 state --json")
    take_json(state)
    cli_rig_characters.add(acts, _act)
    cli_rig_exchange.add(kinds)
    cli_rig_power.add(kinds)


def _act(acts: Any, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    return add_act(acts, name, help_text, example, rig_phone)


def rig_phone(args: argparse.Namespace) -> int:
    """`tipring rig phone PORT ACTION`."""
    answer = call(f"phone.{args.act}", port=args.port, **_arguments(args))
    if answer is None:
        return 1
    if args.act == "state":
        show_state(args, answer, state_text(args.port, answer))
    elif args.act == "hear":
        print(args.file)
    return 0


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    """The verb's own arguments."""
    match args.act:
        case "flash":
            return {"ms": args.ms}
        case "dial":
            return {"digits": args.digits, "pulse": args.pulse}
        case "say":
            return {"file": str(args.file)}
        case "hear":
            return {"seconds": args.seconds, "file": str(args.file)}
    return cli_rig_characters.arguments(args)


def state_text(port: str, state: Mapping[str, Any]) -> str:
    """A telephone's state in a few lines."""
    lines = [
        f"{port}: {say('hook', 'gancho')} {clean(state.get('hook', ''))}, "
        f"{state.get('loop_v', 0.0):.1f} V, {state.get('loop_ma', 0.0):.1f} mA"
    ]
    if ringing := state.get("ringing"):
        cadence = "/".join(str(round(ms)) for ms in ringing.get("cadence_ms") or [])
        lines.append(
            f"  {say('ringing', 'sonando')}: {ringing['hz']:.1f} Hz, {ringing['v_rms']:.1f} V rms"
            + (f", {cadence} ms" if cadence else "")
        )
    lines += tones_heard(state)
    if digits := state.get("digits_sent"):
        lines.append(f"  {say('dialled', 'ha marcado')}: {clean(digits)}")
    return "\n".join(lines + breaches(state))
