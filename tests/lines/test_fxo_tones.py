"""What exchanges say, in every country's tones, through the true engine; what is none of it: `test_false_hang_ups.py`.

Sound goes in as A-law made by numpy, pieces come out of the engine, `ExchangeTones` judges them.
"""

from __future__ import annotations

import numpy as np
import pytest

from firmware.lines.fxo_tones import Heard
from firmware.telephony.countries import load_country
from tests.firmware_media.judge import silence
from tests.lines.exchange_ear import heard
from tests.lines.exchange_sounds import period_s, sound_of, unlike


@pytest.mark.parametrize("country", unlike("busy", "congestion"))
@pytest.mark.parametrize("name", ["busy", "congestion"])
def test_busy_and_congestion_of_every_country_are_known_within_four_periods_and_10_s(country: str, name: str) -> None:
    tone = load_country(country).tone(name)
    if any(s.ms is None for s in tone.segments):
        return  # a tone without cadence tells nothing; the loop, silence or length end such a call
    signal = np.concatenate(
        [silence(500), sound_of(tone, round(min(10.5, 5 * period_s(tone) + 1) * 1000), start_ms=130)]
    )
    ends = [at_s for at_s, what in heard(country, signal) if what in {Heard.BUSY, Heard.CONGESTION}]
    assert ends, country
    assert ends[0] - 0.5 <= min(10.0, 5 * period_s(tone) + 0.6)  # the first period is cut
    assert ends[0] - 0.5 >= 0.9 * 1.5 * period_s(tone)


@pytest.mark.parametrize("country", unlike("dial"))
def test_dial_tone_of_every_country_is_known_in_under_2_seconds(country: str) -> None:
    tone = load_country(country).tone("dial")
    told = heard(country, np.concatenate([silence(300), sound_of(tone, 3000)]))
    dials = [at_s for at_s, what in told if what is Heard.DIAL]
    assert dials and dials[0] <= 2.3, (country, told)


@pytest.mark.parametrize("country", unlike("ringback", "busy"))
def test_ringback_of_every_country_is_ringback_and_its_end_is_noticed(country: str) -> None:
    tone = load_country(country).tone("ringback")
    ringing_ms = round(period_s(tone) * 2000)
    told = heard(country, np.concatenate([silence(300), sound_of(tone, ringing_ms), silence(8000)]))
    assert Heard.RINGBACK in {what for _, what in told}, (country, told)
    assert not {what for _, what in told} & {Heard.BUSY, Heard.CONGESTION, Heard.DIAL_STEADY, Heard.VOICE}, (
        country,
        told,
    )
    over = [at_s for at_s, what in told if what is Heard.RINGBACK_OVER]
    assert len(over) == 1 and over[0] > ringing_ms / 1000
