"""Machines put on the lines with `tipring rig phone`, as a person at the bench would: they act by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import sine, write_wav


@pytest.fixture
def bench(site: Site) -> Iterator[Site]:
    yield site
    for port in ("fxs1", "fxs2"):
        site.phone(port, "alone")
        site.phone(port, "hangup")
    site.phone("fxs2", "install")
    site.wait_idle()


def rig(site: Site, *words: str) -> None:
    done = site.tipring("rig", "phone", *words)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_answering_machine_takes_a_call_and_hears_the_caller_go(bench: Site, tmp_path: Path) -> None:
    write_wav(tmp_path / "greeting.wav", sine(1000, 3))
    rig(bench, "fxs2", "install", "--ringer", "old-bell", "--cable-km", "2", "--bounce", "8")
    rig(bench, "fxs2", "machine", "--rings", "1", "--greeting", str(tmp_path / "greeting.wav"))
    bench.phone("fxs1", "lift")
    bench.phone("fxs1", "dial", digits="102")
    eventually("it answers", lambda: bench.port("fxs2")["state"] == "talking", 5)
    eventually("its greeting", lambda: 1000 in {round(hz, -1) for hz, _ in bench.phone("fxs1", "state")["tones"]}, 3)
    bench.phone("fxs1", "hangup")
    eventually("it hangs up", lambda: bench.phone("fxs2", "state")["hook"] == "on", 8)


def test_a_pbx_dials_through_and_is_taken_away(bench: Site) -> None:
    refused = bench.tipring("rig", "phone", "fxs2", "seize", "101")
    assert refused.returncode == 1 and "there is no PBX on fxs2, put one there first (pbx)" in refused.stderr
    rig(bench, "fxs2", "pbx", "--extensions", "301", "--digits", "3")
    rig(bench, "fxs2", "seize", "101")
    eventually("fxs1 rings", lambda: bench.port("fxs1")["state"] == "ringing", 5)
    rig(bench, "fxs2", "alone")
    eventually("silence", lambda: bench.port("fxs1")["state"] == "idle", 3)
