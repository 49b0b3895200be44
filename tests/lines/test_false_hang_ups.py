"""Speech, music and ringback in a call over an exchange line hang up no call: half an hour of them.

`TIPRING_SOAK=1` listens for ten hours, as the lines of every country would that has tones of its own.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from firmware.lines.fxo_tones import Heard
from firmware.telephony.countries import load_country
from tests.firmware_media.judge import silence, sine
from tests.lines.exchange_ear import heard, heard_by
from tests.lines.exchange_sounds import period_s, unlike
from tests.lines.recorded_sounds import music, ringback, speech

SOAK = bool(os.environ.get("TIPRING_SOAK"))
ENDS = {Heard.BUSY, Heard.CONGESTION, Heard.DIAL_STEADY}
PARTS = range(36) if SOAK else range(1)
SPEECH_MIN = 10 if SOAK else 7
"""Of each part: six hours."""
MUSIC_PARTS = range(12) if SOAK else range(1)
MUSIC_MIN = 10 if SOAK else 4
"""Two hours."""
COUNTRIES = unlike("dial", "busy", "congestion") if SOAK else ["es", "us", "uk"]
RINGING_MIN = 3.2 if SOAK else 0.4
"""Of each of the unlike countries, two hours in all; 19 minutes in the short run."""


@pytest.mark.parametrize("part", PARTS)
def test_speech_hangs_up_no_call(part: int) -> None:
    assert ends_in(heard_by(COUNTRIES, speech(SPEECH_MIN, part), 500)) == []


@pytest.mark.parametrize("part", MUSIC_PARTS)
def test_music_hangs_up_no_call(part: int) -> None:
    assert ends_in(heard_by(COUNTRIES, music(MUSIC_MIN, 11 + part), 500)) == []


def test_a_melody_in_the_beat_of_an_old_busy_tone_hangs_up_no_call() -> None:
    """Found by ten hours: 523, 523, something and 466 Hz twice, each half a second, with as long a rest between."""
    notes = [(523.0, -17.0), (523.0, -21.0), (466.0, -20.0), (466.0, -26.0)] * 2
    sound = np.concatenate([part for hz, dbm0 in notes for part in (sine(hz, 500, dbm0), silence(500))])
    assert ends_in(heard_by(["us-old"], sound)) == []


@pytest.mark.parametrize("country", unlike("ringback", "busy", "congestion"))
def test_ringback_hangs_up_no_call(country: str) -> None:
    tone = load_country(country).tone("ringback")
    minutes = max(RINGING_MIN, 6 * period_s(tone) / 60)
    seed = sum(map(ord, country))
    assert ends_in({country: heard(country, ringback(tone, minutes, seed), 200)}) == []


def test_somebody_who_answers_is_heard() -> None:
    told = heard("es", np.concatenate([silence(1000), speech(1 / 6, 1)]))
    assert Heard.VOICE in {what for _, what in told}


def ends_in(told: dict[str, list[tuple[float, Heard]]]) -> list[tuple[str, float, Heard]]:
    """What would have ended a call: country, second, tone."""
    return [(country, at_s, what) for country, heard in told.items() for at_s, what in heard if what in ENDS]
