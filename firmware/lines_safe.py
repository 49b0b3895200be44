"""Opens every telephone line of a board: `python -m firmware.lines_safe --board rpi-oak --run /run/tipring`.

systemd calls it at boot, and after core ended in whatever way (`ExecStopPost`); `tipring run`
does the same itself (`service.py`). It pulls the cards' reset line and touches nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from boards.wiring import make_safe
from drivers.errors import HardwareError


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when the lines are open, 1 when the board did not answer."""
    parser = argparse.ArgumentParser(prog="lines_safe", description="Open every telephone line of a board.")
    parser.add_argument("--board", required=True, metavar="NAME")
    parser.add_argument("--run", required=True, type=Path, metavar="DIR")
    args = parser.parse_args(argv)
    try:
        make_safe(args.board, args.run)
    except (HardwareError, OSError) as error:
        print(f"the lines of {args.board} could not be made safe: {error}", file=sys.stderr)
        return 1
    print(f"the lines of {args.board} are open")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
