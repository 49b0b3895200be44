"""linphonec 5.1 (belle-sip, mediastreamer) as a SIP telephone that a test directs.

Its console is driven through a pipe and its state is read from its log. Sound comes from and goes to WAV
files (its own "file mode"), so no sound device is needed. Everything it keeps lies in a home folder of its
own; the folder for its data base must exist, or its core does not start and answers every call 503. A machine
that has only loopback counts as offline with it, so it is told to care for neither. Its TLS compares
certificates with names only, so that it calls 127.0.0.1 "localhost" there.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.interop.processes import eventually, free_port, free_rtp_range
from tests.interop.soft_phone import Account
from tests.interop.sounds import Samples, sine, write_wav

_STATE = re.compile(r"moving from state \[?\w+\]? to \[?Linphone(\w+)")
_WAV_HEADER = 44
_GONE = {"CallEnd", "CallError", "CallReleased"}


class Linphone:
    """One account on one linphonec. info_digits: digits by SIP INFO; early: 183 with sound before the answer."""

    ear_survives_hold = True

    def __init__(self, folder: Path, account: Account, *, info_digits: bool = False, early: bool = False) -> None:
        if account.transport == "tls":
            account = replace(account, host="localhost")
        self.account = account
        self.folder = folder / f"linphone-{account.user}-{free_port()}"
        (self.folder / ".local/share/linphone").mkdir(parents=True)
        self._wav = write_wav(self.folder / "say.wav", sine(1000, 60))
        self._early = early
        self._write_settings(info_digits, early)
        self._states: list[str] = []
        self._calls = self._digits_before = 0
        with (self.folder / "console").open("wb") as out:
            self._child = subprocess.Popen(
                ["linphonec", "-c", "rc", "-d", "5", "-l", "log", *(["--real-early-media"] if early else [])],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "TERM": "dumb"},
            )
        eventually("linphone's log", (self.folder / "log").exists)
        self._log = (self.folder / "log").open(encoding="utf-8", errors="replace")
        self._command(f"ipv6 {'enable' if account.is_ipv6 else 'disable'}")  # a change of this makes it listen
        self._command("soundcard use files")
        self._next_recording()
        self._command(f"register {account.uri(account.user)} {account.uri()} {account.password}")

    def _write_settings(self, info_digits: bool, early: bool) -> None:
        account = self.account
        first, last = free_rtp_range(20)
        ports = {"udp": "sip_port", "tcp": "sip_tcp_port", "tls": "sip_tls_port"}
        lines = [
            "[sip]",
            *(f"{key}={-1 if way == account.transport else 0}" for way, key in ports.items()),
            f"use_ipv6={int(not account.is_ipv6)}",
            f"use_info={int(info_digits)}",
            f"use_rfc2833={int(not info_digits)}",
            f"incoming_calls_early_media={int(early)}",
            *([f"root_ca={account.ca}"] if account.ca else []),
            "auto_net_state_mon=0",
            "register_only_when_network_is_up=0",
            "ipv6_migration_done=1",
            "guess_hostname=0",
            "inc_timeout=120",
            "[rtp]",
            f"audio_rtp_port={first}-{last}",
        ]
        if account.proxy_realm:  # else the console asks, and takes the next command for the password
            lines += ["[auth_info_0]", f"username={account.user}", f"passwd={account.password}"]
            lines += [f"realm={account.proxy_realm}"]
        (self.folder / "rc").write_text("\n".join(lines) + "\n")

    # -- its console and its log -------------------------------------------------------
    def _command(self, line: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()

    def _console(self) -> str:
        return (self.folder / "console").read_text(encoding="utf-8", errors="replace")

    def output(self) -> str:
        return self._console() + (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _wait(self, *wanted: str, after: int = 0, timeout_s: float = 10.0) -> None:
        """Until one of the `wanted` states has been entered after the first `after` ones."""

        def entered() -> bool:
            assert self._child.poll() is None, self._console()
            while line := self._log.readline():
                if found := _STATE.search(line):
                    self._states.append(found.group(1))
            return any(state in wanted for state in self._states[after:])

        eventually(f"linphone {self.account.user} in {' or '.join(wanted)}", entered, timeout_s)

    def _recording(self) -> Path:
        return self.folder / f"heard-{self._calls}.wav"

    def _next_recording(self) -> None:
        """The files of the next call; linphonec opens them when its sound begins."""
        self._calls += 1
        self._command(f"play {self._wav}")
        self._command(f"record {self._recording()}")

    # -- as every telephone ------------------------------------------------------------
    def registered(self) -> Linphone:
        self._wait("RegistrationOk")
        return self

    def say(self, samples: Samples) -> None:
        write_wav(self._wav, samples)

    def dial(self, number: str) -> None:
        self._command(f"call {self.account.uri(number)}")
        self._wait("CallOutgoingProgress", *_GONE)

    def wait_incoming(self) -> None:
        self._wait("CallIncomingEarlyMedia" if self._early else "CallIncomingReceived")

    def accept(self) -> None:
        self._command("answer")

    def wait_up(self) -> None:
        self._wait("CallStreamsRunning")

    def hold(self) -> None:
        self._command("pause")
        self._wait("CallPaused")

    def resume(self) -> None:
        mark = len(self._states)
        self._command("resume")
        self._wait("CallStreamsRunning", after=mark)

    def send_digit(self, digit: str) -> None:
        """The console plays it to its own user for a second before it reads on."""
        self._command(digit)

    def digits_heard(self) -> str:
        return "".join(re.findall(r"Receiving tone (.) from", self._console()[self._digits_before :]))

    def hangup(self) -> None:
        self._command("terminate")

    def wait_closed(self) -> None:
        self._wait("CallReleased")
        self._states.clear()
        self._digits_before = len(self._console())
        self._next_recording()

    def heard(self) -> Samples:
        recording = self._recording()
        octets = recording.read_bytes()[_WAV_HEADER:] if recording.exists() else b""  # the header comes last
        return np.frombuffer(octets[: len(octets) // 2 * 2], "<i2").astype(np.float64) / 32768

    def stop(self) -> None:
        if self._child.poll() is None:
            try:
                self._command("unregister")
                self._wait("RegistrationCleared", timeout_s=3)
                self._command("quit")
                self._child.wait(5)
            except (AssertionError, OSError, subprocess.TimeoutExpired):
                self._child.kill()
                self._child.wait(5)
        self._log.close()
