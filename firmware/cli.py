"""The `tipring` command: reads the arguments, hands on to the `cli_*.py` beside it.

Exit codes: 0 done, 1 it failed, 2 the arguments or the settings are wrong. What is printed for
people goes to standard output, complaints to standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from firmware import cli_check, cli_codes, cli_lamp, cli_rig, cli_run, cli_status, cli_teach
from firmware.cli_output import complain, say
from firmware.control.messages import ControlError, CoreAway
from firmware.version import VERSION

EXAMPLES = """examples:
  tipring run                        start everything on the simulated board
  tipring rig phone fxs1 dial 201    dial 201 on the first simulated telephone
  tipring status                     what is plugged in, registered and talking
  tipring check tipring.toml         is this settings file right?
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    made = argparse.ArgumentParser(
        prog="tipring",
        description="Open phone system and gateway for analog lines and SIP.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"tipring {VERSION}")
    commands = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    cli_run.add(commands)
    cli_check.add(commands)
    cli_status.add(commands)
    cli_codes.add(commands)
    cli_lamp.add(commands)
    cli_teach.add(commands)
    cli_rig.add(commands)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    args = parser().parse_args(argv)
    try:
        return int(args.do(args))
    except CoreAway as error:
        complain(str(error) + ".")
        complain(say("Start it with: tipring run", "Arránquelo con: tipring run"))
    except ControlError as error:
        complain(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) went away; nothing more can be said, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
