"""The lifeline of a whole Tipring in real time: the power goes, somebody calls out, the power comes back."""

from __future__ import annotations

from pathlib import Path

from tests.interop.processes import eventually
from tests.interop.site import Site


def power(site: Site, act: str) -> str:
    done = site.tipring("rig", "power", act)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_call_over_the_lifeline_outlives_the_powers_return(tmp_path: Path) -> None:
    with Site(tmp_path, "", board="sim-lifeline") as site:
        eventually("101 has its number", lambda: site.port("fxs1")["state"] == "idle", 8)
        assert site.status()["lifeline"] == {"telephone": "fxs1", "line": "fxo1", "joined": False}
        assert "on the exchange line" in power(site, "cut")
        site.phone("fxs1", "lift")
        eventually("the exchange's dial tone", lambda: site.phone("fxs1", "state")["tones"], 5)
        assert site.rig("exchange.state", port="fxo1")["loop"] == "closed"
        power(site, "back")
        eventually("core sees it", lambda: site.port("fxo1")["state"] == "in-use", 12)
        eventually("told", lambda: any("fxs1" in n["en"] and "as without power" in n["en"]
                                       for n in site.status()["notices"]), 8)  # fmt: skip
        assert site.port("fxs1")["reason"] == "its telephone is on the exchange line fxo1"
        assert site.rig("exchange.state", port="fxo1")["loop"] == "closed"
        site.phone("fxs1", "hangup")
        eventually("101 has its number again", lambda: site.port("fxs1")["state"] == "idle", 8)
        assert site.status()["lifeline"]["joined"] is False
        assert site.rig("board.violations")["violations"] == []
