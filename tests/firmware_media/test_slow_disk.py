"""A disk that blocks under recording and player, and a core killed while it records. Real time, real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.firmware_media.judge import encode, parse, rtp, sine, spectrum
from tests.firmware_media.test_players import linear, tone, wav
from tests.firmware_media.test_recorders import channels

SHIM = Path(__file__).parent / "native/slow_disk.c"


class Core:
    """The process, and a far end that says 700 Hz and collects (arrival in s, sequence) of what it is sent."""

    def __init__(self, folder: Path) -> None:
        shim = folder / "slow_disk.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(shim), str(SHIM), "-ldl"], check=True)
        wav(folder / "music.wav", linear(tone(500, 3000)))
        self.blocked = folder / "blocked"
        self._far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.bind(("127.0.0.1", 0))
        self._far.settimeout(0.2)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.firmware_media.slow_disk_core", str(self._far.getsockname()[1]), str(folder)],
            env={**os.environ, "LD_PRELOAD": str(shim), "SLOW_DISK": str(self.blocked)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._port = int(self.process.stdout.readline())
        self.came: list[tuple[float, int]] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._hear, self._say)]
        for thread in self._threads:
            thread.start()

    def _hear(self) -> None:
        while not self._over.is_set():
            try:
                data = self._far.recv(2048)
            except TimeoutError:
                continue
            if data[1] & 127 == 8:
                self.came.append((time.perf_counter(), parse(data)[2]))

    def _say(self) -> None:
        start, n = time.perf_counter(), 0
        while not self._over.wait(max(0.0, start + n * 0.02 - time.perf_counter())):
            payload = encode("PCMA", sine(700, 20, -10, 2 * np.pi * 700 * n * 0.02))
            self._far.sendto(rtp(n, 160 * n, payload), ("127.0.0.1", self._port))
            n += 1

    def wait_for(self, packets: int) -> None:
        while len(self.came) < packets:
            assert self.process.poll() is None
            self._over.wait(0.02)

    def errors(self) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._far.close()
        self.blocked.unlink(missing_ok=True)
        self.process.communicate(timeout=20)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path)
    yield core
    core.close()


def test_two_seconds_of_blocked_disk_cost_no_frame_and_no_sound(core: Core, tmp_path: Path) -> None:
    core.wait_for(60)
    before = (tmp_path / "call.wav").stat().st_size
    core.blocked.touch()
    core.wait_for(165)
    assert (tmp_path / "call.wav").stat().st_size - before < 16000  # it was blocked indeed
    core.blocked.unlink()
    core.wait_for(250)
    assert core.errors() == "[]"
    core.close()
    assert {(b[1] - a[1]) & 0xFFFF for a, b in pairwise(core.came)} == {1}
    assert max(b[0] - a[0] for a, b in pairwise(core.came)) < 0.5  # a blocked thread would make it 2 s
    said, music = channels(tmp_path / "call.wav")
    assert len(music) >= 250 * 160
    for at in range(4000, 250 * 160 - 800, 800):
        assert spectrum(music[at : at + 800])[0][0] == pytest.approx(500, abs=5)
        assert spectrum(said[at : at + 800])[0][0] == pytest.approx(700, abs=5)


def test_a_killed_core_leaves_a_good_file(core: Core, tmp_path: Path) -> None:
    core.wait_for(130)
    core.process.kill()
    core.close()
    _, music = channels(tmp_path / "call.wav")
    assert len(music) >= 8000
    assert spectrum(music[-4000:])[0][0] == pytest.approx(500, abs=2)
