"""`make bench`: what the house costs, beside a bare C relay and a fixed Python loop of the same run.

    python -m tests.bench [media|calls|long|memory|start|jitter|listeners|echo] [--runs 3]

Every row shows min, median and max of its runs, and the architecture's bar. `jitter` also draws docs/jitter.svg. It
judges nothing: the machine may be busy; compare ratios.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.calls import call_rows, memory_rows
from tests.bench.echo import echo_rows
from tests.bench.figures import Row
from tests.bench.jitter import jitter_rows
from tests.bench.listeners import listener_rows
from tests.bench.long import long_rows
from tests.bench.media import media_rows
from tests.bench.start import start_rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    names = ["media", "calls", "long", "memory", "start", "jitter", "listeners", "echo"]
    parser.add_argument("part", nargs="?", choices=names, help="one part only")
    parser.add_argument("--only", choices=names, help="the same")
    args = parser.parse_args()
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "media": lambda folder: media_rows(folder, args.runs),
        "calls": lambda folder: call_rows(folder, args.runs),
        "long": long_rows,
        "memory": memory_rows,
        "start": lambda folder: start_rows(folder, args.runs),
        "jitter": lambda _: jitter_rows(args.runs),
        "listeners": lambda _: listener_rows(args.runs),
        "echo": lambda _: echo_rows(args.runs),
    }
    print(f"{'':<52} {'min':>9} {'median':>9} {'max':>9}  {'unit':<10} bar")
    for name, measure in parts.items():
        if (args.part or args.only) in {None, name}:
            with tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as folder:
                for row in measure(Path(folder)):
                    print(row.line(), flush=True)


if __name__ == "__main__":
    main()
