"""A terminal stopped with Ctrl-S stops no call: the house goes on while nobody takes its log."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site

F_SETPIPE_SZ = 1031


def test_calls_go_on_while_nobody_reads_the_log(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, F_SETPIPE_SZ, 8192)
    heard: list[bytes] = []

    def read_at_last() -> None:
        while octets := os.read(reader, 65536):
            heard.append(octets)

    site = Site(tmp_path).start()
    try:
        caller, called = (RawPhone(user, PASSWORDS[user], site.sip_port) for user in ("201", "202"))
        caller.register()
        called.register()
        for n in range(1000):  # a line of log each, some ten times what the pipe takes
            caller.send(f"NONSENSE number {n} that is no SIP message\r\n\r\n")
        for _ in range(3):
            assert caller.options().startswith("SIP/2.0 200")
            assert caller.call("202").startswith("SIP/2.0 200")
            assert caller.bye().startswith("SIP/2.0 200")
        caller.stop()
        called.stop()
    finally:
        os.set_blocking(reader, True)
        reading = threading.Thread(target=read_at_last)
        reading.start()
        assert site.process is not None
        site.process.stop()
        reading.join()
        os.close(reader)
    assert b"dropped" in b"".join(heard)
