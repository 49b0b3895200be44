"""Faxes, modems and exchanges are recognised in noise and at every level; speech is neither, nor has it digits."""

from __future__ import annotations

import glob
import wave

import numpy as np
import pytest

from firmware.media.engine import Engine
from firmware.media.events import MediaEvent, SegmentHeard, SignalHeard
from tests.firmware_media.card import Card, Far
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode, silence, sine

SPEECH = "/usr/share/asterisk/sounds"
PAUSE = silence(400)


def told(signal: Signal) -> list[MediaEvent]:
    """What is told of a line that says it, 10 s a step so that no news is lost."""
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True)
    line = engine.open_slot(0)
    line.listen_signals(modems=True, progress=True)
    line.listen_digits(True)
    card.said[0] += encode("PCMA", np.clip(signal, -32000, 32000))
    events: list[MediaEvent] = []
    for _ in range(len(signal) // 80000 + 1):
        card.run(engine, 10000)
        events += engine.drain()
    assert engine.debug()["news_dropped"] == 0
    return events


def signals(signal: Signal) -> list[str]:
    return [event.signal for event in told(signal) if isinstance(event, SignalHeard)]


def segments(signal: Signal) -> list[SegmentHeard]:
    return [event for event in told(signal) if isinstance(event, SegmentHeard)]


def answer_tone(ms: int, dbm0: float, hz: float = 2100, *, reversed_ms: int = 0, modulated: bool = False) -> Signal:
    """CED or ANSam: 20 % of 15 Hz when modulated (ITU-T V.8)."""
    time_ms = np.arange(8 * ms) / 8
    signal = np.sin(2 * np.pi * hz * time_ms / 1000) * (1 + 0.2 * modulated * np.sin(2 * np.pi * 15 * time_ms / 1000))
    if reversed_ms:
        signal *= np.where(time_ms // reversed_ms % 2, -1, 1)
    return PEAK_0DBM0 * 10 ** (dbm0 / 20) * signal


def flags(ms: int, dbm0: float, off_hz: float = 0) -> Signal:
    """V.21 channel 2: HDLC flags at 300 bit/s, 1,650 Hz for one and 1,850 Hz for nought."""
    bit = np.arange(8 * ms) * 300 // 8000 % 8
    hz = np.where((bit == 0) | (bit == 7), 1850, 1650) + off_hz
    return PEAK_0DBM0 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * np.cumsum(hz) / 8000)


def in_noise(signal: Signal, below_db: float) -> Signal:
    rms = np.sqrt(np.mean(signal**2))
    noise = np.random.default_rng(4).normal(0, rms * 10 ** (-below_db / 20), len(signal) + 2 * len(PAUSE))
    return noise + np.concatenate([PAUSE, signal, PAUSE])


@pytest.mark.parametrize("dbm0", [-6, -20, -38])
@pytest.mark.parametrize(
    ("make", "heard"),
    [
        (lambda dbm0: sine(1100, 500, dbm0), "cng"),
        (lambda dbm0: sine(1138, 500, dbm0), "cng"),
        (lambda dbm0: sine(1062, 500, dbm0), "cng"),
        (lambda dbm0: answer_tone(2600, dbm0), "ced"),
        (lambda dbm0: answer_tone(2600, dbm0, 2115), "ced"),
        (lambda dbm0: answer_tone(2600, dbm0, 2085), "ced"),
        (lambda dbm0: answer_tone(3000, dbm0, modulated=True), "ced"),
        (lambda dbm0: answer_tone(3300, dbm0, reversed_ms=450), "ced_reversed"),
        (lambda dbm0: answer_tone(3300, dbm0, reversed_ms=450, modulated=True), "ced_reversed"),
        (lambda dbm0: flags(1000, dbm0), "v21"),
        (lambda dbm0: flags(1000, dbm0, 10), "v21"),
        (lambda dbm0: flags(1000, dbm0, -10), "v21"),
    ],
)
def test_a_fax_or_modem_is_recognised_once(make, heard: str, dbm0: float) -> None:  # type: ignore[no-untyped-def]
    assert signals(in_noise(make(dbm0), 25)) == [heard]


def test_what_is_near_but_not_it_is_refused() -> None:
    for signal in (sine(1200, 600, -10), sine(1000, 600, -10), sine(2225, 3000, -10), sine(425, 3000, -10)):
        assert signals(np.concatenate([PAUSE, signal, PAUSE])) == []


def test_noise_says_nothing() -> None:
    assert signals(np.random.default_rng(2).normal(0, 3000, 8000 * 60)) == []


@pytest.mark.parametrize("voice", ["en_US_f_Allison", "es_MX_f_Allison"])
def test_half_an_hour_of_speech_is_no_modem_and_no_digit(voice: str) -> None:
    parts = []
    for path in sorted(glob.glob(f"{SPEECH}/{voice}/**/*.wav", recursive=True)):
        with wave.open(path) as file:
            parts.append(np.frombuffer(file.readframes(file.getnframes()), np.int16))
    speech = np.concatenate(parts).astype(np.float64)
    assert len(speech) > 24 * 60 * 8000
    assert [event for event in told(speech) if not isinstance(event, SegmentHeard)] == []


def test_a_stream_is_listened_to_while_it_is_relayed() -> None:
    engine = Engine(rtp_ports=range(20000, 20010), stepped=True, seed=3)
    one, two = engine.open_stream("192.0.2.1"), engine.open_stream("192.0.2.1")
    far, other = Far(engine, one, "192.0.2.7", 4000), Far(engine, two, "192.0.2.8", 5000)
    for stream, end in ((one, far), (two, other)):
        stream.set_codec(8, "PCMA", None)
        stream.set_remote(end.ip, end.port)
    engine.join(one.id, two.id)
    one.listen_signals(modems=True)
    octets = encode("PCMA", np.concatenate([sine(1100, 500, -12), silence(300)]))
    relayed = 0
    for i, at in enumerate(range(0, len(octets), 160)):
        far.send(octets[at : at + 160], 20_000 * i)
        relayed += len(other.received(engine.packets_out()))
        engine.tick(20_000 * (i + 1))
    assert relayed == len(octets) // 160
    assert [event for event in engine.drain() if isinstance(event, SignalHeard)] == [SignalHeard(one.id, "cng")]


@pytest.mark.parametrize("dbm0", [-10, -35])
@pytest.mark.parametrize(
    "hz", [(330,), (425,), (950,), (1400,), (1800,), (350, 440), (480, 620), (400, 475), (1004, 1104)], ids=str
)
def test_call_progress_comes_in_raw_pieces(hz: tuple[float, ...], dbm0: float) -> None:
    tone = np.sum([sine(f, 500, dbm0) for f in hz], axis=0)
    found = segments(np.concatenate([silence(330), tone, silence(250), tone, silence(700)]))
    tones = [piece for piece in found if piece.kind == "tone"]
    assert len(tones) == 2, found
    for piece in tones:
        assert piece.hz == pytest.approx(hz, abs=8)
        assert piece.ms == pytest.approx(500, abs=25)
        assert piece.dbm0 == pytest.approx(dbm0 + 3 * (len(hz) - 1), abs=1.5)
    between = found[found.index(tones[0]) + 1]
    assert between.kind == "silence" and between.ms == pytest.approx(250, abs=25)


def test_a_tone_that_goes_on_is_told_after_one_and_three_seconds() -> None:
    found = segments(np.concatenate([silence(330), sine(425, 4010, -10), silence(500)]))
    assert [(piece.lasts, piece.ms) for piece in found if piece.kind == "tone"] == [
        (True, 1000),
        (True, 3000),
        (False, pytest.approx(4010, abs=30)),
    ]


def test_speech_is_no_tone_for_long() -> None:
    with wave.open(f"{SPEECH}/en_US_f_Allison/vm-options.wav") as file:
        speech = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    assert max((piece.ms for piece in segments(speech) if piece.kind == "tone"), default=0) < 250
