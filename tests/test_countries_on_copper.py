"""The national matrix: what a telephone in each country hears, rings with and is told equals the country's table.

One setting chooses the country; all else is the true house on stepped copper, judged by voltmeter and ear.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import TONES, country_names, load_country
from tests.fake_time import run
from tests.firmware_media.judge import spectrum
from tests.lines.adsi_judge import decode
from tests.lines.called_telephone import ANA, Recording, after_alert, house, place, rung
from tests.lines.fsk_tools import multimon_digits
from tests.stepped_house import SteppedHouse

TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "firmware/telephony/countries.toml").read_text(encoding="utf-8")
)
COUNTRIES = sorted(country_names())
RING_V_RMS = 60.0
"""What lines ring with unless told otherwise; 61.5 V rms is the most the chips can."""
PART_MS = 200
RAMP_MS = 6
MODEMS = {"etsi-fsk": "etsi", "uk": "etsi", "bellcore": "bellcore"}


def of(country: str, key: str) -> Any:
    """The figure as it stands in the file, read without our reader."""
    return TABLE[country].get(key, TABLE["default"].get(key))


@pytest.mark.parametrize("country", COUNTRIES)
def test_ringing_and_caller_id(country: str, tmp_path: Path) -> None:
    cadence = of(country, "ring_ms")
    with house(tmp_path, country) as made:
        if of(country, "caller_id") == "japan":
            seen = fetched_in_japan(made)
        else:
            seen = rung(made, ms=3600 + sum(cadence[:2]) if before_ringing(country) else sum(cadence) + 700)
        check_caller_id(country, seen, tmp_path)
        check_ringing(country, seen, cadence)


def before_ringing(country: str) -> bool:
    return of(country, "caller_id") in ("uk", "dtmf")


def check_caller_id(country: str, seen: Recording, folder: Path) -> None:
    standard = of(country, "caller_id")
    if standard == "dtmf":
        first, last = of(country, "caller_id_dtmf").split("-")
        assert multimon_digits(seen.sound, folder) == f"{first}{ANA.number}{last}"
    elif standard == "japan":
        assert [message.fields for message in decode(seen.sound, "japan")] == [{2: ANA.number.encode()}]
    else:
        (message,) = decode(after_alert(seen), MODEMS[standard])
        assert (message.kind, message.fields[2]) == (0x80, ANA.number.encode())
        assert message.fields[7].startswith(b"Ana Nunez")


def check_ringing(country: str, seen: Recording, cadence: list[int]) -> None:
    measured = ringing(seen.volts)
    assert measured is not None
    assert measured.hz == pytest.approx(of(country, "ring_hz"), rel=0.01)
    assert measured.v_rms == pytest.approx(RING_V_RMS, rel=0.05)
    assert measured.v_rms >= min(of(country, "ring_v_rms_min"), RING_V_RMS * 0.95)
    seen_ms = [burst.ms for burst in measured.bursts] if len(cadence) == 2 else list(measured.cadence_ms)
    half_a_swing_ms = 1000 / of(country, "ring_hz")
    for table_ms, ms in zip(cadence, seen_ms[: len(cadence) - 1], strict=False):
        assert ms == pytest.approx(table_ms, abs=max(0.1 * table_ms, half_a_swing_ms))
    if len(measured.bursts) > 1 and not before_ringing(country):
        pauses = measured.cadence_ms[1::2]
        table_pauses = cadence[1::2]
        for table_ms, ms in zip(table_pauses, pauses, strict=False):
            assert ms == pytest.approx(table_ms, abs=max(0.1 * table_ms, half_a_swing_ms))


def fetched_in_japan(made: SteppedHouse) -> Recording:
    """The telephone takes the number as a display does, and then lets it ring."""
    phone = made.sim.copper["fxs1"]

    async def day() -> Recording:
        await made.pass_ms(300)
        frame = phone.frame
        place(made)
        await made.pass_ms(1200)
        phone.lift()
        await made.pass_ms(1100)
        sound = phone.heard_since(frame)
        phone.hang_up()
        hung_up = phone.frame
        await made.pass_ms(4500)
        seen = Recording(phone, hung_up)
        seen.sound = sound
        return seen

    return run(day())


# -- tones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("country", COUNTRIES)
def test_tones(country: str, tmp_path: Path) -> None:
    tones = [load_country(country).tone(name) for name in TONES]
    with house(tmp_path, country) as made:
        lines = [made.lines[port] for port in ("fxs1", "fxs2")]
        phones = [made.sim.copper[port] for port in ("fxs1", "fxs2")]

        async def day() -> None:
            for phone in phones:
                phone.lift()
            await made.pass_ms(300)
            for pair in (tones[n : n + 2] for n in range(0, len(tones), 2)):
                await play_and_check(made, list(zip(lines, phones, pair, strict=False)))

        run(day())


async def play_and_check(made: SteppedHouse, players: list[tuple[Any, Phone, Tone]]) -> None:
    for line, _, _ in players:
        line._voice.stop_tone()
    await made.pass_ms(60)
    frame = players[0][1].frame
    for line, _, tone in players:
        line._voice.play_tone(tone)
    await made.pass_ms(max(heard_ms(tone) for _, _, tone in players) // 5 * 5 + 40)
    for _, phone, tone in players:
        check_tone(tone, phone.heard_since(frame).astype(np.float64))


def segment_ms(tone: Tone) -> list[int]:
    return [PART_MS if segment.ms is None else segment.ms for segment in tone.segments]


def heard_ms(tone: Tone) -> int:
    """Up to the third edge of the cadence, and no more than two seconds."""
    return min(sum(segment_ms(tone)[:3]), 2000)


def check_tone(tone: Tone, sound: NDArray[np.float64]) -> None:
    if not any(segment.hz for segment in tone.segments):
        assert measure.level_dbm0(sound) < -50, f"{tone.name} is silence"
        return
    began = int(np.flatnonzero(np.abs(sound) > 60)[0])
    at_ms = 0
    for segment, ms in zip(tone.segments, segment_ms(tone), strict=True):
        if at_ms + min(ms, PART_MS) > heard_ms(tone):
            return
        part = sound[began + 8 * (at_ms + RAMP_MS) : began + 8 * (at_ms + min(ms, PART_MS) - RAMP_MS)]
        where = f"{tone.name} at {at_ms} ms"
        at_ms += ms
        if not segment.hz:
            assert measure.level_dbm0(part) < -50, where
            continue
        assert measure.level_dbm0(part) == pytest.approx(tone.level_dbm0 - segment.att_db, abs=1.0), where
        if ms < 60:
            continue
        carriers = segment.hz[:1] if segment.am else segment.hz
        strongest = sorted(hz for hz, _ in spectrum(part)[: len(carriers)])
        assert strongest == pytest.approx(sorted(carriers), rel=0.01, abs=400 / ms), where
