"""The same frames through a bare C relay, at the same time: what this machine makes late today, whoever relays.

Uses `tests/bench/relay.c` and two ends of a crowd (`rtp_crowd.py`).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.interop.rtp_crowd import Heard, RtpCrowd

SOURCE = Path(__file__).parents[1] / "bench/relay.c"
LATE_MS = 100.0
"""So much later than by the bare relay is late: what a telephone's jitter buffer forgives, a third of a held GIL."""


class BareRelay:
    """sender and hearer: two ends of the crowd between which it relays, from now on."""

    def __init__(self, folder: Path, crowd: RtpCrowd, sender: int, hearer: int) -> None:
        program = folder / "bare_relay"
        subprocess.run(["gcc", "-Wall", "-Werror", "-O2", "-o", str(program), str(SOURCE)], check=True)
        self._crowd, self._hearer = crowd, hearer
        ports = [str(crowd.ports[end]) for end in (sender, hearer)]
        self._process = subprocess.Popen([str(program), "1", *ports], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        crowd.send_to(sender, int(self._process.stdout.readline().split()[0]))

    def unharmed(self, ends: tuple[int, ...], least: int) -> list[Heard]:
        """Since the crowd's last `clear`, each of these ends got `least` frames or more, all there were, none late."""
        reports = self._crowd.report()
        late_ms = reports[self._hearer].late_ms + LATE_MS
        assert reports[self._hearer].received >= least, "the bare relay was not fed"
        for heard in (reports[end] for end in ends):
            assert heard.received >= least, heard
            assert (heard.missing, heard.reordered) == (0, 0), heard
            assert heard.late_ms < late_ms, (heard, reports[self._hearer])
        return [reports[end] for end in ends]

    def stop(self) -> None:
        """Stopping again does nothing."""
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
