"""A disk that blocks under recording and player, and a core killed while it records. Real time, real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.firmware_media.judge import encode, rtp, sine, spectrum
from tests.firmware_media.test_players import linear, tone, wav
from tests.firmware_media.test_recorders import channels
from tests.interop.bare_relay import BareRelay
from tests.interop.rtp_crowd import RtpCrowd

SHIM = Path(__file__).parent / "native/slow_disk.c"
HEARER, RELAY_SENDER, RELAY_HEARER = range(3)


class Core:
    """The process, a far end that counts what it hears (and a bare relay beside it), another that says 700 Hz."""

    def __init__(self, folder: Path) -> None:
        shim = folder / "slow_disk.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(shim), str(SHIM), "-ldl"], check=True)
        wav(folder / "music.wav", linear(tone(500, 3000)))
        self.blocked = folder / "blocked"
        self.audio = RtpCrowd(folder, 3)
        self.relay = BareRelay(folder, self.audio, RELAY_SENDER, RELAY_HEARER)
        self._speaker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._speaker.bind(("127.0.0.1", 0))
        ports = [str(self.audio.ports[HEARER]), str(self._speaker.getsockname()[1])]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.firmware_media.slow_disk_core", *ports, str(folder)],
            env={**os.environ, "LD_PRELOAD": str(shim), "SLOW_DISK": str(self.blocked)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self._port = int(self.process.stdout.readline().split()[1])
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say)
        self._thread.start()

    def _say(self) -> None:
        start, n = time.perf_counter(), 0
        while not self._over.wait(max(0.0, start + n * 0.02 - time.perf_counter())):
            payload = encode("PCMA", sine(700, 20, -10, 2 * np.pi * 700 * n * 0.02))
            self._speaker.sendto(rtp(n, 160 * n, payload), ("127.0.0.1", self._port))
            n += 1

    def wait_for(self, packets: int) -> None:
        """Until the far end has heard so many since `clear`."""
        while self.audio.report()[HEARER].received < packets:
            assert self.process.poll() is None
            self._over.wait(0.02)

    def errors(self) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._speaker.close()
        self.relay.stop()
        self.audio.stop()
        self.blocked.unlink(missing_ok=True)
        self.process.communicate(timeout=20)


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path)
    yield core
    core.close()


def test_two_seconds_of_blocked_disk_cost_no_frame_and_no_sound(core: Core, tmp_path: Path) -> None:
    core.wait_for(60)
    core.audio.clear()
    before = (tmp_path / "call.wav").stat().st_size
    core.blocked.touch()
    core.wait_for(105)
    assert (tmp_path / "call.wav").stat().st_size - before < 16000  # it was blocked indeed
    core.blocked.unlink()
    core.wait_for(190)
    core.relay.unharmed((HEARER,), 180)
    assert core.errors() == "[]"
    core.close()
    said, music = channels(tmp_path / "call.wav")
    assert len(music) >= 250 * 160
    for at in range(4000, 250 * 160 - 800, 800):
        assert spectrum(music[at : at + 800])[0][0] == pytest.approx(500, abs=5)
        assert spectrum(said[at : at + 800])[0][0] == pytest.approx(700, abs=15)  # its sender is a busy Python


def test_a_killed_core_leaves_a_good_file(core: Core, tmp_path: Path) -> None:
    core.wait_for(130)
    core.process.kill()
    core.close()
    _, music = channels(tmp_path / "call.wav")
    assert len(music) >= 8000
    assert spectrum(music[-4000:])[0][0] == pytest.approx(500, abs=2)
