"""How many calls, conference parties and lines one core carries: measured here, estimated for a Raspberry Pi 4.

Written to docs/capacity.md. All audio is carried by one thread, so that one core is what counts. Here, CPU of the true
engine with its sockets is taken beside the bare relay (`relays.py`); a telephone line's blocks are taken from a stepped
engine (work.c), its packet from the bare relay. For the Pi 4 instructions are counted (`arm64.py`).
"""

from __future__ import annotations

import platform
import resource
import statistics
import subprocess
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from tests.bench import arm64
from tests.bench.figures import Plan, Row, repeat
from tests.bench.relays import PARTIES, Kind, measure

CALLS = 16
SECONDS = 3.0
FRAMES = 20_000
BUSY = 0.7
"""Of a core: what is left is for bursts, so that no packet waits."""
PI4_CLOCK_HZ = 1.5e9
"""BCM2711 as first sold; newer boards run at 1.8 GHz."""
PI4_IPC = 1.0
"""Instructions a cycle of its Cortex-A72 in loops over samples, [M]: the rule of thumb in this project's notes on
telephony libraries is 1.5e9 instructions a second of a Pi 4 core."""
PI4_IPC_KERNEL = 0.5
"""Assumed: a packet's way through the kernel is cold code and cold data each time, which halves it at the least."""
MOST_STREAMS = 1024
"""Nodes an engine holds (engine_parts.h): 512 calls between SIP ends."""


@dataclass(frozen=True, slots=True)
class Work:
    """kind: of work.c. packets: in and out again, in 20 ms, of the whole kind. units: how many of it the kind holds."""

    what: str
    kind: str
    packets: int
    units: int
    relay: Kind | None = None


WORK = (
    Work("call between two SIP telephones, same law", "relay", 2, 1, Kind("ours")),
    Work("the same, A-law and u-law", "laws", 2, 1, Kind("ours", ("PCMA", "PCMU"))),
    Work("the same, G.722 at both", "g722", 2, 1, Kind("ours", ("G722", "G722"))),
    Work("the same, G.722 and A-law", "recode", 2, 1, Kind("ours", ("G722", "PCMA"))),
    Work("party of a conference of 16, A-law", "conference", PARTIES, PARTIES, Kind("conference")),
    Work("party of a conference of 16, G.722", "wide-conference", PARTIES, PARTIES, Kind("conference", ("G722",) * 2)),
    Work("telephone line in a call with a SIP telephone", "line", 1, 1),
    Work("the same, with an echo canceller of 64 ms", "line-echo", 1, 1),
)


def capacity_rows(folder: Path, plan: Plan) -> list[Row | str]:
    """CPU of 20 ms of each work here; writes the page when that of the Pi 4 can be counted, and says so if not."""
    here_us = measured_us(folder, plan)
    rows: list[Row | str] = [Row(f"{kind}: CPU of 20 ms", "us", runs_us) for kind, runs_us in here_us.items()]
    if not plan.whole:
        return rows
    if absent := arm64.missing():
        return [*rows, f"docs/capacity.md stays as it is: to count a Pi 4's instructions, install {' '.join(absent)}"]
    counted = arm64.counts(folder)
    (plan.docs / "capacity.md").write_text(page(here_us, counted))
    return [*rows, *(Row(f"{w.kind}: Pi 4, ESTIMATED, 20 ms", "us", (pi4_us(w, counted),)) for w in WORK)]


def measured_us(folder: Path, plan: Plan) -> dict[str, tuple[float, ...]]:
    """By kind of work, of one unit and 20 ms, a value for each run; and "bare", a packet through the bare relay."""
    relayed = [work for work in WORK if work.relay]
    kinds = [Kind("bare"), *(work.relay for work in relayed if work.relay)]
    bare, *others = measure(folder, CALLS, kinds, SECONDS, plan)
    found = {"bare": tuple(run.us for run in bare)} | {
        work.kind: tuple(run.us * work.packets / work.units for run in runs)
        for work, runs in zip(relayed, others, strict=True)
    }
    program, frames = build_work(folder), plan.count(FRAMES, 20)
    packet_us = statistics.median(found["bare"])
    for work in WORK:
        if work.relay is None:
            alone_us = repeat(plan.runs, partial(stepped_us, program, work.kind, frames))
            found[work.kind] = tuple(us + packet_us for us in alone_us)
    return found


def build_work(folder: Path) -> Path:
    """work.c with the engine's own C, for this machine."""
    program, source = folder / "work", arm64.HERE / "work.c"
    if program.exists():
        return program
    sources = [*sorted(arm64.NATIVE.glob("*.c")), source]
    flags = ["-std=gnu11", "-O2", "-fvisibility=hidden", f"-I{arm64.NATIVE}"]
    libraries = ["-lm", "-lpthread", "-lspandsp", "-lspeexdsp"]
    subprocess.run(["gcc", *flags, "-o", str(program), *map(str, sources), *libraries], check=True)
    return program


def stepped_us(program: Path, kind: str, frames: int) -> float:
    """CPU of 20 ms in a stepped engine: what more of them cost."""
    spent = []
    for count in (frames // 10, frames):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([str(program), kind, str(count)], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return (spent[1] - spent[0]) * 1e6 / (frames - frames // 10)


def instructions(work: Work, counted: dict[str, int]) -> float:
    """Of one unit and 20 ms: the kernel's for its packets, and the engine's."""
    return (work.packets * counted["packet"] + counted[work.kind]) / work.units


def pi4_us(work: Work, counted: dict[str, int]) -> float:
    cycles = work.packets * counted["packet"] / PI4_IPC_KERNEL + counted[work.kind] / PI4_IPC
    return cycles / work.units / PI4_CLOCK_HZ * 1e6


def page(here_us: dict[str, tuple[float, ...]], counted: dict[str, int]) -> str:
    """docs/capacity.md."""
    bare_us = statistics.median(here_us["bare"])
    lines = [INTRODUCTION.format(date=date.today(), machine=_machine(), bare_us=bare_us, **_constants(counted))]
    for work in WORK:
        here, there = statistics.median(here_us[work.kind]), pi4_us(work, counted)
        lines.append(
            f"| {work.what} | {here:.1f} | {_carried(here)} | {instructions(work, counted):,.0f} | {there:.0f} | "
            f"{_carried(there)} |"
        )
    return "\n".join(lines) + NOTES.format(most=MOST_STREAMS // 2)


def _carried(us: float) -> str:
    return f"{BUSY * 20_000 / us:,.0f}"


def _machine() -> str:
    named = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return named[0].partition(":")[2].strip() if named else platform.machine()


def _constants(counted: dict[str, int]) -> dict[str, object]:
    return {
        "busy": round(100 * BUSY),
        "ghz": PI4_CLOCK_HZ / 1e9,
        "ipc": PI4_IPC,
        "kernel_ipc": PI4_IPC_KERNEL,
        "packet": counted["packet"],
    }


INTRODUCTION = """# What one core carries

Written by `make bench ARGS=capacity`; do not edit it by hand. Last: {date}.

All audio is carried by one thread of core, so that one core is the measure; signalling and the page run on the others.
"Carried" is how many of a kind keep that core {busy} % busy, with packets of 20 ms and nothing else to do.

**Here** is measured, on {machine}: the true engine with its sockets on loopback, where the bare relay takes
{bare_us:.1f} us a packet; of a telephone line the blocks of a stepped engine, and one packet of the bare relay.

**Raspberry Pi 4 is an ESTIMATE**: it has not run there. Instructions are counted in a 64-bit ARM machine emulated with
a clock of 1 ns an instruction, those of Debian's kernel among them ({packet:,} for a packet through the bare relay).
They are divided by {ghz:g} GHz and by instructions a cycle that are assumed: {ipc:g} in the engine, {kernel_ipc:g} in
the kernel. Take half as much either way. The network card's driver, which loopback has not, comes on top.

| what | here: us of CPU in 20 ms | carried | Pi 4: instructions in 20 ms | Pi 4, ESTIMATE: us | ESTIMATE: carried |
|---|---|---|---|---|---|"""
NOTES = """

An engine holds {most} calls between SIP telephones at most, whatever the core could carry. A telephone line: its
jitter buffer, the drift of the two clocks and the DTMF listener are among it.
"""
