"""The DTMF listener against ITU-T Q.24, and against recorded speech (talk-off)."""

import glob
import wave

import numpy as np
import pytest

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import KEYS, Signal, decode, encode, key, silence, sine

SPEECH = "/usr/share/asterisk/sounds"
lib.g711_init()


def heard(signal: Signal) -> str:
    """Through A-law, as from a line card."""
    pcm = decode("PCMA", encode("PCMA", signal)).astype(np.int16)
    rx = lib.dtmf_rx_new()
    out = ffi.new("char[]", 256)
    count = lib.dtmf_rx_feed(rx, ffi.cast("int16_t *", pcm.ctypes.data), len(pcm), out, 256)
    lib.dtmf_rx_free(rx)
    return ffi.buffer(out, count)[:].decode("ascii")


def dialled(seed: int, on_ms: float, off_ms: float, beside: tuple[float, ...] = (), **levels: float) -> str:
    """What is heard of all 16 digits, dialled with random phases; beside: dial tone frequencies at -10 dBm0 each."""
    dice = np.random.default_rng(seed)
    parts = [silence(50 + 10 * dice.random())]
    for digit in KEYS:
        parts += [key(digit, on_ms, phase=6.28 * dice.random(), **levels), silence(off_ms + 5 * dice.random())]
    signal = np.concatenate([*parts, silence(60)])
    for hz in beside:
        signal = signal + sine(hz, len(signal) / 8, -10)[: len(signal)]
    return heard(signal)


@pytest.mark.parametrize("error", [0, 0.015, -0.015])
@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (-9, -7), (-25, -25), (0, -8), (-4, 0), (-17, -25), (-25, -21)], ids=str
)
def test_every_digit_of_40_ms_is_heard(low: float, high: float, error: float) -> None:
    for seed in range(3):
        assert dialled(seed, 40, 40, low=low, high=high, error=error) == KEYS


@pytest.mark.parametrize("dial_tone", [(425,), (350, 440)], ids=str)
def test_digits_are_heard_with_dial_tone_present(dial_tone: tuple[float, ...]) -> None:
    for seed in range(3):
        assert dialled(seed, 50, 50, dial_tone, low=-25, high=-25) == KEYS
        assert dialled(seed, 50, 50, dial_tone, low=-9, high=-7, error=0.015) == KEYS


@pytest.mark.parametrize("error", [0.035, -0.035])
def test_frequencies_off_by_3_5_percent_are_refused(error: float) -> None:
    for seed in range(3):
        assert dialled(seed, 200, 60, low=-9, high=-7, error=error) == ""


def test_tones_of_20_ms_are_refused() -> None:
    for seed in range(5):
        assert dialled(seed, 20, 60) == ""
        assert dialled(seed, 23, 60) == ""


def test_one_tone_alone_or_too_much_twist_is_no_digit() -> None:
    assert heard(np.concatenate([silence(50), sine(770, 200, -5), silence(50)])) == ""
    assert dialled(1, 60, 60, low=-20, high=-8) == ""
    assert dialled(1, 60, 60, low=-5, high=-19) == ""


@pytest.mark.parametrize("break_ms", [1, 5, 10])
def test_a_break_of_up_to_10_ms_is_bridged(break_ms: float) -> None:
    for i, digit in enumerate(KEYS):
        signal = np.concatenate([silence(50 + 0.6 * i), key(digit, 60), silence(break_ms), key(digit, 60), silence(80)])
        assert heard(signal) == digit


def test_the_same_digit_twice_with_40_ms_between_is_two() -> None:
    for digit in KEYS:
        assert heard(np.concatenate([key(digit, 40), silence(40), key(digit, 40), silence(60)])) == digit * 2


def test_noise_15_db_below_does_not_hide_a_digit() -> None:
    dice = np.random.default_rng(7)
    signal = np.concatenate([part for d in KEYS for part in (silence(60), key(d, 60))] + [silence(60)])
    rms = np.sqrt(np.mean(key("5", 100) ** 2))
    assert heard(signal + dice.normal(0, rms * 10 ** (-15 / 20), len(signal))) == KEYS


def test_noise_alone_is_no_digit() -> None:
    dice = np.random.default_rng(3)
    assert heard(dice.normal(0, 4000, 8000 * 60)) == ""


@pytest.mark.parametrize("voice", ["en_US_f_Allison", "es_MX_f_Allison"])
@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_no_digit_in_recorded_speech(gain: float, voice: str) -> None:
    """56 minutes of a human voice in all; the bar is no false digit in 30 min."""
    parts = []
    for path in sorted(glob.glob(f"{SPEECH}/{voice}/**/*.wav", recursive=True)):
        with wave.open(path) as file:
            assert file.getframerate() == 8000
            parts.append(np.frombuffer(file.readframes(file.getnframes()), np.int16))
    speech = np.concatenate(parts).astype(np.float64) * gain
    assert len(speech) > 24 * 60 * 8000
    assert heard(np.clip(speech, -32768, 32767)) == ""
