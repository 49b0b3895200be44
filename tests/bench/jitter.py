"""The jitter buffer's curve, drawn to docs/jitter.svg, and what a block of 5 ms costs in it.

    python -m tests.bench jitter

Networks, judge and seeds are those of `tests/firmware_media/test_jitter_networks.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from firmware.media._engine import ffi, lib
from tests.bench.figures import Plan, Row, at_most, below, repeat
from tests.bench.plot import Curve, Panel, draw
from tests.firmware_media.network import NETWORKS, delays_heard_ms, delays_ms, new_buffer, noise, play

JITTER_MS = range(0, 201, 20)
PACKETS = 6000
SETTLED_S = 10
BLOCKS = 40_000
COLOURS = {"uniform": "#1b6ca8", "spikes": "#b4431f", "wifi": "#2e7d4f"}


def sweep(plan: Plan) -> list[Row]:
    """Delay and late packets over jitter, behind each network; every run has seeds of its own."""
    sent = noise(plan.count(PACKETS, 800) * 20)
    delays = Panel("Delay made, ms", 0, 240, bar=None)
    late = Panel("Late packets, %", 0, 1.2, bar=1.0)
    delays.curves.append(Curve("99th percentile + 20 ms", "#888", [(0.0, 20.0), (200.0, 220.0)], dashed=True))
    rows = []
    for network in NETWORKS:
        mean_ms: list[tuple[float, float]] = []
        share: list[tuple[float, float]] = []
        over: list[float] = []
        for jitter_ms in JITTER_MS if plan.whole else JITTER_MS[:2]:
            found = [_run(sent, network, jitter_ms, seed) for seed in range(plan.runs)]
            mean_ms.append((jitter_ms, float(np.mean([delay for delay, _ in found]))))
            share.append((jitter_ms, float(np.mean([percent for _, percent in found]))))
            over += [delay - jitter_ms for delay, _ in found]
        delays.curves.append(Curve(network, COLOURS[network], mean_ms))
        late.curves.append(Curve(network, COLOURS[network], share))
        rows.append(Row(f"jitter buffer, {network}: delay above 99 %", "ms", tuple(over), at_most(20)))
        rows.append(Row(f"jitter buffer, {network}: late", "%", tuple(percent for _, percent in share), below(1)))
    picture = draw("Adaptive jitter buffer", "Jitter (99th percentile), ms", (0, 200), [delays, late])
    (plan.docs / "jitter.svg").write_text(picture)
    return rows


def _run(sent: np.ndarray, network: str, jitter_ms: float, seed: int) -> tuple[float, float]:
    packets = len(sent) // 160
    heard = play(sent, np.arange(packets) * 20 + delays_ms(network, jitter_ms, packets, seed))
    return float(delays_heard_ms(sent, heard.signal)[SETTLED_S:].mean()), 100 * heard.late / packets


def _block_us(ppm: float, lost: float, blocks: int) -> float:
    """CPU of one block: a put every fourth, a get; the call from Python, some 0.3 us, included."""
    buffer, octets = new_buffer(), bytes(range(160))
    coded, pcm = ffi.new("uint8_t[40]"), ffi.new("int16_t[40]")
    gone = np.random.default_rng(1).uniform(size=blocks) < lost
    spent, n = 0, 0
    for block in range(blocks):
        begin = time.process_time_ns()
        while n * 20 / (1 + ppm * 1e-6) <= block * 5:
            if not gone[n]:
                lib.jitter_put(buffer, n * 160, octets, 160, 0)
            n += 1
        lib.jitter_get(buffer, coded, pcm)
        spent += time.process_time_ns() - begin
    return spent / blocks / 1000


def jitter_rows(_: Path, plan: Plan) -> list[Row]:
    """CPU per block, then the sweep; writes docs/jitter.svg."""
    blocks = plan.count(BLOCKS)
    kinds: dict[str, Callable[[], float]] = {
        "steady": lambda: _block_us(0, 0, blocks),
        "resampled (200 ppm)": lambda: _block_us(200, 0, blocks),
        "5 % lost": lambda: _block_us(0, 0.05, blocks),
    }
    cost = [Row(f"jitter buffer, block of 5 ms, {name}", "us", repeat(plan.runs, run)) for name, run in kinds.items()]
    return cost + sweep(plan)
