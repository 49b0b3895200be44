"""What is heard in calls and is no exchange's tone: recorded speech in Spanish and English, music, ringback.

Everything is drawn by seed, so that ten hours are no loop: which recordings, their speed, level and noise.
"""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

import numpy as np

from firmware.telephony.cadence import Tone
from tests.firmware_media.judge import PEAK_0DBM0, Signal
from tests.lines.exchange_sounds import sound_of

SOUNDS = Path("/usr/share/asterisk/sounds")
_LEAST_S = 1.0
_SILENCES = "silence"


@cache
def files() -> list[Path]:
    """Recordings of both languages, a second long at least."""
    every = [path for path in sorted(SOUNDS.rglob("*.wav")) if path.parent.name != _SILENCES]
    return [path for path in every if path.stat().st_size > 16_000 * _LEAST_S]


def read(path: Path) -> Signal:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)


def speech(minutes: float, seed: int) -> Signal:
    """Recordings in a drawn order with pauses between them, each faster or slower, louder or softer; at times a second
    one beneath, as when both talk."""
    draw = np.random.default_rng(seed)
    parts: list[Signal] = []
    while sum(map(len, parts)) < minutes * 60 * 8000:
        said = _varied(draw)
        if draw.random() < 0.15:
            other = _varied(draw)
            length = min(said.size, other.size)
            said[:length] += other[:length] / 2
        parts += [said, np.zeros(int(draw.integers(800, 12_000)))]
    return _with_noise(np.concatenate(parts)[: round(minutes * 60 * 8000)], draw)


def music(minutes: float, seed: int) -> Signal:
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
    return np.concatenate(parts)[: round(minutes * 60 * 8000)]


def ringback(tone: Tone, minutes: float, seed: int) -> Signal:
    """The tone up to 1 % too high or low and too slow or fast, as old exchanges have it, at -30 to -8 dBm0 in noise."""
    draw = np.random.default_rng(seed)
    whole = sound_of(tone, round(minutes * 61_000), float(draw.uniform(-30, -8)))
    return _with_noise(_faster(whole, float(draw.uniform(0.99, 1.01)))[: round(minutes * 60 * 8000)], draw)


def _varied(draw: np.random.Generator) -> Signal:
    said = read(files()[int(draw.integers(len(files())))])
    return _faster(said, float(draw.uniform(0.8, 1.25))) * 10 ** (float(draw.uniform(-15, 6)) / 20)


def _faster(signal: Signal, speed: float) -> Signal:
    return np.interp(np.arange(0, signal.size - 1, speed), np.arange(signal.size), signal)


def _with_noise(signal: Signal, draw: np.random.Generator) -> Signal:
    dbm0 = float(draw.uniform(-65, -35))
    return signal + draw.normal(0, PEAK_0DBM0 / 2**0.5 * 10 ** (dbm0 / 20), signal.size)
