"""The notation of tones: what it means and what it refuses."""

from __future__ import annotations

import pytest

from firmware.telephony.cadence import ToneSegment
from firmware.telephony.tone_notation import read_segments


def test_sums_modulation_silence_and_level() -> None:
    assert read_segments("350+440/1000, -/50, 400*33/20, 425@-10") == (
        ToneSegment((350.0, 440.0), 1000),
        ToneSegment((), 50),
        ToneSegment((400.0, 33.0), 20, am=True),
        ToneSegment((425.0,), None, att_db=10.0),
    )


def test_groups_play_once() -> None:
    segments = read_segments("2x(425/100, -/100), 1x(950/330), 425")
    assert [s.hz for s in segments] == [(425.0,), (), (425.0,), (), (950.0,), (425.0,)]
    assert [s.once for s in segments] == [True] * 5 + [False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "loud",
        "425/",
        "425, -/100",
        "350+440+480",
        "20x(425/100, -/100)",
        "425/100, 3x(-/100)",
        "2x(425/100",
        "-10/5",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_segments(text)
