"""Concealment of lost packets against repetition of the last frame, on recorded speech, judged by numpy.

Judged where something was lost and 20 ms after it: segmental signal-to-noise ratio and log-spectral distance.
"""

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firmware.media._engine import lib
from firmware.media.engine import Engine
from tests.firmware_media.card import Card, Far
from tests.firmware_media.judge import Signal, decode, encode, level_dbm0, sine
from tests.firmware_media.network import PACKET, delays_heard_ms, delays_ms, noise, play

SOUNDS = Path("/usr/share/asterisk/sounds")
VOICES = {"en": SOUNDS / "en_US_f_Allison", "es": SOUNDS / "es_MX_f_Allison"}
FIXED_MS = 40
FRAME = 80


def speech(voice: str, seconds: int = 120) -> Signal:
    """Recorded prompts in a row, the longest ones first."""
    pieces: list[Signal] = []
    for path in sorted(VOICES[voice].glob("*.wav"), key=lambda path: (-path.stat().st_size, path.name)):
        with wave.open(str(path)) as file:
            assert file.getframerate() == 8000
            pieces.append(np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64))
        if sum(map(len, pieces)) >= seconds * 8000:
            break
    sound = np.concatenate(pieces)
    return decode("PCMA", encode("PCMA", sound[: len(sound) // PACKET * PACKET]))


def bursts(packets: int, share: float, seed: int) -> np.ndarray:
    """Which packets are lost: bursts of 1 to 4, two on the average."""
    rng = np.random.default_rng(seed)
    lost, inside = np.zeros(packets, bool), False
    for n in range(5, packets):
        inside = rng.uniform() < (0.5 if inside else share / 2 / (1 - share)) and not lost[n - 4 : n].all()
        lost[n] = inside
    return lost


def concealed(sound: Signal, lost: np.ndarray) -> Signal:
    """What comes out of the jitter buffer, in line with `sound`."""
    arrivals_ms = np.where(lost, np.nan, np.arange(len(lost)) * 20.0)
    out = play(sound, arrivals_ms, fixed_ms=FIXED_MS).signal
    return out[FIXED_MS * 8 :][: len(sound)]


def repeated(sound: Signal, lost: np.ndarray) -> Signal:
    """The last packet that came, over and over."""
    out = sound.copy().reshape(-1, PACKET)
    for n in np.flatnonzero(lost):
        out[n] = out[n - 1]
    return out.reshape(-1)


def judged(lost: np.ndarray, sound: Signal) -> np.ndarray:
    """Frames of 10 ms in which there is speech."""
    return np.repeat(lost, PACKET // FRAME) & (np.sqrt((sound.reshape(-1, FRAME) ** 2).mean(axis=1)) > 200)


def segmental_snr_db(sound: Signal, heard: Signal, frames: np.ndarray) -> float:
    true, error = sound.reshape(-1, FRAME)[frames], (heard - sound).reshape(-1, FRAME)[frames]
    ratio = 10 * np.log10((true**2).sum(axis=1) / np.maximum((error**2).sum(axis=1), 1e-3))
    return float(np.clip(ratio, -10, 35).mean())


def spectral_distance_db(sound: Signal, heard: Signal, frames: np.ndarray) -> float:
    """Log-spectral distance of windows of 32 ms around each frame, in bands of 125 Hz to 3.4 kHz."""
    window, distances = np.hanning(256), []
    for at in np.flatnonzero(frames) * FRAME - 88:
        if at >= 0 and at + 256 <= len(sound):
            bands = [
                np.add.reduceat(np.abs(np.fft.rfft(x[at : at + 256] * window)) ** 2 + 1e3, range(4, 108, 4))
                for x in (sound, heard)
            ]
            distances.append(np.sqrt(np.mean((10 * np.log10(bands[0] / bands[1])) ** 2)))
    return float(np.mean(distances))


@pytest.mark.parametrize("voice", VOICES)
def test_five_percent_in_bursts_sound_nearer_to_speech_than_repeated_frames(voice: str) -> None:
    sound = speech(voice)
    lost = bursts(len(sound) // PACKET, 0.05, seed=3)
    assert 0.04 < lost.mean() < 0.06
    gone, touched = judged(lost, sound), judged(lost | np.roll(lost, 1), sound)
    ours, theirs = concealed(sound, lost), repeated(sound, lost)
    assert segmental_snr_db(sound, ours, gone) > segmental_snr_db(sound, theirs, gone) + 2
    assert spectral_distance_db(sound, ours, touched) < spectral_distance_db(sound, theirs, touched)


def test_what_was_not_lost_comes_out_as_it_was() -> None:
    sound = speech("en", 30)
    lost = bursts(len(sound) // PACKET, 0.05, seed=4)
    near = lost | np.roll(lost, 1)
    difference = (concealed(sound, lost) - sound).reshape(-1, PACKET)
    assert np.abs(difference[~near]).max() == 0
    assert np.abs(difference[near]).max() > 0


@pytest.mark.parametrize("hz", [70, 110, 150, 190, 260, 400])
def test_a_lost_packet_of_a_voice_like_sound_is_continued_in_phase(hz: int) -> None:
    """Up to seven harmonics; the period need not be a whole number of samples."""
    sound = np.sum([sine(hz * n, 2000, -20 - n) for n in range(1, 8) if hz * n < 3400], axis=0)
    lost = np.arange(100) % 10 == 9
    out = concealed(sound, lost)
    error = (out - sound).reshape(-1, PACKET)[lost]
    assert level_dbm0(error) < level_dbm0(sound) - 8
    assert np.abs(np.diff(out)).max() < 1.3 * np.abs(np.diff(sound)).max()


def test_a_long_gap_fades_to_silence_in_100_ms_and_counts_no_longer() -> None:
    sound = sine(200, 4000, -10)
    lost = np.zeros(200, bool)
    lost[50:150] = True
    out = concealed(sound, lost)[50 * PACKET :]
    levels = [level_dbm0(out[at : at + 80]) for at in range(0, 1600, 80)]
    assert levels[0] == pytest.approx(-10, abs=1)
    assert all(after < before + 0.5 for before, after in pairwise(levels[:9]))
    assert max(levels[10:]) < -60
    arrivals_ms = np.where(lost, np.nan, np.arange(200) * 20.0)
    heard = play(sound, arrivals_ms, fixed_ms=FIXED_MS)
    assert lib.jitter_concealed(heard.buffer) * 5 == 100 + 60, "the gap, and 60 ms after the end"


def test_a_pause_of_the_sender_is_no_loss_and_what_follows_is_heard_whole() -> None:
    """Talk spurts with and without marker, after pauses in which nothing was sent; delay at once as it should be."""
    sent = noise(60_000)
    arrivals_ms = np.arange(3000) * 20 + delays_ms("uniform", 60, 3000, seed=2)
    arrivals_ms[100] += 150
    talks = (np.arange(3000) // 100) % 2 == 0
    for marked in (frozenset(range(0, 3000, 200)), frozenset[int]()):
        heard = play(sent, np.where(talks, arrivals_ms, np.nan), markers=marked)
        assert heard.late <= 0.01 * heard.packets
        assert lib.jitter_concealed(heard.buffer) * 5 <= 15 * 100 + 300
        assert delays_heard_ms(sent, heard.signal)[20] < 60 + 25


def test_a_marked_packet_far_away_begins_a_new_time_line_at_once() -> None:
    sent = sine(300, 4000, -10)
    stamps = [n * PACKET + (10_000_000 if n >= 100 else 0) for n in range(200)]
    for markers, late in ((frozenset({100}), 0), (frozenset[int](), 1)):
        heard = play(sent, np.arange(200) * 20.0, markers=markers, stamps=stamps)
        assert heard.late == late
        assert lib.jitter_concealed(heard.buffer) * 5 <= 100 + 100


def test_another_sender_in_the_same_stream_costs_a_moment() -> None:
    """SSRC, sequence and timestamps anew, as when a PBX behind it re-joins the call; doubles and disorder beside."""
    card = Card()
    engine = Engine(highway_address=card.address, rtp_ports=range(20000, 20010), stepped=True, seed=5)
    slot, stream = engine.open_slot(1), engine.open_stream("192.0.2.1")
    far = Far(engine, stream)
    stream.set_codec(8, "PCMA", None)
    stream.set_remote(far.ip, far.port)
    engine.join(slot.id, stream.id)
    tone = encode("PCMA", sine(300, 20, -10))
    for n in range(300):
        if n in {100, 200}:
            far.ssrc, far.sequence, far.timestamp = far.ssrc + 1, n * 77, n * 123_457
        far.send(tone, card.now_us)
        if n % 3 == 0:
            far.sequence, far.timestamp = far.sequence - 1, far.timestamp - 160
            far.send(tone, card.now_us)
        card.run(engine, 20)
    heard = decode("PCMA", bytes(card.heard[1]))
    silent = [at for at in range(800, len(heard) - 80, 80) if level_dbm0(heard[at : at + 80]) < -30]
    assert len(silent) <= 2 * 4, "30 ms twice"
    assert stream.stats().concealed_ms <= 60
    assert stream.stats().duplicates == 100
    assert stream.stats().packets_late == 0
