"""Call tones and digits as a telephone hears them: frequency, level, cadence, no clicks."""

import numpy as np
import pytest

from firmware.media.engine import Engine
from firmware.telephony.cadence import Tone, ToneSegment
from tests.firmware_media.card import Card
from tests.firmware_media.judge import COLUMNS_HZ, KEYS, ROWS_HZ, Signal, decode, level_dbm0, spectrum

DIAL = Tone("dial", (ToneSegment((425,)),))
US_DIAL = Tone("dial", (ToneSegment((350, 440)),))
BUSY = Tone("busy", (ToneSegment((425,), 200), ToneSegment((), 200)))
LAW_NAMES = ["PCMA", "PCMU"]


def heard(tone: Tone, ms: int, law: int = 0) -> Signal:
    card = Card(law)
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    engine.open_slot(1).play_tone(tone)
    card.run(engine, ms)
    return decode(LAW_NAMES[law], bytes(card.heard[1]))


@pytest.mark.parametrize("law", [0, 1])
@pytest.mark.parametrize("tone", [DIAL, US_DIAL], ids=["425", "350+440"])
def test_frequency_and_level_of_a_steady_tone(tone: Tone, law: int) -> None:
    signal = heard(tone, 1000, law)[400:]
    assert level_dbm0(signal) == pytest.approx(-10, abs=0.15)
    hz = tone.segments[0].hz
    peaks = spectrum(signal)[: len(hz)]
    assert sorted(f for f, _ in peaks) == pytest.approx(sorted(hz), abs=0.5)
    assert [dbm0 for _, dbm0 in peaks] == pytest.approx([-10 - 3.01 * (len(hz) - 1)] * len(hz), abs=0.15)
    assert all(dbm0 < -38 for _, dbm0 in spectrum(signal)[len(hz) :])  # quantising makes these


def test_cadence_repeats_and_once_segments_do_not() -> None:
    tone = Tone("stutter", (ToneSegment((425,), 100, once=True), ToneSegment((), 100, once=True), *BUSY.segments))
    signal = heard(tone, 1400)
    on = [level_dbm0(signal[at * 8 : (at + 10) * 8]) > -20 for at in range(10, 1390, 10)]
    edges = [10 * (i + 1) for i in range(1, len(on)) if on[i] != on[i - 1]]
    assert edges == pytest.approx([100, 200, 400, 600, 800, 1000, 1200], abs=15)


def test_am_tone_has_its_carrier_side_bands_and_level() -> None:
    signal = heard(Tone("ring", (ToneSegment((400, 25), am=True),)), 2000)[800:]
    peaks = sorted(f for f, _ in spectrum(signal)[:3])
    assert peaks == pytest.approx([375, 400, 425], abs=1)
    assert level_dbm0(signal) == pytest.approx(-10, abs=0.2)


def test_starting_changing_and_stopping_make_no_click() -> None:
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    slot = engine.open_slot(0)
    slot.play_tone(BUSY)
    card.run(engine, 950)
    slot.stop_tone()
    card.run(engine, 50)
    signal = decode("PCMA", bytes(card.heard[0]))
    steepest = 2 * np.pi * 425 / 8000 * 22827 * 10 ** (-10 / 20)
    assert np.abs(np.diff(signal)).max() < 1.15 * steepest
    assert np.abs(signal[-320:]).max() <= 8


def test_digits_are_queued_with_pauses_and_have_the_senders_levels() -> None:
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    slot = engine.open_slot(0)
    for digit in KEYS:
        slot.play_digit(digit, 100)
    card.run(engine, 150 * 16)
    signal = decode("PCMA", bytes(card.heard[0]))
    for i in range(16):
        start = i * 150 * 8
        peaks = sorted(spectrum(signal[start + 80 : start + 720])[:2])
        assert [p[0] for p in peaks] == pytest.approx([ROWS_HZ[i // 4], COLUMNS_HZ[i % 4]], abs=2)
        assert [p[1] for p in peaks] == pytest.approx([-9, -7], abs=0.3)
        assert level_dbm0(signal[start + 840 : start + 1160]) < -60


def test_a_bad_tone_or_digit_is_refused_with_a_sentence() -> None:
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    slot = engine.open_slot(0)
    with pytest.raises(ValueError, match="tone sour"):
        slot.play_tone(Tone("sour", (ToneSegment((5000,)),)))
    with pytest.raises(ValueError, match="digit E"):
        slot.play_digit("E")
    with pytest.raises(ValueError, match="slot 99"):
        engine.open_slot(99)
    with pytest.raises(OSError, match="EBUSY"):
        engine.open_slot(0)
