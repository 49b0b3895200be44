"""10, 30 and 100 calls between SIP ends, relayed: CPU, lateness and loss beside the bare relay of the same run."""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import Plan, Row, at_most
from tests.bench.media import added_rows, against_bare, lost_row, us
from tests.bench.relays import Kind, measure
from tests.bench.rtpengine import installed

CALLS = (10, 30, 100)
SECONDS = 4.0


def load_rows(folder: Path, plan: Plan) -> list[Row | str]:
    """Rows for each number of calls; rtpengine where it is installed."""
    rows: list[Row | str] = []
    for calls in sorted({plan.count(calls, 2) for calls in CALLS}):
        kinds = [Kind("bare"), Kind("ours"), *([Kind("rtpengine")] if installed() else [])]
        bare, *others = measure(folder, calls, kinds, SECONDS, plan)
        name = f"{calls} calls"
        rows.append(Row(f"{name}, bare relay: CPU per packet", "us", us(bare)))
        for kind, runs in zip(kinds[1:], others, strict=True):
            ours = kind.who == "ours"
            who = name if ours else f"{name}, rtpengine"
            rows += [
                Row(f"{who}: CPU per packet", "us", us(runs)),
                against_bare(who, runs, at_most(1.2) if ours else None),
                *added_rows(who, runs, bare, judged=ours),
            ]
            if ours:
                rows.append(lost_row(who, runs, bare))
    return rows
