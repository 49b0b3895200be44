"""The relays of a measurement, each a process of its own: the bare C relay, our engine, rtpengine.

Our engine runs here as a process as small as the bare relay's, `python -m tests.bench.relays`: calls of two streams,
or conferences of 16.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.far_ends import Carried, FarEnds, build
from tests.bench.figures import Plan
from tests.bench.rtpengine import PAYLOADS, RtpEngine
from tests.interop.processes import free_rtp_range

PARTIES = 16
"""Of a conference: two far ends for each of 8 calls."""
EVENTS = 101
"""Payload type of digits as RTP events, as most telephones agree on: then nobody listens for tones."""


@dataclass(frozen=True, slots=True)
class Kind:
    """who: "bare", "ours", "conference" or "rtpengine". codecs: of A and B ends."""

    who: str
    codecs: tuple[str, str] = ("PCMA", "PCMA")

    @property
    def far(self) -> str:
        """In the words of `far_ends.c`."""
        mixed = ":mixed" if self.who == "conference" else ""
        return ":".join(str(PAYLOADS[codec]) for codec in self.codecs) + mixed


@contextmanager
def carrying(folder: Path, calls: int, kinds: list[Kind], pinned: bool) -> Iterator[tuple[FarEnds, list[int]]]:
    """All relays up and connected. Gives the far ends and the pids of the relays."""
    with ExitStack() as stack:
        ends = stack.enter_context(FarEnds(folder, calls, [kind.far for kind in kinds]))
        pids = []
        for kind, far in zip(kinds, ends.ports, strict=True):
            if kind.who == "rtpengine":
                other = stack.enter_context(RtpEngine(folder, calls))
                pid, ports = other.pid, other.relay(kind.codecs, calls, far)
            else:
                pid, ports = stack.enter_context(_process(_command(folder, kind, calls), calls, far))
            ends.connect(ports)
            pids.append(pid)
        if pinned:
            _pin(ends.pid, pids)
        yield ends, pids


def _pin(feeder: int, relays: list[int]) -> None:
    """All relays on one processor, the far ends on another: to be woken from the own one is a third cheaper."""
    first, *_, last = sorted(os.sched_getaffinity(0)) * 2
    for pid, cpu in [(feeder, first), *((relay, last) for relay in relays)]:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cpu})


def measure(folder: Path, calls: int, kinds: list[Kind], whole_s: float, plan: Plan) -> list[tuple[Carried, ...]]:
    """Of each relay, what it did in every run of so long. The first is the one that all are compared with."""
    found = []
    for _ in range(plan.runs):
        with carrying(folder, calls, kinds, plan.whole) as (ends, pids):
            found.append(ends.measure(pids, plan.seconds(whole_s, 0.25)))
    return list(zip(*found, strict=True))


def _command(folder: Path, kind: Kind, calls: int) -> list[str]:
    if kind.who == "bare":
        return [str(build(folder, "relay"))]
    first, last = free_rtp_range(2 * calls + 10)
    return [sys.executable, "-m", "tests.bench.relays", str(first), str(last), kind.who, *kind.codecs]


@contextmanager
def _process(command: list[str], calls: int, far: tuple[int, int]) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    argv = [*command, str(calls), *map(str, far)]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in range(calls)]
        yield process.pid, [(int(a), int(b)) for a, b in lines]
    finally:
        process.terminate()
        process.communicate()


def serve(ports: range, who: str, codecs: tuple[str, str], calls: int, far: tuple[int, int]) -> None:
    """Our engine as a relay process like relay.c; ends when its input does."""
    from firmware.media.engine import Engine

    engine = Engine(rtp_ports=ports, local_ip="127.0.0.1")
    engine.start()
    mixers = [engine.open_mixer() for _ in range(0, calls, PARTIES // 2)] if who == "conference" else []
    for call in range(calls):
        pair = [engine.open_stream() for _ in range(2)]
        for stream, port, codec in zip(pair, far, codecs, strict=True):
            stream.set_codec(PAYLOADS[codec], codec, EVENTS)
            stream.set_remote("127.0.0.1", port)
        if who == "conference":
            for stream in pair:
                engine.join(stream.id, mixers[call // (PARTIES // 2)].id)
        else:
            engine.join(pair[0].id, pair[1].id)
        print(pair[0].local_port, pair[1].local_port, flush=True)
    sys.stdin.read()
    engine.stop()


if __name__ == "__main__":
    _, _first, _last, _who, _a, _b, _calls, *_far = sys.argv
    serve(range(int(_first), int(_last) + 1), _who, (_a, _b), int(_calls), (int(_far[0]), int(_far[1])))
