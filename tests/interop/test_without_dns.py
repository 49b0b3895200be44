"""DNS dead, slow or lying, no Internet at all: calls inside the house are as quick as ever (REL-05, INS-14).

Each site runs in namespaces of its own (`cut_off.py`), so that no network of the test machine can
help it. The same run has a site with healthy DNS beside it; calls take turns.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@cache
def unshare() -> tuple[str, ...]:
    """The command that gives a process its own network and mounts, as a user or as root."""
    for who in (("--user", "--map-root-user"), ()):
        argv = ("unshare", *who, "--net", "--mount")
        tried = subprocess.run([*argv, "true"], check=False, capture_output=True, text=True)
        if tried.returncode == 0:
            return argv
    pytest.fail(
        "this test needs a network namespace: user namespaces must be allowed, or run as root with CAP_SYS_ADMIN "
        f"(unshare said: {tried.stderr.strip()})"
    )


def cut_off(what: str, folder: Path) -> Any:
    """What `cut_off.py` saw."""
    done = subprocess.run(
        [*unshare(), sys.executable, "-m", "tests.interop.cut_off", what, str(folder)],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("what", ["silent", "slow", "lying", "nobody"])
def test_sick_dns_does_not_change_the_set_up_time_of_local_calls(what: str, tmp_path: Path) -> None:
    """30 calls each; medians within 50 ms, and no single call held up.

    Meanwhile other calls are sent on to hosts that must be looked up first, one after another.
    """
    seen = cut_off(what, tmp_path)
    healthy, sick = seen["ms"]["healthy"], seen["ms"]["sick"]
    print(
        f"INVITE to 180, median: healthy DNS {statistics.median(healthy):.1f} ms, {what} {statistics.median(sick):.1f}"
    )
    assert len(healthy) == len(sick) == 30
    assert abs(statistics.median(sick) - statistics.median(healthy)) < 50
    assert max(sick) < 1500  # less than the shortest time that any look-up waits for a sick server
    asked = {name for questions in seen["asked"].values() for name, _ in questions}
    assert {re.sub(r"(_sip._(udp|tcp)\.)?away\d+", "away", name) for name in asked} == {
        "stun.example.test",
        "away.example.test",
    }
    assert seen["sent on"] and not any(status.startswith("SIP/2.0 2") for status in seen["sent on"])
    for notes in seen["lookups"]:
        assert any("firmware.app" in note for note in notes)
        assert [note for note in notes if not note.startswith("started")] == []


def test_without_any_route_the_house_starts_and_all_its_telephones_work(tmp_path: Path) -> None:
    seen = cut_off("alone", tmp_path)
    assert seen["page"] == [200, True] and seen["status"] == 0
    assert seen["sip to sip"] < 1500 and seen["sip to line"] and seen["line to line"]
    assert len(seen["records"]) == 3
