"""A whole Tipring on the simulated board, started as a user starts it: `tipring run`.

Every site has its own folder, socket and free ports, so that tests do not meet. What
it prints goes to a log that is shown when a test fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

from boards.description import load as describe
from drivers.sim.rig_client import RigClient
from firmware.control.client import call_core
from tests.interop.host import LOOPBACK, Host
from tests.interop.processes import Process, eventually, free_port, free_rtp_range
from tests.interop.soft_phone import Account
from tests.sip.certificates import Authority

TIPRING = Path(__file__).resolve().parents[2] / ".venv/bin/tipring"
PASSWORDS = {user: f"secret-{user}" for user in ("201", "202", "203", "204")}


def ha1(user: str, algorithm: str) -> str:
    """The digest secret of a user, computed here on its own (RFC 7616 3.4.2)."""
    return hashlib.new(algorithm, f"{user}:tipring:{PASSWORDS[user]}".encode()).hexdigest()


class Site:
    """`with Site(tmp_path) as site:` runs until the block ends; extra settings are appended to the file.

    line_extra: settings of every telephone line. authority: with it, SIP is also taken over TLS and on the IPv6
    loopback. host: the machine it runs on.
    board: a name of boards/; its telephones are 101, 102 and so on, calls from
    outside ring 101.
    """

    def __init__(
        self,
        folder: Path,
        extra: str = "",
        *,
        sip_extra: str = "",
        media_extra: str = "",
        line_extra: str = "",
        rtp_pairs: int = 40,
        host: Host = LOOPBACK,
        authority: Authority | None = None,
        board: str = "sim",
    ) -> None:
        self.board = board
        self.ports = [port.name for port in describe(board).ports]
        self.folder = folder
        self.host = host
        self.authority = authority
        self.listen = "127.0.0.1" if host is LOOPBACK else "0.0.0.0"
        self.sip_port = free_port() if host is LOOPBACK else 5060
        self.tls_port = free_port(socket.SOCK_STREAM) if authority else 0
        self.web_port = free_port(socket.SOCK_STREAM)
        self.rtp_first, self.rtp_last = free_rtp_range(rtp_pairs)
        self.run_folder = folder / "run"
        self.run_folder.mkdir(mode=0o700)
        self.data_folder = folder / "data"
        self.settings = folder / "tipring.toml"
        self.settings.write_text(self._settings_text(sip_extra, media_extra, line_extra) + extra)
        self.environment = {
            **os.environ,
            "TIPRING_SOCKET": str(self.run_folder / "core.sock"),
            "LANG": "C.UTF-8",
        }
        self.process: Process | None = None

    def _sip_text(self) -> str:
        if self.authority is None:
            return f'[sip]\nlisten = "{self.listen}"\nudp_port = {self.sip_port}\n'
        certificate, key = self.authority.sign("site", "DNS:localhost,IP:127.0.0.1,IP:::1")
        return (
            f'[sip]\nlisten = ["127.0.0.1", "::1"]\nudp_port = {self.sip_port}\ntls_port = {self.tls_port}\n'
            f'tls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_ca = "{self.authority.certificate}"\n'
        )

    def _settings_text(self, sip_extra: str, media_extra: str, line_extra: str) -> str:
        users = "".join(
            f'[users.{user}]\nname = "User {user}"\n'
            f'ha1_md5 = "{ha1(user, "md5")}"\nha1_sha256 = "{ha1(user, "sha256")}"\n'
            for user in PASSWORDS
        )
        return (
            'country = "es"\nlanguage = "en"\n'
            f"{self._sip_text()}{sip_extra}"
            f"[media]\nrtp_first = {self.rtp_first}\nrtp_last = {self.rtp_last}\n{media_extra}"
            f"[web]\nport = {self.web_port}\n"
            + "".join(
                f"[lines.{port}]\n"
                + ('target = "101"\n' if port.startswith("fxo") else f'number = "10{at}"\n{line_extra}')
                for at, port in enumerate(self.ports, 1)
            )
            + users
        )

    # -- life --------------------------------------------------------------------------
    def start(self) -> Site:
        argv = [str(TIPRING), "run", "--config", str(self.settings), "--data", str(self.data_folder)]
        argv += ["--board", self.board]
        self.process = Process("tipring", self.host.argv(argv), self.folder / "log", env=self.environment)
        eventually("all lines in service", self._ready, 20)
        return self

    def _ready(self) -> bool:
        assert self.process is not None
        if not self.process.alive():
            raise RuntimeError(f"tipring run ended:\n{self.process.output()}")
        ports = self.status()["ports"]
        return len(ports) == len(self.ports) and all(p["in_service"] for p in ports)

    def __enter__(self) -> Site:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        assert self.process is not None
        self.process.stop()
        if exc[0] is not None:
            print(self.process.output()[-20000:])

    def terminate(self) -> int:
        """SIGTERM to `tipring run`; its exit status."""
        assert self.process is not None
        return self.process.stop()

    def log(self) -> str:
        """All it has printed."""
        assert self.process is not None
        return self.process.output()

    # -- talking to it -----------------------------------------------------------------
    def tipring(self, *argv: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line against this site."""
        return subprocess.run(
            [str(TIPRING), *argv],
            check=False,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def core(self, do: str, **args: Any) -> Any:
        return call_core(do, args, path=self.run_folder / "core.sock")

    def status(self) -> dict[str, Any]:
        result = self.core("status")
        assert isinstance(result, dict)
        return result

    def rig(self, do: str, **args: Any) -> dict[str, Any]:
        return RigClient(self.run_folder / "simboard.rig").call(do, **args)

    def account(self, user: str, way: str = "UDP") -> Account:
        """The account of `user` here. way: "UDP", "TCP", "TLS", or "IPv6" for UDP over it."""
        if way == "TLS":
            assert self.authority is not None
            return Account(user, PASSWORDS[user], self.tls_port, transport="tls", ca=self.authority.certificate)
        if way == "IPv6":
            return Account(user, PASSWORDS[user], self.sip_port, host="[::1]")
        return Account(user, PASSWORDS[user], self.sip_port, self.host.ip, way.lower())

    def phone(self, port: str, do: str, **args: Any) -> dict[str, Any]:
        """One act of a telephone. Nobody dials into a line that has not yet noticed him: "dial" waits for core."""
        if do == "dial":
            self.noticed(port)
        return self.rig(f"phone.{do}", port=port, **args)

    def noticed(self, port: str) -> None:
        """Until core knows that this telephone is off hook."""
        eventually(f"{port} is noticed", lambda: self.port(port)["state"] not in ("idle", "ringing"), 5)

    def port(self, name: str) -> dict[str, Any]:
        found = next(p for p in self.status()["ports"] if p["name"] == name)
        assert isinstance(found, dict)
        return found

    def records(self) -> list[dict[str, Any]]:
        return json.loads(self.tipring("calls", "--json").stdout)  # type: ignore[no-any-return]

    def wait_idle(self, timeout_s: float = 10.0) -> None:
        """Every line idle and no call left."""
        eventually(
            "all lines idle",
            lambda: not self.status()["calls"] and all(p["state"] == "idle" for p in self.status()["ports"]),
            timeout_s,
        )

    def core_pid(self) -> int:
        return int(self.core("debug")["pid"])

    def children(self) -> list[tuple[int, str]]:
        """(pid, command line) of the processes that `tipring run` started."""
        assert self.process is not None
        found: list[tuple[int, str]] = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if parent == self.process.pid:
                found.append((int(entry.name), line))
        return found

    def child(self, module: str) -> int:
        """Pid of the child that runs `module`."""
        return next(pid for pid, line in self.children() if module in line)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
