"""`make bench`: what the house costs, beside a bare C relay and a fixed Python loop of the same run.

    python -m tests.bench [--runs 3] [--only media|calls|memory|start]

Every row shows min, median and max of its runs, and the architecture's bar. It judges nothing:
the machine may be busy; compare ratios.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.calls import call_rows, memory_rows
from tests.bench.figures import Row
from tests.bench.media import media_rows
from tests.bench.start import start_rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    parser.add_argument("--only", choices=["media", "calls", "memory", "start"], help="one part only")
    args = parser.parse_args()
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "media": lambda folder: media_rows(folder, args.runs),
        "calls": lambda folder: call_rows(folder, args.runs),
        "memory": memory_rows,
        "start": lambda folder: start_rows(folder, args.runs),
    }
    print(f"{'':<52} {'min':>9} {'median':>9} {'max':>9}  {'unit':<10} bar")
    for name, measure in parts.items():
        if args.only in {None, name}:
            with tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as folder:
                for row in measure(Path(folder)):
                    print(row.line(), flush=True)


if __name__ == "__main__":
    main()
