"""The scanner's own thread, in real time: it keeps its deadlines while Python holds the GIL, and wakes the loop."""

from __future__ import annotations

import ctypes
import select
import subprocess
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.bus import Bus
from drivers.errors import BusError
from drivers.ports import HookProfile, OffHook
from drivers.scanner import Scanner, ScannerPort

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "drivers" / "native"


class BareCard:
    """native/bare_card.c with a scanner's thread on it."""

    def __init__(self, library: Path) -> None:
        self.library = ctypes.CDLL(str(library))
        self.bus = Bus.in_process(ctypes.addressof(ctypes.c_char.in_dll(self.library, "bare_card")))
        self.scanner = Scanner(self.bus)
        self.port: ScannerPort = self.scanner.add("fxs1", 0, HookProfile())
        self.scanner.start()

    def linefeeds(self) -> list[tuple[float, int]]:
        """Writes of DR64 since the last call: ms, code."""
        times, values = (ctypes.c_longlong * 256)(), (ctypes.c_ubyte * 256)()
        count = self.library.bare_card_writes(times, values)
        return [(times[n] / 1000, values[n]) for n in range(count)]

    def close(self) -> None:
        self.scanner.close()
        self.bus.close()


@pytest.fixture
def card(tmp_path: Path) -> Iterator[BareCard]:
    library = tmp_path / "bare_card.so"
    source = HERE / "native" / "bare_card.c"
    options = ["-std=c11", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", f"-I{NATIVE}"]
    subprocess.run(["gcc", *options, "-o", library, source, "-lpthread"], check=True)
    card = BareCard(library)
    yield card
    card.close()


def hold_the_gil(ms: int) -> None:
    """A C call that keeps the GIL, as a badly written extension would."""
    ctypes.PyDLL(None).usleep(ms * 1000)


def test_a_held_gil_disturbs_no_cadence(card: BareCard) -> None:
    card.port.ring([60, 40])
    polls = card.library.bare_card_polls()
    hold_the_gil(600)
    assert card.library.bare_card_polls() - polls >= 200
    writes = card.linefeeds()
    assert [code for _, code in writes[:4]] == [4, 2, 4, 2]
    assert len(writes) >= 11
    gaps = [b[0] - a[0] for a, b in pairwise(writes)]
    # A loaded machine may delay a write, but the grid is absolute: delays never add up.
    assert abs(sum(gaps[:10]) - 500) < 20
    assert sorted(abs(gap - (40 if n % 2 else 60)) for n, gap in enumerate(gaps))[len(gaps) // 2] < 4


def test_a_lifted_telephone_wakes_whoever_waits(card: BareCard) -> None:
    lifted = threading.Timer(0.05, card.library.bare_card_set, (68, 1))
    lifted.start()
    ready, _, _ = select.select([card.scanner.fileno()], [], [], 5)
    assert ready
    (event,) = card.scanner.drain()
    assert isinstance(event, OffHook)
    assert abs(event.at_s * 1e6 - card.bus.now_us()) < 1e6
    assert not select.select([card.scanner.fileno()], [], [], 0)[0]
    lifted.join()


def test_a_scanner_starts_once_and_ends_when_closed(card: BareCard) -> None:
    with pytest.raises(BusError, match="scanner thread does not start"):
        card.scanner.start()
    card.scanner.close()
    polls = card.library.bare_card_polls()
    hold_the_gil(20)
    assert card.library.bare_card_polls() == polls
    with pytest.raises(BusError, match="the scanner is closed"):
        card.scanner.drain()
