"""PJSIP 2.15 as a SIP telephone that a test directs: the third stack beside baresip and linphone.

PJSIP lives in a process of its own (`pjsua_phone.py`), since its library can be had only once in a process
and brings threads; orders and events are lines of JSON on its pipes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from tests.interop.processes import eventually, free_port, free_rtp_range
from tests.interop.soft_phone import Account
from tests.interop.sounds import Samples, read_wav, sine, write_wav

SCRIPT = Path(__file__).with_name("pjsua_phone.py")


class Pjsua:
    """One account on one PJSIP. info_digits: digits by SIP INFO; early: 183 with sound before the answer."""

    ear_survives_hold = True

    def __init__(self, folder: Path, account: Account, *, info_digits: bool = False, early: bool = False) -> None:
        self.account = account
        self.folder = folder / f"pjsua-{account.user}-{free_port()}"
        self.folder.mkdir()
        self._wav = write_wav(self.folder / "say.wav", sine(1000, 60))
        self._info_digits, self._early = info_digits, early
        self._begin = 0
        self.events: list[dict[str, Any]] = []
        settings = self._settings()
        self._errors = (self.folder / "errors").open("wb")
        self._child = subprocess.Popen(
            [sys.executable, str(SCRIPT), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"pjsua-{account.user}", daemon=True)
        self._reader.start()

    def _settings(self) -> dict[str, Any]:
        account = self.account
        first, last = free_rtp_range(20)
        return {
            "user": account.user,
            "password": account.password,
            "identity": account.uri(account.user),
            "registrar": account.uri(),
            "transport": f"PJSIP_TRANSPORT_{account.transport.upper()}{'6' if account.is_ipv6 else ''}",
            "bound": account.ip,
            "ca": str(account.ca or ""),
            "rtp_first": first,
            "rtp_last": last,
            "say": str(self._wav),
            "folder": str(self.folder),
            "log": str(self.folder / "log"),
        }

    # -- its pipes ---------------------------------------------------------------------
    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.events.append(json.loads(line))

    def _order(self, do: str, **more: object) -> None:
        mark = len(self.events)
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self._child.stdin.flush()
        reply = self.wait_event("done", "failed", after=mark)
        assert reply["event"] == "done", f"pjsua {self.account.user}: {do}: {reply['why']}"

    def wait_event(self, *kinds: str, after: int | None = None, timeout_s: float = 10.0, **fields: object) -> Any:
        """The first event of one of these kinds with these fields, since the newest call began or after `after`."""
        begin = self._begin if after is None else after

        def find() -> dict[str, Any] | None:
            for event in self.events[begin:]:
                if event["event"] in kinds and all(event.get(key) == value for key, value in fields.items()):
                    return event
            return None

        return eventually(f"pjsua {self.account.user}: {kinds} {fields or ''}", find, timeout_s)

    def output(self) -> str:
        text = (self.folder / "errors").read_text() + "\n".join(map(str, self.events)) + "\n"
        return text + (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def call_began(self) -> int:
        """Index in `events` of where the newest call began, or will."""
        return self._begin

    # -- as every telephone ------------------------------------------------------------
    def registered(self) -> Pjsua:
        self.wait_event("registration", code=200)
        return self

    def say(self, samples: Samples) -> None:
        write_wav(self._wav, samples)

    def dial(self, number: str) -> None:
        self._order("dial", uri=self.account.uri(number))

    def wait_incoming(self) -> None:
        self.wait_event("incoming")
        self._order("answer", code=183 if self._early else 180)

    def accept(self) -> None:
        self._order("answer", code=200)

    def wait_up(self) -> None:
        self.wait_event("state", state="CONFIRMED")

    def hold(self) -> None:
        mark = len(self.events)
        self._order("hold")
        self.wait_event("transaction", after=mark, method="INVITE", code=200)

    def resume(self) -> None:
        mark = len(self.events)
        self._order("resume")
        self.wait_event("transaction", after=mark, method="INVITE", code=200)

    def send_digit(self, digit: str) -> None:
        self._order("digit", digit=digit, info=self._info_digits)

    def digits_heard(self) -> str:
        return "".join(event["digit"] for event in self.events[self._begin :] if event["event"] == "digit")

    def hangup(self) -> None:
        self._order("hangup")

    def wait_closed(self) -> None:
        self.wait_event("state", state="DISCONNECTED")
        self._begin = len(self.events)

    def heard(self) -> Samples:
        recordings = sorted(self.folder.glob("heard-*.wav"), key=lambda path: path.stat().st_mtime)
        return read_wav(recordings[-1]) if recordings and recordings[-1].stat().st_size else np.zeros(0)

    def stop(self) -> None:
        if self._child.poll() is None:
            assert self._child.stdin is not None
            self._child.stdin.close()
            try:
                self._child.wait(5)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait(5)
        self._reader.join(2)
        self._errors.close()
