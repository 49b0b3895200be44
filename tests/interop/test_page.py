"""The page as a browser shows it: ports, registrations and calls, in two languages, with and without JavaScript."""

from __future__ import annotations

import html
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.telephony.codes import explained
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import Site


def chromium(folder: Path, url: str, *options: str) -> str:
    """The page's DOM as text; the screenshot stays beside it for a look."""
    argv = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", *options, url,
    ]  # fmt: skip
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


def read(site: Site, language: str = "en") -> str:
    """What a browser without JavaScript gets: the page as the server wrote it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{site.web_port}/?lang={language}", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(("language", "words"), [("es", "colgado"), ("en", "on hook")])
def test_ports_are_readable_in_a_browser(site: Site, tmp_path: Path, language: str, words: str) -> None:
    url = f"http://127.0.0.1:{site.web_port}/?lang={language}"
    text = chromium(tmp_path, url, "--dump-dom")
    for page in (text, read(site, language)):
        assert f'lang="{language}"' in page
        assert "fxs1" in page and "101" in page
        assert words in page.lower()


def test_a_call_and_a_registration_are_seen(site: Site, raw_phone: Callable[..., RawPhone]) -> None:
    raw_phone("201")
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="201")
    eventually("talking", lambda: site.port("fxs1")["state"] == "talking", 5)
    eventually("page follows core", lambda: "talking" in read(site).lower() and "User 201" in read(site), 10)


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_failed_call_says_why_and_what_to_do(
    site: Site, raw_phone: Callable[..., RawPhone], tmp_path: Path, language: str
) -> None:
    raw_phone("202", answer="603")
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="202")
    eventually("refused", lambda: site.port("fxs1")["state"] == "busy", 8)
    site.phone("fxs1", "hangup")
    record = eventually("record", lambda: [r for r in site.records() if r["to"] == "202"], 5)[0]
    assert list(record["failures"].values()) == [603]
    eventually("page follows core", lambda: "(603)" in read(site, language), 10)
    text = html.unescape(chromium(tmp_path, f"http://127.0.0.1:{site.web_port}/?lang={language}", "--dump-dom"))
    assert explained(603, language) in text and 'title="603 Decline"' in text


def test_a_dead_port_says_why(own_site: Site) -> None:
    own_site.rig("board.fault", port="fxs2", kind="dead-bus", on=True)
    failed = eventually("out of service", lambda: (p := own_site.port("fxs2")) and not p["in_service"] and p, 10)
    eventually("the reason stands on the page", lambda: html.escape(failed["reason"][:30]) in read(own_site), 10)
