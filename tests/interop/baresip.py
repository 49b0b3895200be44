"""baresip 1.0 as a headless SIP telephone that a test directs.

It is driven by its ctrl_tcp module (netstrings of JSON) and records both directions
of every call as WAV files with its sndfile module, so that a test can judge what was heard.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.interop.host import LOOPBACK, Host
from tests.interop.processes import Process, eventually, free_port, free_rtp_range
from tests.interop.soft_phone import Account
from tests.interop.sounds import RATE_HZ, Samples, read_wav, sine, write_wav

MODULES = Path("/usr/lib/baresip/modules")


class Baresip:
    """One account on one baresip process; it says a 1 kHz tone at -10 dBm0 until `say` tells it otherwise.

    answer: "manual" or "auto". codecs: as baresip names them; with G722 first it hears and speaks at 16 kHz. Digits
    go by RFC 4733 only. After a hold it plays to nobody (version 1.0 gives its player away when the media change), so
    that its ear is then judged by digits. machine: where it lives.
    """

    ear_survives_hold = False

    def __init__(
        self, folder: Path, account: Account, answer: str = "manual", *, codecs: str = "pcma", machine: Host = LOOPBACK
    ) -> None:
        self.account = account
        self.codecs = codecs
        self.rate_hz = 16000 if codecs.startswith("G722") else RATE_HZ
        self.machine = machine
        self.folder = folder / f"baresip-{account.user}-{free_port()}"
        self.folder.mkdir()
        self.control_port = free_port(socket.SOCK_STREAM)
        self._wav = write_wav(self.folder / "say.wav", sine(1000, 60, rate_hz=self.rate_hz), self.rate_hz)
        self._write_settings(answer)
        self.events: list[dict[str, Any]] = []
        self._begin = 0
        self.process = Process(
            "baresip", machine.argv(["baresip", "-f", str(self.folder), "-v", "-s"]), self.folder / "log"
        )
        self._socket = eventually("baresip control port", self._connect)
        self._replies: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, name=f"baresip-{account.user}", daemon=True)
        self._reader.start()

    def _write_settings(self, answer: str) -> None:
        account = self.account
        first, last = free_rtp_range(20)
        ip, host = (account.ip, account.host) if self.machine is LOOPBACK else (self.machine.ip, self.machine.ip)
        (self.folder / "config").write_text(
            f"poll_method epoll\nsip_listen {host}:{free_port()}\ncall_max_calls 8\ncall_local_timeout 120\n"
            f"audio_player aubridge,nowhere\naudio_source aufile,{self._wav}\naudio_alert aubridge,alert\n"
            f"ausrc_srate {self.rate_hz}\nauplay_srate {self.rate_hz}\nausrc_channels 1\nauplay_channels 1\n"
            f"rtp_ports {first}-{last}\nnet_interface {ip}\njitter_buffer_delay 0-0\n"
            + (f"sip_cafile {account.ca}\n" if account.ca else "")
            + f"module_path {MODULES}\nmodule g711.so\nmodule g722.so\nmodule aufile.so\n"
            f"module aubridge.so\nmodule sndfile.so\n"
            f"module_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
            f"ctrl_tcp_listen 127.0.0.1:{self.control_port}\nsnd_path {self.folder}\n"
        )
        (self.folder / "accounts").write_text(
            f"<{account.uri(account.user)}>;auth_user={account.user};auth_pass={account.password};"
            f"regint=60;audio_codecs={self.codecs};answermode={answer};ptime=20\n"
        )
        (self.folder / "contacts").write_text("")

    def _connect(self) -> socket.socket:
        assert self.process.alive(), self.process.output()
        connection = self.machine.socket(socket.SOCK_STREAM)
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self.control_port))
        except OSError:
            connection.close()
            raise
        return connection

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

    def wait_event(self, *kinds: str, timeout_s: float = 10.0, after: int = 0) -> dict[str, Any]:
        """The first event of one of these types among events[after:], waited for."""

        def find() -> dict[str, Any] | None:
            return next((e for e in self.events[after:] if e.get("type") in kinds), None)

        found = eventually(f"baresip {self.account.user}: {' or '.join(kinds)}", find, timeout_s)
        assert found is not None
        return found

    def output(self) -> str:
        return self.process.output()

    # -- as every telephone ------------------------------------------------------------
    def registered(self) -> Baresip:
        eventually(f"{self.account.user} registered", lambda: re.search(r"200 OK \(.*\) \[", self.output()))
        return self

    def say(self, samples: Samples) -> None:
        """samples: at `rate_hz`."""
        write_wav(self._wav, samples, self.rate_hz)

    def dial(self, number: str) -> None:
        self.command("dial", self.account.uri(number))

    def wait_incoming(self) -> None:
        self.wait_event("CALL_INCOMING", after=self._begin)

    def accept(self) -> None:
        self.command("accept")

    def wait_up(self) -> None:
        self.wait_event("CALL_ESTABLISHED", after=self._begin)

    def hold(self) -> None:
        self.command("hold")

    def resume(self) -> None:
        self.command("resume")

    def send_digit(self, digit: str) -> None:
        self.command("sndcode", digit)

    def digits_heard(self) -> str:
        return "".join(e["param"] for e in self.events[self._begin :] if e["type"] == "CALL_DTMF_START")

    def hangup(self) -> None:
        self.command("hangup")

    def wait_closed(self) -> None:
        self.wait_event("CALL_CLOSED", after=self._begin)
        self._begin = len(self.events)
        for path in self.recordings("dec"):  # its names tell the second only: the next call may want the same
            path.rename(path.with_name(f"old-{self._begin}-{path.name}"))

    def heard(self) -> Samples:
        """After a hold the same call goes on in a new file."""
        return np.concatenate([np.zeros(0), *(read_wav(path) for path in self.recordings("dec"))])

    def recordings(self, direction: str) -> list[Path]:
        """WAV files of the newest call; direction "dec" is what it heard, "enc" what it said."""
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
