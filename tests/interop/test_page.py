"""The page as a browser shows it: ports, registrations and calls, in two languages, with and without JavaScript."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import Site

NO_SCRIPT = "--blink-settings=scriptEnabled=false"


def chromium(folder: Path, url: str, *options: str) -> str:
    """The page's DOM as text; the screenshot stays beside it for a look."""
    argv = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", *options, url,
    ]  # fmt: skip
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


@pytest.mark.parametrize("options", [(), (NO_SCRIPT,)], ids=["script", "no-script"])
@pytest.mark.parametrize(("language", "words"), [("es", "colgado"), ("en", "on hook")])
def test_ports_are_readable(site: Site, tmp_path: Path, language: str, words: str, options: tuple[str, ...]) -> None:
    url = f"http://127.0.0.1:{site.web_port}/?lang={language}"
    text = chromium(tmp_path, url, "--dump-dom", "--virtual-time-budget=2000", *options)
    assert f'lang="{language}"' in text
    assert "fxs1" in text and "101" in text
    assert words in text.lower()


def test_a_call_and_a_registration_are_seen(site: Site, raw_phone: Callable[..., RawPhone], tmp_path: Path) -> None:
    raw_phone("201")
    site.phone("fxs1", "lift")
    site.phone("fxs1", "dial", digits="201")
    eventually("talking", lambda: site.port("fxs1")["state"] == "talking", 5)
    url = f"http://127.0.0.1:{site.web_port}/?lang=en"
    eventually("page follows core", lambda: "talking" in chromium(tmp_path, url, "--dump-dom", NO_SCRIPT).lower(), 20)
    shot = tmp_path / "page.png"
    chromium(tmp_path, url, f"--screenshot={shot}", "--window-size=1200,1400")
    assert shot.stat().st_size > 10_000


def test_a_dead_port_says_why(own_site: Site, tmp_path: Path) -> None:
    own_site.rig("board.fault", port="fxs2", kind="dead-bus", on=True)
    failed = eventually("out of service", lambda: (p := own_site.port("fxs2")) and not p["in_service"] and p, 10)
    url = f"http://127.0.0.1:{own_site.web_port}/?lang=en"
    eventually(
        "the reason stands on the page",
        lambda: failed["reason"][:30] in chromium(tmp_path, url, "--dump-dom", NO_SCRIPT),
        20,
    )
