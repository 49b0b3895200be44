"""Busy, congestion, ringing and dial tone of every country are recognised; ten minutes of speech are none of them.

The tones are made by numpy from the table's figures, with noise; the true engine tells their pieces.
"""

from __future__ import annotations

import numpy as np
import pytest

from firmware.media.call_progress import CallProgress
from firmware.media.engine import Engine
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import country_names, load_country
from firmware.telephony.tone_notation import read_segments
from tests.firmware_media.card import Card
from tests.firmware_media.echo_paths import speech
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode

NAMES = ("ringback", "busy", "congestion", "dial")
LASTS_S = 14.0
"""Two rounds and more of the longest."""
LEVELS_DBM0 = (-30, -8, -20, -35)


def sounding(tone: Tone, seconds: float, dbm0: float, seed: int) -> Signal:
    """The tone joined 0.4 s late, as a line that was just connected does, 40 dB above noise."""
    parts: list[Signal] = []
    repeated = [segment for segment in tone.segments if not segment.once]
    made = 0.0
    while made < seconds + 0.4:
        for segment in repeated:
            ms = LASTS_S * 1000 if segment.ms is None else segment.ms
            time_s = made + np.arange(round(ms * 8)) / 8000
            made += ms / 1000
            waves = [np.sin(2 * np.pi * hz * time_s + n) for n, hz in enumerate(segment.hz)]
            if segment.am:  # 90 % deep, as the engine plays it
                part = waves[0] * (1 + 0.9 * waves[1]) / np.sqrt(1 + 0.9**2 / 2)
            else:
                part = np.sum(waves, axis=0) / np.sqrt(len(waves)) if waves else np.zeros(len(time_s))
            parts.append(part * 10 ** ((dbm0 - segment.att_db) / 20))
    whole = np.concatenate([np.zeros(2400), np.concatenate(parts)[3200 : round(8000 * seconds) + 800]])
    return PEAK_0DBM0 * (whole + np.random.default_rng(seed).normal(0, 10 ** ((dbm0 - 40) / 20), len(whole)))


def told(signals: list[Signal]) -> list[list[SegmentHeard]]:
    """What is told of lines that say these, all at once."""
    card = Card(slots=len(signals))
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    pieces: dict[int, list[SegmentHeard]] = {}
    for slot, signal in enumerate(signals):
        line = engine.open_slot(slot)
        line.listen_signals(progress=True)
        pieces[line.id] = []
        card.said[slot] += encode("PCMA", np.clip(signal, -32000, 32000))
    for _ in range(len(signals[0]) // 4000 + 1):
        card.run(engine, 500)
        for event in engine.drain():
            assert isinstance(event, SegmentHeard)
            pieces[event.endpoint].append(event)
    assert engine.debug()["news_dropped"] == 0
    return list(pieces.values())


def recognised(tones: dict[str, Tone], pieces: list[SegmentHeard]) -> list[str]:
    progress = CallProgress(tones)
    return [name for piece in pieces if (name := progress.feed(piece))]


def same_cadence(one: Tone, other: Tone) -> bool:
    """Nobody could tell them apart but by level."""
    a, b = ([(s.hz, s.ms) for s in tone.segments if not s.once] for tone in (one, other))
    return a * len(b) == b * len(a)


@pytest.mark.parametrize("code", sorted(country_names()))
def test_every_country(code: str) -> None:
    tones = dict(load_country(code).tones)
    heard = told([sounding(tones[name], LASTS_S, LEVELS_DBM0[seed], seed) for seed, name in enumerate(NAMES)])
    for name, pieces in zip(NAMES, heard, strict=True):
        found = recognised(tones, pieces)
        assert len(found) == 1, (name, found, pieces)
        assert found[0] == name or same_cadence(tones[found[0]], tones[name]), (name, found)


@pytest.mark.parametrize("talker", ["en", "es"])
def test_five_minutes_of_speech_each_are_no_tone(talker: str) -> None:
    (pieces,) = told([speech(3, 300, talker)])
    for code in country_names():
        assert recognised(dict(load_country(code).tones), pieces) == [], code


def test_from_ringing_over_speech_to_busy() -> None:
    tones = dict(load_country("es").tones)
    said = np.concatenate([
        sounding(tones["ringback"], 11, -15, 1), speech(7, 5), np.zeros(4000), sounding(tones["busy"], 4, -15, 2),
    ])  # fmt: skip
    assert recognised(tones, told([said])[0]) == ["ringback", "busy"]


@pytest.mark.parametrize("near", ["700/200, -/200", "425/100, -/100", "425/200, -/400", "425/1500, -/1500", "350+440"])
def test_what_is_only_near_it_is_not_taken_for_it(near: str) -> None:
    tone = Tone("near", read_segments(near))
    assert recognised(dict(load_country("es").tones), told([sounding(tone, LASTS_S, -15, 1)])[0]) == []


def test_where_a_dial_tone_is_awaited_a_second_of_it_will_do() -> None:
    tones = dict(load_country("us").tones)
    (pieces,) = told([sounding(tones["dial"], 1.6, -15, 1)])
    progress = CallProgress(tones, dial_ms=1000)
    assert [name for piece in pieces if (name := progress.feed(piece))] == ["dial"]
    assert recognised(tones, pieces) == []
