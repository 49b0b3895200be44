"""Music and ringback in a call over an exchange line end no call: chords, beats and melodies drawn by seed.

`TIPRING_SOAK=1` listens to half an hour of music by three countries' tones.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from firmware.telephony.countries import load_country
from tests.firmware_media.judge import PEAK_0DBM0, Signal
from tests.lines.test_fxo_tones import ENDS, heard, period_s, sound_of, unlike

SOAK = bool(os.environ.get("TIPRING_SOAK"))
MINUTES = 30 if SOAK else 2


def music(minutes: int, seed: int) -> Signal:
    """Notes of 100 ms to 2 s with overtones, one to three at a time around 425 Hz, some with pauses as of a beat."""
    draw = np.random.default_rng(seed)
    parts: list[Signal] = []
    while sum(map(len, parts)) < minutes * 60 * 8000:
        beat_s, rest = float(draw.choice([0.1, 0.2, 0.25, 0.5, 1.0, 2.0])), float(draw.choice([0.0, 0.3, 1.0]))
        for _ in range(int(draw.integers(1, 9))):
            at = np.arange(round(beat_s * 8000)) / 8000
            roots = 440 * 2 ** (draw.integers(-5, 8, int(draw.integers(1, 4))) / 12)
            sound = sum(np.sin(2 * np.pi * hz * part * at) / part**1.5 for hz in roots for part in (1, 2, 3))
            fade = np.exp(-at * float(draw.choice([0.0, 1.0, 4.0])))
            parts.append(np.asarray(sound * fade / len(roots) * PEAK_0DBM0 * 10 ** (-15 / 20)))
            parts.append(np.zeros(round(rest * beat_s * 8000)))
    return np.concatenate(parts)


@pytest.mark.parametrize("country", ["es", "us", "uk"] if SOAK else ["es"])
def test_music_hangs_up_no_call(country: str) -> None:
    assert [what for what in heard(country, music(MINUTES, 11), 500) if what[1] in ENDS] == []


@pytest.mark.parametrize("country", unlike("ringback", "busy", "congestion"))
def test_long_ringback_hangs_up_no_call(country: str) -> None:
    tone = load_country(country).tone("ringback")
    told = heard(country, sound_of(tone, round(max(30.0, 6 * period_s(tone)) * 1000)), 200)
    assert [what for what in told if what[1] in ENDS] == []
