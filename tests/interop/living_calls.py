"""Two calls that must not notice what a test does to the house: one between SIP telephones, one from a line.

A C process with a socket for each end sends and counts their frames, by sequence number and the kernel's time of
arrival; beside it the same frames go through a bare relay (`bare_relay.py`).
"""

from __future__ import annotations

from pathlib import Path

from tests.interop.bare_relay import BareRelay
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.rtp_crowd import Heard, RtpCrowd
from tests.interop.site import PASSWORDS, Site

CALLER, CALLED, FROM_LINE, SENDER, HEARER = range(5)


class LivingCalls:
    """201 calls 202, and the telephone at fxs1 calls 203. `with LivingCalls(site, folder) as calls:`"""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._audio = RtpCrowd(folder, 5)
        self._relay = BareRelay(folder, self._audio, SENDER, HEARER)
        self._phones = [
            RawPhone(user, PASSWORDS[user], site.sip_port, audio_port=self._audio.ports[end])
            for user, end in (("201", CALLER), ("202", CALLED), ("203", FROM_LINE))
        ]

    def __enter__(self) -> LivingCalls:
        try:
            for phone in self._phones:
                phone.register()
            assert self._phones[CALLER].call("202").startswith("SIP/2.0 200")
            self._site.phone("fxs1", "lift")
            self._site.phone("fxs1", "dial", digits="203")
            eventually("203 answers", lambda: self._phones[FROM_LINE].media[1], 10)
            for end, phone in enumerate(self._phones):
                self._audio.send_to(end, phone.media[1])
            self.heard(50)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def heard(self, frames: int) -> None:
        """Wait until every end has heard so many frames since `clear`."""
        eventually("frames at every end", lambda: all(heard.received >= frames for heard in self._hearing()), 30)

    def _hearing(self) -> list[Heard]:
        return [heard for heard in self._audio.report() if heard.index != SENDER]

    def clear(self) -> None:
        self._audio.clear()

    def unharmed(self, least: int) -> None:
        """Every end got `least` frames or more since `clear`, none is missing and none was late."""
        for heard in self._relay.unharmed((CALLER, CALLED, FROM_LINE), least):
            print(heard)

    def stop(self) -> None:
        for phone in self._phones:
            phone.stop()
        self._relay.stop()
        self._audio.stop()
