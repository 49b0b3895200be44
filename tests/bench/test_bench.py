"""The bench comes about: every part runs with tiny counts, its judge sees what is missed and what is lost.

How fast anything is, is none of this test's business.
"""

from __future__ import annotations

import math
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.bench.__main__ import PARTS, run_part
from tests.bench.capacity import WORK, Work, build_work, capacity_rows, page
from tests.bench.far_ends import FarEnds
from tests.bench.figures import NONE_LOST, Plan, Row, at_least, at_most, below
from tests.bench.rtpengine import Value, bdecode, bencode

SHARE = 0.002


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_work(tmp_path_factory.mktemp("work"))


@pytest.mark.parametrize("part", sorted(PARTS.keys() - {"capacity"}))
def test_part_runs(part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = run_part(part, Plan(1, SHARE, tmp_path))
    printed = capsys.readouterr().out
    assert rows
    for row in rows:
        assert all(math.isfinite(value) for value in row.values), row
        assert row.what in printed


def test_capacity_is_measured(work: Path) -> None:
    rows = capacity_rows(work.parent, Plan(1, SHARE))
    values = [value for row in rows if isinstance(row, Row) for value in row.values]
    assert len(rows) == len(values) == 1 + len(WORK)
    assert all(math.isfinite(value) for value in values)


@pytest.mark.parametrize(
    ("bar", "values", "missed"),
    [
        (at_most(1.2), (1.1, 1.2, 9.0), False),
        (at_most(1.2), (1.1, 1.21, 1.3), True),
        (below(1), (1.0,), True),
        (at_least(400), (399.0, 400.0, 401.0), False),
        (at_least(400), (399.0, 399.0, 401.0), True),
        (NONE_LOST, (0.0, 0.0, 0.0), False),
        (NONE_LOST, (0.0, 0.0, 1.0), True),
        (None, (5.0,), False),
    ],
)
def test_the_median_is_judged_and_of_loss_every_run(bar: object, values: tuple[float, ...], missed: bool) -> None:
    row = Row("figure", "ms", values, bar)  # type: ignore[arg-type]
    assert row.missed is missed
    assert ("MISSED" in row.line()) is missed


def test_far_ends_count_what_a_relay_loses_and_doubles(tmp_path: Path) -> None:
    """A relay of one call that swallows every tenth packet of A, and sends every tenth of B twice."""
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    with FarEnds(tmp_path, 1, ["8:8"]) as ends, a, b:
        for side in (a, b):
            side.bind(("127.0.0.1", 0))
            side.settimeout(1)
        (far,) = ends.ports
        relays = [
            threading.Thread(target=_pass_on, args=(a, b, far[1], 0)),
            threading.Thread(target=_pass_on, args=(b, a, far[0], 2)),
        ]
        for relay in relays:
            relay.start()
        ends.connect([(a.getsockname()[1], b.getsockname()[1])])
        (carried,) = ends.measure([os.getpid()], 1.0)
        for relay in relays:
            relay.join()
    tenth = carried.sent / 2 / 10
    assert carried.lost == carried.sent - carried.received
    assert abs(carried.lost - tenth) <= 1
    assert abs(carried.doubled - tenth) <= 1
    assert 0 < carried.p50_ms <= carried.p99_ms <= carried.max_ms


def _pass_on(source: socket.socket, out: socket.socket, port: int, tenth: int) -> None:
    """tenth: how often every tenth packet is sent."""
    for number in range(1, 100_000):
        try:
            packet = source.recv(2048)
        except TimeoutError:
            return
        for _ in range(1 if number % 10 else tenth):
            out.sendto(packet, ("127.0.0.1", port))


@pytest.mark.parametrize("kind", [*WORK, Work("", "nonsense", 0, 1)], ids=lambda kind: str(kind.kind))
def test_the_work_that_is_counted_is_done(kind: Work, work: Path) -> None:
    """A packet out for every one in, but for RTCP and the first of a sum."""
    done = subprocess.run([str(work), kind.kind, "100"], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if kind.packets else 2)
    assert int(done.stdout) == pytest.approx(100 * kind.packets, rel=0.02)


def test_the_page_of_capacity_says_what_is_estimated() -> None:
    """A call of 2 packets of 15,000 instructions in the kernel and 30,000 in the engine: 60 us on a Pi 4."""
    counted = {work.kind: 30_000 for work in WORK} | {"packet": 15_000}
    text = page({work.kind: (28.0, 20.0, 21.0) for work in WORK} | {"bare": (7.0,)}, counted)
    call = next(line for line in text.splitlines() if WORK[0].what in line)
    assert call.split("|")[2:-1] == [" 21.0 ", " 667 ", " 60,000 ", " 60 ", " 233 "]
    assert all(work.what in text for work in WORK)
    assert text.count("ESTIMATE") >= 3 and max(map(len, text.splitlines())) <= 130


def test_what_rtpengine_is_told_reads_back() -> None:
    told: Value = {"command": b"offer", "codec": {"mask": [b"PCMA"], "transcode": [b"PCMU"]}, "n": -7}
    data = bencode(told)
    assert data == b"d5:codecd4:maskl4:PCMAe9:transcodel4:PCMUee7:command5:offer1:ni-7ee"
    assert bdecode(data) == (told, len(data))
