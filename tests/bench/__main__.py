"""`make bench`: what the house costs, beside a bare C relay and a fixed Python loop of the same run.

    python -m tests.bench [PART ...] [--runs 3]    the parts are listed by --help

Every row shows min, median and max of its runs, and the architecture's bar with "ok" or "MISSED": the median has to
keep it, of packets lost every run. Times of a busy machine say little; ratios hold, they are of one run. A whole bench
(share 1) also draws docs/jitter.svg and writes docs/capacity.md. The status is 1 when a bar was missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.calls import call_rows, memory_rows
from tests.bench.capacity import capacity_rows
from tests.bench.conference import conference_rows
from tests.bench.copper import copper_rows
from tests.bench.echo import echo_rows
from tests.bench.figures import DOCS, Plan, Row
from tests.bench.hearing import hearing_rows
from tests.bench.jitter import jitter_rows
from tests.bench.listeners import listener_rows
from tests.bench.load import load_rows
from tests.bench.long import long_rows
from tests.bench.media import media_rows
from tests.bench.start import start_rows

PARTS: dict[str, Callable[[Path, Plan], Sequence[Row | str]]] = {
    "media": media_rows,
    "load": load_rows,
    "conference": conference_rows,
    "copper": copper_rows,
    "calls": call_rows,
    "long": long_rows,
    "memory": memory_rows,
    "start": start_rows,
    "jitter": jitter_rows,
    "listeners": listener_rows,
    "echo": echo_rows,
    "hearing": hearing_rows,
    "capacity": capacity_rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the parts asked for, all without any. 0, or 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    parser.add_argument("--share", type=float, default=1.0, help="of the counts and times, 0.01 to see it run at all")
    parser.add_argument("--docs", type=Path, default=DOCS, help="where pictures and tables go")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="part", help=", ".join(PARTS))
    args = parser.parse_args(argv)
    plan = Plan(args.runs, args.share, args.docs)
    print(f"{'':<58} {'min':>9} {'median':>9} {'max':>9}  unit     bar")
    judged: list[Row] = []
    missed: list[str] = []
    for name in args.parts or PARTS:
        try:
            judged += [row for row in run_part(name, plan) if row.bar]
        except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"{name}: came to nothing: {str(error)[:500]}", flush=True)
            missed.append(f"{name}, all of it")
    missed += [row.what for row in judged if row.missed]
    print(f"{len(judged)} bars, {len(missed)} missed" + "".join(f"\n  {what}" for what in missed))
    return 1 if missed else 0


def run_part(name: str, plan: Plan) -> list[Row]:
    """Measures and prints one part."""
    with tempfile.TemporaryDirectory(prefix="tb-", dir="/tmp") as folder:
        lines = PARTS[name](Path(folder), plan)
    for line in lines:
        print(line if isinstance(line, str) else line.line(), flush=True)
    return [line for line in lines if isinstance(line, Row)]


if __name__ == "__main__":
    sys.exit(main())
