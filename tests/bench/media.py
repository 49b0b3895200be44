"""What a packet costs between two SIP ends, by pair of codecs: bare C relay, our engine and rtpengine side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench.far_ends import Carried
from tests.bench.figures import NONE_LOST, Bar, Plan, Row, at_most, below
from tests.bench.relays import Kind, measure
from tests.bench.rtpengine import installed

CALLS = 20
SECONDS = 3.0
WORK: tuple[tuple[str, tuple[str, str], Bar | None], ...] = (
    ("A-law, relayed", ("PCMA", "PCMA"), at_most(1.2)),
    ("A-law/u-law", ("PCMA", "PCMU"), at_most(1.4)),
    ("G.722, relayed", ("G722", "G722"), at_most(1.2)),
    ("G.722/A-law", ("G722", "PCMA"), None),
)
"""Of the last, half the packets are decoded and half are coded. G.722 that passes untouched has the relay's bar."""
ABSENT = "rtpengine is not installed (Debian: rtpengine-daemon), so it does not stand beside our engine"


def media_rows(folder: Path, plan: Plan) -> list[Row | str]:
    """CPU per packet of every pair of codecs, its ratio to the bare relay, and to rtpengine."""
    calls = plan.count(CALLS, 2)

    def beside_bare(who: str) -> list[tuple[Carried, ...]]:
        kinds = [Kind("bare"), *(Kind(who, codecs) for _, codecs, _ in WORK)]
        return measure(folder, calls, kinds, SECONDS, plan)

    bare, *ours = beside_bare("ours")
    rows: list[Row | str] = [Row("bare relay, CPU per packet", "us", us(bare))]
    for (name, _, bar), runs in zip(WORK, ours, strict=True):
        rows += [Row(f"{name}: CPU per packet", "us", us(runs)), against_bare(name, runs, bar)]
    rows.append(lost_row("all of these", [run for runs in ours for run in runs], bare))
    if not installed():
        return [*rows, ABSENT]
    for (name, _, _), mine, runs in zip(WORK, ours, beside_bare("rtpengine")[1:], strict=True):
        rows.append(against_bare(f"{name}, rtpengine", runs))
        rows.append(Row(f"{name}, rtpengine: CPU against ours", "times", tuple(map(_over, runs, mine))))
    return rows


def us(runs: tuple[Carried, ...]) -> tuple[float, ...]:
    return tuple(run.us for run in runs)


def _over(run: Carried, under: Carried) -> float:
    return run.against / under.against


def against_bare(name: str, runs: tuple[Carried, ...], bar: Bar | None = None) -> Row:
    return Row(f"{name}: CPU against the bare relay", "times", tuple(run.against for run in runs), bar)


def added_rows(name: str, runs: tuple[Carried, ...], bare: tuple[Carried, ...], *, judged: bool) -> list[Row]:
    """What lateness a relay adds to that of the bare one in the same run."""
    pairs = list(zip(runs, bare, strict=True))
    return [
        Row(f"{name}: added p50", "ms", tuple(a.p50_ms - b.p50_ms for a, b in pairs), below(0.1) if judged else None),
        Row(f"{name}: added p99", "ms", tuple(a.p99_ms - b.p99_ms for a, b in pairs), below(1) if judged else None),
        Row(f"{name}: added, the latest packet", "ms", tuple(a.max_ms - b.max_ms for a, b in pairs)),
    ]


def lost_row(name: str, runs: Sequence[Carried], bare: Sequence[Carried]) -> Row:
    """Whatever is lost is a miss; what the bare relay lost meanwhile tells whether the machine was to blame."""
    most, bare_lost = max(run.sent for run in runs), sum(run.lost for run in bare)
    lost = tuple(float(run.lost + run.doubled) for run in runs)
    bar = replace(NONE_LOST, words=f"in every run (bare: {bare_lost} in all)")
    return Row(f"{name}: lost or doubled of {most:,}", "packets", lost, bar)
