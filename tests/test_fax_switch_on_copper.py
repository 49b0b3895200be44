"""A fax machine calls on a line for voice, on stepped copper: its calling tone sends the call on; speech does not."""

from __future__ import annotations

import glob
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from tests.exchange_calls import call_in, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

SPEECH = "/usr/share/asterisk/sounds"
CALLS = 500 if os.environ.get("TIPRING_SOAK") else 12
TALK_S = 6


def calling_tone(hz: float, dbm0: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """ITU-T T.30 4.3.3.4: 1,100 Hz, 0.5 s on, 3 s off; here one of it after 2 s."""
    return np.concatenate([np.zeros(16000, np.int16), measure.sine(hz, dbm0, 0.5)])


@pytest.mark.parametrize(("hz", "dbm0"), [(1100, -12.0), (1062, -20.0), (1138, -30.0)])
def test_a_fax_goes_to_the_number_for_faxes(tmp_path: Path, hz: float, dbm0: float) -> None:
    house = TrunkHouse(tmp_path, options={"fax_to": "102"})

    async def day() -> None:
        await call_in(house)
        house.office.say(calling_tone(hz, dbm0))
        took_ms = await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 6000)
        assert took_ms <= 3000  # with the 2 s before the tone
        assert house.trunk.status()["fax"] is True
        await house.pass_ms(300)
        assert house.state("fxs1") != "talking"
        house.sim.copper["fxs2"].lift()
        await house.until("the fax is answered", lambda: house.state("fxs2") == "talking", 1000)
        assert house.state("fxo1") == "talking"
        house.office.say(measure.sine(1300, -15.0, 1.0))
        await house.pass_ms(500)
        heard = measure.tones(house.sim.copper["fxs2"].heard_last(0.1))
        assert [round(tone.hz, -1) for tone in heard] == [1300]
        assert house.records.ended[0][1].services["fax"] == "fxo1"
        for phone in ("fxs1", "fxs2"):
            house.sim.copper[phone].hang_up()
        await house.until("all rest", lambda: house.state("fxo1") == "idle", 5000)

    run(day())
    closed(house)


def test_without_a_number_for_faxes_the_call_goes_on_and_is_marked(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        await call_in(house)
        house.office.say(calling_tone(1100, -15.0))
        await house.pass_ms(4000)
        assert house.state("fxs1") == house.state("fxo1") == "talking"
        house.sim.copper["fxs1"].hang_up()
        await house.until("all rest", lambda: house.state("fxo1") == "idle", 5000)
        assert house.records.ended[0][1].services["fax"] == "fxo1"

    run(day())
    closed(house)


@pytest.mark.timeout(900)
def test_speech_is_no_fax(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path, options={"fax_to": "102", "hang_up_by": ("loop-break",)})
    files = sorted(glob.glob(f"{SPEECH}/**/*.wav", recursive=True))
    assert files, "no recorded speech is installed"
    speech = np.concatenate([_samples(file) for file in files[:200]])

    async def day() -> None:
        await call_in(house)
        for call in range(CALLS):
            start = call * TALK_S * 8000 % (len(speech) - TALK_S * 8000)
            house.office.say(speech[start : start + TALK_S * 8000])
            await house.pass_ms(TALK_S * 1000)
            assert house.state("fxs1") == house.state("fxo1") == "talking"
            assert not house.trunk.status()["fax"]
        house.sim.copper["fxs1"].hang_up()
        await house.until("all rest", lambda: house.state("fxo1") == "idle", 5000)

    run(day())
    closed(house)


def _samples(file: str) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    with wave.open(file) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), dtype=np.int16)
