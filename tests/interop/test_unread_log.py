"""A flood of log lines, and a terminal stopped with Ctrl-S: calls lose no frame, none is late; new ones are made."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import threading
from pathlib import Path

from tests.interop.living_calls import LivingCalls
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site

F_SETPIPE_SZ = 1031
OWN_DIAL_TONE = '[tones.dial]\npattern = "500+700"\n'


class Log:
    """The log as a pipe of 8 kB that is read or, after `stop_reading`, not."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._fd, F_SETPIPE_SZ, 8192)
        self.read: list[bytes] = []
        self._reading = threading.Event()
        self._reading.set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while self._reading.wait() and not self._over.is_set():
            if not select.select([self._fd], [], [], 0.1)[0]:
                continue
            if octets := os.read(self._fd, 65536):
                self.read.append(octets)
            elif self.read:
                return

    def stop_reading(self) -> None:
        self._reading.clear()

    def read_again(self) -> None:
        self._reading.set()

    def close(self) -> None:
        """Whoever writes to it has ended."""
        self._over.set()
        self._reading.set()
        self._thread.join()
        os.close(self._fd)


def test_calls_go_on_under_a_flood_of_log_lines_read_or_not(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    site = Site(tmp_path, OWN_DIAL_TONE).start()
    try:
        with LivingCalls(site, tmp_path) as calls:
            calls.clear()
            flood(site)
            log.stop_reading()
            flood(site)  # some ten times what the pipe takes
            calls_are_made(site)
            own_dial_tone_is_heard(site)
            calls.heard(150)
            calls.unharmed(150)
    finally:
        log.read_again()
        assert site.process is not None
        site.process.stop()
        log.close()
    assert b"dropped" in b"".join(log.read)


def flood(site: Site) -> None:
    """A line of log each."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for n in range(1000):
            sender.sendto(f"NONSENSE number {n} that is no SIP message\r\n\r\n".encode(), ("127.0.0.1", site.sip_port))


def calls_are_made(site: Site) -> None:
    caller, called = (RawPhone(user, PASSWORDS[user], site.sip_port) for user in ("204", "203"))
    caller.register()
    called.register()
    for _ in range(3):
        assert caller.options().startswith("SIP/2.0 200")
        assert caller.call("203").startswith("SIP/2.0 200")
        assert caller.bye().startswith("SIP/2.0 200")
    caller.stop()
    called.stop()


def own_dial_tone_is_heard(site: Site) -> None:
    site.phone("fxs2", "lift")

    def heard_hz() -> list[float]:
        return sorted(round(hz, -1) for hz, _ in site.phone("fxs2", "state")["tones"])

    eventually("the dial tone of the settings", lambda: heard_hz() == [500, 700], 5)
    site.phone("fxs2", "hangup")
