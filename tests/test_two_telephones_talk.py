"""The house in one test: two simulated telephones are lifted, one calls the other, and they talk.

Copper, chips, drivers, media engine, lines and exchange are the true ones; only time is stepped.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from drivers.sim import measure
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.stepped_house import SteppedHouse


def test_lifts_two_simulated_telephones_and_lets_them_talk(tmp_path: Path) -> None:
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path)
    began_s = time.process_time()
    try:
        run(_call(house))
        assert house.sim.violations() == []
    finally:
        house.close()
    assert time.process_time() - began_s < 2.0


async def _call(house: SteppedHouse) -> None:
    one, two = house.sim.copper["fxs1"], house.sim.copper["fxs2"]
    await house.pass_ms(50)
    assert house.state("fxs1") == house.state("fxs2") == "idle"

    one.lift()
    lifted = one.frame
    await house.pass_ms(600)
    assert [round(tone.hz) for tone in measure.tones(one.heard_last(0.3))] == [425]
    first = measure.bursts(one.heard_since(lifted))[-1]
    assert first.start_ms <= 200, "hook to dial tone"

    one.dial("102")
    await house.until("fxs2 rings", lambda: house.state("fxs2") == "ringing", 1500)
    await house.pass_ms(400)
    assert two.line().ringing
    assert [round(tone.hz) for tone in measure.tones(one.heard_last(0.2))] == [425], "ringback"

    two.lift()
    took_ms = await house.until("ringing trips", lambda: not two.line().ringing, 400)
    assert took_ms <= 150
    await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 300)

    for speaker, ear, hz in ((one, two, 1000.0), (two, one, 1500.0)):
        speaker.say(measure.sine(hz, -10.0, 0.5))
        await house.pass_ms(400)
        (heard,) = measure.tones(ear.heard_last(0.2))
        assert heard.hz == pytest.approx(hz, abs=1)
        assert heard.dbm0 == pytest.approx(-10.0, abs=1.0)
        await house.pass_ms(200)

    one.hang_up()
    await house.until("fxs2 hears busy", lambda: house.state("fxs2") == "busy", 600)
    two.hang_up()
    await house.until("idle", lambda: house.state("fxs1") == house.state("fxs2") == "idle", 600)
    ((_, end),) = house.records.ended
    assert (end.cause, end.hung_up_by) == (Cause.NORMAL_CLEARING, "fxs1")
    assert 1000 <= end.talk_ms <= 2500
