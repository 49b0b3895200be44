"""Tones of every country at loud and faint levels are known for what they are; what is only near one is none.

The tones are made by numpy from the table's figures, with noise; the true engine tells their pieces.
"""

from __future__ import annotations

import numpy as np
import pytest

from firmware.lines.fxo_tones import ExchangeTones, Heard
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import country_names, load_country
from firmware.telephony.tone_notation import read_segments
from tests.firmware_media.echo_paths import speech
from tests.lines.exchange_sounds import sounding, told, unlike

MEANT = {"ringback": Heard.RINGBACK, "busy": Heard.BUSY, "congestion": Heard.CONGESTION, "dial": Heard.DIAL}
ENDS = {Heard.BUSY, Heard.CONGESTION, Heard.DIAL_STEADY}
LASTS_S = 14.0
"""Two rounds and more of the longest."""
LEVELS_DBM0 = (-30, -8, -20, -35)


def recognised(country: str, pieces: list[SegmentHeard]) -> list[Heard]:
    """What the line makes of these pieces, one after another."""
    tones, begun_s = ExchangeTones(load_country(country)), 0.0
    found: list[Heard] = []
    for piece in pieces:
        now_s = begun_s + piece.ms / 1000
        if tones.deadline_s is not None and tones.deadline_s < now_s:
            found += tones.time(now_s)
        found += tones.segment(piece, now_s)
        begun_s = begun_s if piece.lasts else now_s
    return found


def same_cadence(one: Tone, other: Tone) -> bool:
    """Nobody could tell them apart but by level."""
    a, b = ([(s.hz, s.ms) for s in tone.segments if not s.once] for tone in (one, other))
    return a * len(b) == b * len(a)


@pytest.mark.parametrize("code", sorted(country_names()))
def test_every_country(code: str) -> None:
    tones = dict(load_country(code).tones)
    heard = told([sounding(tones[name], LASTS_S, LEVELS_DBM0[seed], seed) for seed, name in enumerate(MEANT)])
    for name, pieces in zip(MEANT, heard, strict=True):
        found = set(recognised(code, pieces))
        alike = {what for other, what in MEANT.items() if same_cadence(tones[other], tones[name])}
        lasting = {Heard.DIAL_STEADY} if name == "dial" else set()
        assert found & alike and found & ENDS <= alike | lasting, (name, found, pieces)


@pytest.mark.parametrize("talker", ["en", "es"])
def test_five_minutes_of_speech_each_are_no_end_of_a_call(talker: str) -> None:
    (pieces,) = told([speech(3, 300, talker)])
    for code in unlike("dial", "busy", "congestion"):
        assert not ENDS & set(recognised(code, pieces)), code


def test_from_ringing_over_speech_to_busy() -> None:
    tones = dict(load_country("es").tones)
    said = np.concatenate([
        sounding(tones["ringback"], 11, -15, 1), speech(7, 5), np.zeros(4000), sounding(tones["busy"], 4, -15, 2),
    ])  # fmt: skip
    found = recognised("es", told([said])[0])
    assert Heard.RINGBACK in found[: found.index(Heard.VOICE)]
    assert found.index(Heard.BUSY) > found.index(Heard.VOICE) and ENDS & set(found) == {Heard.BUSY}


@pytest.mark.parametrize("near", ["700/200, -/200", "425/100, -/100", "425/200, -/400", "425/1500, -/1000", "600+700"])
def test_what_is_only_near_it_is_not_taken_for_it(near: str) -> None:
    tone = Tone("near", read_segments(near))
    found = recognised("es", told([sounding(tone, LASTS_S, -15, 1)])[0])
    assert not (ENDS - {Heard.DIAL_STEADY}) & set(found), found
