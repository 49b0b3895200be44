"""Tones of the installer's own: from the settings file to what a telephone on simulated copper hears."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware.config.load import load
from firmware.config.mistake import SettingsError
from firmware.config.tone_settings import PATTERN, TONE_NAMES, OwnTone
from firmware.lines.own_tones import load_with_own_tones
from firmware.telephony.cadence import ToneSegment
from firmware.telephony.countries import TONES, country_names, load_country
from firmware.telephony.tone_notation import read_segments
from tests.fake_time import run
from tests.firmware_media.judge import Signal, level_dbm0, spectrum
from tests.stepped_house import SteppedHouse

SITE = 'country = "es"\n[lines.fxs1]\nnumber = "101"\n[lines.fxs2]\nnumber = "102"\n'
OWN = '[tones.dial]\npattern = "500+700"\nlevel_dbm0 = -20\n[tones.busy]\npattern = "600/300, -/150"\n'


def heard(folder: Path, tones: str) -> tuple[Signal, Signal]:
    """A second of dial tone, and 2 s of what a telephone hears that calls itself: busy."""
    file = folder / "tipring.toml"
    file.write_text(SITE + tones)
    settings = load(file)
    house = SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, own_tones=settings.tones)
    parts: list[Signal] = []

    async def day() -> None:
        one, two = house.sim.copper["fxs1"], house.sim.copper["fxs2"]
        two.lift()
        one.lift()
        await house.pass_ms(1500)
        parts.append(one.heard_last(1).astype(np.float64))
        one.dial("102")
        await house.until("busy", lambda: house.state("fxs1") == "busy", 3000)
        await house.pass_ms(2500)
        parts.append(one.heard_last(2).astype(np.float64))

    try:
        run(day())
    finally:
        house.close()
    return parts[0], parts[1]


def bursts_ms(signal: Signal) -> list[tuple[bool, float]]:
    """(sounding, ms) of every whole piece."""
    loud = np.convolve(np.abs(signal), np.ones(40) / 40, "same") > 200
    at = np.flatnonzero(np.diff(loud)) + 1
    return [(bool(loud[a]), (b - a) / 8) for a, b in pairwise(at)]


def test_a_telephone_hears_them_in_place_of_the_countrys(tmp_path: Path) -> None:
    dial, busy = heard(tmp_path, OWN)
    assert sorted(hz for hz, _ in spectrum(dial)[:2]) == pytest.approx([500, 700], abs=3)
    assert spectrum(busy)[0][0] == pytest.approx(600, abs=3)
    for sounds, ms in bursts_ms(busy):
        assert ms == pytest.approx(300 if sounds else 150, abs=15)
    (tmp_path / "as-it-is").mkdir()
    usual, usual_busy = heard(tmp_path / "as-it-is", "")
    assert [spectrum(tone)[0][0] for tone in (usual, usual_busy)] == pytest.approx([425, 425], abs=3)
    assert level_dbm0(usual) - level_dbm0(dial) == pytest.approx(10, abs=1)


def test_only_what_is_said_is_changed() -> None:
    spain = load_country("es")
    quieter = load_with_own_tones("es", {"busy": OwnTone(level_dbm0=-18)})
    assert quieter.tones["busy"].segments == spain.tones["busy"].segments
    assert quieter.tones["busy"].level_dbm0 == -18
    assert {name: tone for name, tone in quieter.tones.items() if name != "busy"} == {
        name: tone for name, tone in spain.tones.items() if name != "busy"
    }
    assert load_with_own_tones("es", {}) == spain


def test_every_tone_of_every_country_may_be_written_so() -> None:
    assert set(TONE_NAMES) == {*TONES, "record"}
    for code in country_names():
        for tone in load_country(code).tones.values():
            written = ", ".join(as_written(segment) for segment in tone.segments)
            assert PATTERN.fits(written), (code, tone.name, written)
            assert [s.hz for s in read_segments(written)] == [s.hz for s in tone.segments]


def as_written(segment: ToneSegment) -> str:
    joint = "*" if segment.am else "+"
    hz = joint.join(f"{hz:g}" for hz in segment.hz) or "-"
    softer = f"@-{segment.att_db:g}" if segment.att_db else ""
    piece = hz + softer + (f"/{segment.ms}" if segment.ms else "")
    return f"1x({piece})" if segment.once else piece


@pytest.mark.parametrize(
    ("tones", "key", "value"),
    [
        ('[tones.busi]\npattern = "425"\n', "tones.busi", "busi"),
        ('[tones.busy]\npattern = "425/200 -/200"\n', "tones.busy.pattern", '"425/200 -/200"'),
        ('[tones.busy]\npattern = "5000/200, -/200"\n', "tones.busy.pattern", '"5000/200, -/200"'),
        ("[tones.busy]\nlevel_dbm0 = 3\n", "tones.busy.level_dbm0", "3"),
        ("[tones.busy]\nhz = 425\n", "tones.busy.hz", ""),
    ],
)
def test_a_mistake_is_told_with_key_and_value(tones: str, key: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text(SITE + tones)
    with pytest.raises(SettingsError) as wrong:
        load(file)
    (mistake,) = wrong.value.mistakes
    assert (mistake.file, mistake.key, mistake.value) == ("tipring.toml", key, value)
    assert mistake.allowed.en and mistake.allowed.es
