"""What exchanges say, in every country's tones, through the true engine; what is none of it: `test_false_hang_ups.py`.

Sound goes in as A-law made by numpy, pieces come out of the engine, `ExchangeTones` judges them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from firmware.lines.fxo_tones import ExchangeTones, Heard
from firmware.media.engine import Engine
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import country_names, load_country
from tests.firmware_media.card import Card
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode, silence


def unlike(*names: str) -> list[str]:
    """Countries that differ in these tones: one of each kind."""
    kinds = {tuple(load_country(code).tone(name).segments for name in names): code for code in sorted(country_names())}
    return sorted(kinds.values())


STEP_MS = 40
NOISE_DBM0 = -55.0


def sound_of(tone: Tone, ms: int, dbm0: float = -15.0, start_ms: int = 0) -> Signal:
    """The tone as an exchange sends it, from `start_ms` of its cadence on."""
    rate = 8
    parts = []
    for segment in [s for s in tone.segments if not s.once] or tone.segments:
        count = (segment.ms or ms) * rate
        at = np.arange(count) / 8000
        if not segment.hz:
            parts.append(np.zeros(count))
        elif segment.am:
            carrier, modulation = segment.hz
            envelope = (1 + 0.85 * np.sin(2 * np.pi * modulation * at)) / 1.85
            parts.append(envelope * np.sin(2 * np.pi * carrier * at))
        else:
            waves = [np.sin(2 * np.pi * hz * at) for hz in segment.hz]
            parts.append(np.sum(waves, axis=0) / len(waves) ** 0.5)
    period = np.concatenate(parts)
    whole = np.tile(period, (start_ms + ms) * rate // period.size + 2)
    return PEAK_0DBM0 * 10 ** (dbm0 / 20) * whole[start_ms * rate :][: ms * rate]


def heard(country: str, signal: Signal, step_ms: int = STEP_MS) -> list[tuple[float, Heard]]:
    """(seconds, what) as the line would be told it."""
    return heard_by([country], signal, step_ms)[country]


def heard_by(countries: Sequence[str], signal: Signal, step_ms: int = STEP_MS) -> dict[str, list[tuple[float, Heard]]]:
    """Likewise, by lines of several countries that hear the same."""
    draw = np.random.default_rng(3)
    noisy = signal + draw.normal(0, PEAK_0DBM0 / 2**0.5 * 10 ** (NOISE_DBM0 / 20), len(signal))
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    engine.open_slot(0).listen_signals(progress=True)
    card.said[0] += encode("PCMA", np.clip(noisy, -32000, 32000))
    lines = {country: ExchangeTones(load_country(country)) for country in countries}
    told: dict[str, list[tuple[float, Heard]]] = {country: [] for country in countries}
    for step in range(len(signal) // 8 // step_ms + 1):
        card.run(engine, step_ms)
        now_s = (step + 1) * step_ms / 1000
        pieces = [event for event in engine.drain() if isinstance(event, SegmentHeard)]
        for country, tones in lines.items():
            what = [one for piece in pieces for one in tones.segment(piece, now_s)]
            told[country] += [(now_s, one) for one in [*what, *tones.time(now_s)]]
    return told


def period_s(tone: Tone) -> float:
    return sum(s.ms or 0 for s in tone.segments if not s.once) / 1000


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
