"""What one party of a conference of 16 costs: a packet in, a packet out, and four blocks of the sum every 20 ms."""

from __future__ import annotations

from pathlib import Path

from tests.bench.figures import NONE_LOST, Plan, Row
from tests.bench.media import against_bare, us
from tests.bench.relays import PARTIES, Kind, measure

SECONDS = 4.0
CODECS = (("A-law", "PCMA"), ("G.722", "G722"))


def conference_rows(folder: Path, plan: Plan) -> list[Row | str]:
    """CPU a party and 20 ms, beside the bare relay that carries as many packets."""
    kinds = [Kind("bare"), *(Kind("conference", (codec, codec)) for _, codec in CODECS)]
    bare, *others = measure(folder, PARTIES // 2, kinds, SECONDS, plan)
    rows: list[Row | str] = [Row("bare relay of 16 ends: CPU per packet", "us", us(bare))]
    for (name, _), runs in zip(CODECS, others, strict=True):
        what = f"conference of 16, {name}"
        rows += [
            Row(f"{what}: CPU a party and 20 ms", "us", us(runs)),
            against_bare(what, runs),
            Row(f"{what}: gaps in what parties hear", "packets", tuple(float(run.lost) for run in runs), NONE_LOST),
        ]
    return rows
