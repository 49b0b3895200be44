"""baresip 1.0 as a headless SIP telephone that a test directs.

It is driven by its ctrl_tcp module (netstrings of JSON) and records both directions
of every call as WAV files with its sndfile module, so that a test can judge what was heard.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

from tests.interop.processes import Process, eventually, free_port, free_rtp_range

MODULES = Path("/usr/lib/baresip/modules")


class Baresip:
    """One account on one baresip process. `wav` is what it says into every call (8 kHz mono)."""

    def __init__(self, folder: Path, user: str, password: str, server_port: int, wav: Path, answer: str = "manual"):
        self.user = user
        self.folder = folder / f"baresip-{user}-{free_port()}"
        self.folder.mkdir()
        self.sip_port = free_port()
        self.control_port = free_port(socket.SOCK_STREAM)
        self.server_port = server_port
        self._write_settings(password, wav, answer)
        self.events: list[dict[str, Any]] = []
        self.process = Process("baresip", ["baresip", "-f", str(self.folder), "-v"], self.folder / "log")
        self._socket = eventually("baresip control port", self._connect)
        self._replies: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, name=f"baresip-{user}", daemon=True)
        self._reader.start()

    def _write_settings(self, password: str, wav: Path, answer: str) -> None:
        first, last = free_rtp_range(20)
        (self.folder / "config").write_text(
            f"poll_method epoll\nsip_listen 127.0.0.1:{self.sip_port}\ncall_max_calls 8\ncall_local_timeout 120\n"
            f"audio_player aubridge,nowhere\naudio_source aufile,{wav}\naudio_alert aubridge,alert\n"
            f"ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\n"
            f"rtp_ports {first}-{last}\nnet_interface 127.0.0.1\naudio_jitter_buffer_delay 0-1\n"
            f"module_path {MODULES}\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n"
            f"module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
            f"ctrl_tcp_listen 127.0.0.1:{self.control_port}\nsnd_path {self.folder}\n"
        )
        (self.folder / "accounts").write_text(
            f"<sip:{self.user}@127.0.0.1:{self.server_port}>;auth_user={self.user};auth_pass={password};"
            f"regint=60;audio_codecs=pcma;answermode={answer};ptime=20\n"
        )
        (self.folder / "contacts").write_text("")

    def _connect(self) -> socket.socket:
        assert self.process.alive(), self.process.output()
        return socket.create_connection(("127.0.0.1", self.control_port), timeout=2)

    def _read(self) -> None:
        data = b""
        self._socket.settimeout(None)
        while True:
            try:
                chunk = self._socket.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            data += chunk
            while (colon := data.find(b":")) > 0 and len(data) > colon + 1 + int(data[:colon]):
                end = colon + 1 + int(data[:colon])
                message = json.loads(data[colon + 1 : end])
                data = data[end + 1 :]
                (self.events if message.get("event") else self._replies).append(message)

    def command(self, name: str, params: str = "") -> dict[str, Any]:
        """Run a menu command (dial, accept, hangup, hold, resume, sndcode …) and return its reply."""
        seen = len(self._replies)
        body = json.dumps({"command": name, "params": params}).encode()
        self._socket.sendall(b"%d:%s," % (len(body), body))
        eventually(f"baresip's reply to {name}", lambda: len(self._replies) > seen, 5)
        return self._replies[seen]

    def wait_event(self, kind: str, timeout_s: float = 10.0, after: int = 0) -> dict[str, Any]:
        """The first event of type `kind` among events[after:], waited for."""

        def find() -> dict[str, Any] | None:
            return next((e for e in self.events[after:] if e.get("type") == kind), None)

        found = eventually(f"baresip {self.user}: {kind}", find, timeout_s)
        assert found is not None
        return found

    def registered(self) -> Baresip:
        eventually(f"{self.user} registered", lambda: "200 OK () [" in self.process.output())
        return self

    def dial(self, number: str) -> None:
        self.command("dial", f"sip:{number}@127.0.0.1:{self.server_port}")

    def recordings(self, direction: str) -> list[Path]:
        """WAV files of finished or running calls; direction "dec" is what it heard, "enc" what it said."""
        return sorted(self.folder.glob(f"dump-*-{direction}.wav"))

    def stop(self) -> None:
        if self.process.alive():
            try:
                self.command("quit")
            except (OSError, AssertionError):
                pass
            deadline = time.monotonic() + 2
            while self.process.alive() and time.monotonic() < deadline:
                time.sleep(0.02)
        self.process.stop()
        self._socket.close()
