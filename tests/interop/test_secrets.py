"""What a site leaves on disk and in its log after registrations, calls and wrong passwords: no secret in clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.config.load import LAST_GOOD
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site, ha1


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
