"""The telephone on a simulated line of a site, in the words of somebody who uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import read_wav, sine, tone_level_dbm0, write_wav


class Handset:
    """port: "fxs1" …; folder: where recordings of what was said and heard may go."""

    def __init__(self, site: Site, folder: Path, port: str = "fxs1") -> None:
        self._site, self._folder, self.port = site, folder, port

    def lift(self) -> None:
        """Lift, and wait for core's reaction."""
        self._site.phone(self.port, "lift")
        self._site.noticed(self.port)

    def dial(self, digits: str) -> None:
        self._site.phone(self.port, "dial", digits=digits)

    def hang_up(self) -> None:
        self._site.phone(self.port, "hangup")

    def wait_state(self, state: str, timeout_s: float = 5.0) -> None:
        """Until core says so of this line: "idle", "ringing", "ringback", "talking", "busy" …"""
        eventually(f"{self.port} is {state}", lambda: self._site.port(self.port)["state"] == state, timeout_s)

    def answer(self) -> None:
        """Lift when the bell is heard."""
        eventually(f"{self.port} rings", lambda: self._site.phone(self.port, "state")["ringing"], 5)
        self.lift()

    def hears_dbm0(self, hz: float, seconds: float = 0.3) -> float:
        """The level of `hz` in the ear from now on."""
        wav = self._folder / f"{self.port}-heard.wav"
        self._site.phone(self.port, "hear", seconds=seconds, file=str(wav))
        return tone_level_dbm0(read_wav(wav), hz)

    def wait_tone(self, hz: float, within_s: float = 5.0) -> None:
        """Until 0.3 s of `hz` at -10 dBm0, give or take 1.5 dB, were heard."""
        wait_level(f"{hz} Hz at {self.port}", lambda: self.hears_dbm0(hz), within_s)

    def say(self, hz: float, seconds: float = 0.7) -> None:
        """A tone of -10 dBm0 into the mouthpiece, until it is over."""
        self._site.phone(self.port, "say", file=str(write_wav(self._folder / "say.wav", sine(hz, seconds))))

    def wait_digits(self, digits: str, within_s: float = 5.0) -> None:
        """Until these are the last ones in the ear, decoded on the copper."""

        def heard() -> bool:
            lately = str(self._site.phone(self.port, "state")["digits_heard"])
            assert lately.endswith(digits), lately
            return True

        eventually(f"{self.port} heard {digits}", heard, within_s)


def wait_level(what: str, measure_dbm0: Callable[[], float], within_s: float = 5.0) -> None:
    """Until it measures -10 dBm0, give or take 1.5 dB: the level at which every tone of these tests is sent."""

    def measured() -> bool:
        level = measure_dbm0()
        assert abs(level + 10) < 1.5, f"{level:.1f} dBm0"
        return True

    eventually(what, measured, within_s)
