"""Real telephones with G.722: wideband through the house, narrowband to a telephone line, transcoded where need be."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.baresip import Baresip
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.sounds import RATE_HZ, Samples, read_wav, sine, tone_level_dbm0, write_wav

Maker = Callable[..., Baresip]
WIDE_HZ = 16000
WIDE_ONLY = "G722/16000/1"
WIDE_FIRST = f"{WIDE_ONLY},pcma"


def strongest(samples: Samples, hz: float, rate_hz: int) -> float:
    """The level of `hz` in the half second where it is strongest."""
    half = rate_hz // 2
    levels = [tone_level_dbm0(samples[i : i + half], hz, rate_hz) for i in range(0, len(samples) - half, half // 5)]
    return max(levels, default=-100.0)


def record(site: Site) -> dict[str, object]:
    return eventually("the call's record", lambda: [r for r in site.records() if r["end"]], 5)[0]  # type: ignore[no-any-return]


def call(caller: Baresip, callee: Baresip) -> tuple[Samples, Samples]:
    """2.5 s of talk; what each of them heard."""
    caller.dial(callee.account.user)
    caller.wait_up()
    time.sleep(2.5)
    caller.hangup()
    callee.wait_event("CALL_CLOSED")
    return caller.heard(), callee.heard()


def test_a_tone_of_6_khz_passes_between_wideband_telephones(site: Site, baresip: Maker) -> None:
    caller, callee = baresip("201", codecs=WIDE_FIRST), baresip("202", "auto", codecs=WIDE_FIRST)
    for phone in (caller, callee):
        phone.say(sine(6000, 30, -10, WIDE_HZ))
    for heard in call(caller, callee):
        assert strongest(heard, 6000, WIDE_HZ) == pytest.approx(-10, abs=1)
    assert record(site)["codec"] == "G722"


@pytest.mark.parametrize("first", ["wide", "narrow"])
def test_wideband_and_narrowband_telephones_hear_each_other(site: Site, baresip: Maker, first: str) -> None:
    """One has nothing but G.722, the other nothing but A-law."""
    wide, narrow = baresip("201", "auto", codecs=WIDE_ONLY), baresip("202", "auto")
    wide.say(sine(700, 30, -10, WIDE_HZ))
    heard_wide, heard_narrow = call(wide, narrow) if first == "wide" else call(narrow, wide)[::-1]
    assert strongest(heard_narrow, 700, RATE_HZ) == pytest.approx(-10, abs=1)
    assert strongest(heard_wide, 1000, WIDE_HZ) == pytest.approx(-10, abs=1)


def test_where_both_have_a_law_nothing_is_transcoded(site: Site, baresip: Maker) -> None:
    """201 prefers G.722; 202 has none; the answer to 201 is A-law."""
    caller, callee = baresip("201", codecs=WIDE_FIRST), baresip("202", "auto")
    call(caller, callee)
    assert record(site)["codec"] == "PCMA"


def test_a_wideband_telephone_and_a_telephone_line_talk(site: Site, baresip: Maker, tmp_path: Path) -> None:
    phone = baresip("201", codecs=WIDE_ONLY)
    phone.dial("101")
    eventually("fxs1 rings", lambda: site.phone("fxs1", "state")["ringing"], 5)
    site.phone("fxs1", "lift")
    phone.wait_up()
    wav = tmp_path / "heard.wav"
    time.sleep(0.4)
    site.phone("fxs1", "hear", seconds=1.5, file=str(wav))
    assert strongest(read_wav(wav), 1000, RATE_HZ) == pytest.approx(-10, abs=1.5)
    site.phone("fxs1", "say", file=str(write_wav(tmp_path / "say.wav", sine(440, 2.0))))
    site.phone("fxs1", "hangup")
    phone.wait_event("CALL_CLOSED")
    assert strongest(phone.heard(), 440, WIDE_HZ) == pytest.approx(-10, abs=1.5)
    assert record(site)["codec"] == "G722"
