"""What a site leaves on disk and in its log after registrations, calls, wrong passwords, a PIN: no secret in clear."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from firmware.config.load import LAST_GOOD
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site, ha1
from tests.interop.sounds import dtmf, write_wav

PIN = "482913"
DIALS_IN = f'[dial_in.ana]\npin = "{PIN}"\nlines = ["fxo1"]\n'


def test_no_password_stands_in_the_data_folder_or_the_log(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        phone = RawPhone("201", PASSWORDS["201"], site.sip_port)
        wrong = RawPhone("202", "mistyped-word", site.sip_port)
        try:
            phone.register()
            with pytest.raises(AssertionError):
                wrong.register()
            eventually("201 is registered", lambda: [r["user"] for r in site.status()["registrations"]] == ["201"])
        finally:
            phone.stop()
            wrong.stop()
        assert site.process is not None
        log = site.process.output()
        assert "wrong credentials for '202'" in log
        site.terminate()
        passwords = [*PASSWORDS.values(), "mistyped-word"]
        hashes = [ha1(user, name) for user in PASSWORDS for name in ("md5", "sha256")]
        assert not [secret for secret in (*passwords, *hashes) if secret in log]
        files = [file for file in site.data_folder.rglob("*") if file.is_file()]
        assert any(b"sip:201@127.0.0.1" in file.read_bytes() for file in files)
        for file in files:
            octets = file.read_bytes()
            assert not [secret for secret in passwords if secret.encode() in octets], file
            if file.name != LAST_GOOD:  # a copy of the settings, which hold the check values of passwords
                assert not [secret for secret in hashes if secret.encode() in octets], file


def test_no_pin_stands_in_the_data_folder_the_log_or_anything_shown(tmp_path: Path) -> None:
    with Site(tmp_path, DIALS_IN, board="sim-fxo") as site:
        site.rig("exchange.ring", port="fxo1", number="600123456")
        eventually("dial-in answers", lambda: site.port("fxo1")["state"] == "talking", 10)
        file = write_wav(tmp_path / "keys.wav", dtmf(PIN + "101", 0.07, 0.07))
        assert site.tipring("rig", "exchange", "fxo1", "say", str(file)).returncode == 0
        eventually("101 rings", lambda: site.phone("fxs1", "state")["ringing"], 5)
        shown = site.tipring("status").stdout + site.tipring("calls").stdout
        with urllib.request.urlopen(f"http://127.0.0.1:{site.web_port}/", timeout=5) as page:
            shown += page.read().decode()
        assert [(record["from"], record["to"]) for record in site.records()] == [
            ("600123456", "101"), ("600123456", "dial-in"),
        ]  # fmt: skip
        shown += site.tipring("calls").stdout
        site.terminate()
        shown += site.log()
        assert "600123456" in shown and PIN not in shown
        for file in (file for file in site.data_folder.rglob("*") if file.is_file()):
            if file.name == LAST_GOOD:
                assert file.stat().st_mode & 0o077 == 0
            else:
                assert PIN.encode() not in file.read_bytes(), file
