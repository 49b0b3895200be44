"""Every tone of every country as a telephone hears it: frequencies, level and cadence by FFT."""

from __future__ import annotations

import pytest

from firmware.media.engine import Engine
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import country_names, load_country
from tests.firmware_media.card import Card
from tests.firmware_media.judge import Signal, decode, level_dbm0, spectrum

LONGEST_MS = 2000
RAMP_MS = 6


def played(tones: list[Tone], lasting_ms: list[int]) -> list[Signal]:
    """Each on a telephone of its own, all at once."""
    card = Card(slots=len(tones))
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    for slot, tone in enumerate(tones):
        engine.open_slot(slot).play_tone(tone)
    card.run(engine, max(lasting_ms))
    return [decode("PCMA", bytes(card.heard[slot])) for slot in range(len(tones))]


def one_round_ms(tone: Tone) -> int:
    return sum(LONGEST_MS if segment.ms is None else segment.ms for segment in tone.segments) // 5 * 5


def check(tone: Tone, signal: Signal) -> None:
    at_ms = 0
    for segment in tone.segments:
        ms = LONGEST_MS if segment.ms is None else segment.ms
        part = signal[8 * (at_ms + RAMP_MS) : 8 * (at_ms + min(ms, LONGEST_MS) - RAMP_MS)]
        at_ms += ms
        where = f"{tone.name} at {at_ms - ms} ms"
        if not segment.hz:
            assert level_dbm0(part) < -60, where
            continue
        carriers = segment.hz[:1] if segment.am else segment.hz
        strongest = sorted(hz for hz, _ in spectrum(part)[: len(carriers)])
        assert strongest == pytest.approx(sorted(carriers), abs=max(1, 400 / ms)), where
        assert level_dbm0(part) == pytest.approx(tone.level_dbm0 - segment.att_db, abs=0.6), where


@pytest.mark.parametrize("code", sorted(country_names()))
def test_all_tones_of_a_country(code: str) -> None:
    tones = list(load_country(code).tones.values())
    for tone, signal in zip(tones, played(tones, [one_round_ms(tone) for tone in tones]), strict=True):
        check(tone, signal)
