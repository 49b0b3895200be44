"""Clock drift between the card and the network, mended by resampling: a tone of 1 kHz through ten stepped minutes.

The judge takes the tone apart in windows of 50 ms: its phase must go on evenly from window to window, and what is
left beside it is noise of A-law alone. Ten hours in soak.
"""

import os
from collections.abc import Iterator

import numpy as np
import pytest

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import PEAK_0DBM0, Signal, encode, sine
from tests.firmware_media.network import new_buffer

MINUTES = 600 if os.environ.get("TIPRING_SOAK") else 10
WINDOW = 400
HZ = 1010.0
SECONDS = 10
"""The tone repeats after so long."""


def tone_through(ppm: float, jitter_ms: float, buffer: object) -> Iterator[tuple[Signal, int]]:
    """Minute by minute what comes out, while the far clock is `ppm` faster, and packets that were late."""
    octets = encode("PCMA", sine(HZ, SECONDS * 1000, -10))
    rng = np.random.default_rng(9)
    block, coded = ffi.new("int16_t[40]"), ffi.new("uint8_t[40]")
    due: list[tuple[float, int]] = []
    n, now_ms = 0, 0.0
    for _ in range(MINUTES):
        out, late = [], 0
        for _ in range(12_000):
            now_ms += 5
            while (sent_ms := n * 20 / (1 + ppm * 1e-6)) <= now_ms:
                due.append((sent_ms + rng.uniform(0, max(jitter_ms, 1e-9)), n))
                n += 1
            ready = [item for item in due if item[0] <= now_ms]
            due = [item for item in due if item[0] > now_ms]
            for _, number in ready:
                at = number * 160 % len(octets)
                late += not lib.jitter_put(buffer, number * 160 & 0xFFFFFFFF, octets[at : at + 160], 160, 0)
            lib.jitter_get(buffer, coded, block)
            out.append(np.frombuffer(ffi.buffer(block), np.int16).copy())
        yield np.concatenate(out).astype(np.float64), late


def taken_apart(signal: Signal) -> tuple[Signal, Signal, Signal]:
    """Of each window: frequency in Hz, level in dB against -10 dBm0, and what is beside the tone in dB below it.

    The frequency is that from window to window; the tone with its changing pitch is then taken away.
    """
    time = np.arange(WINDOW)
    pieces = signal[: len(signal) // WINDOW * WINDOW].reshape(-1, WINDOW)
    carrier = np.exp(-2j * np.pi * HZ / 8000 * np.arange(pieces.size)).reshape(pieces.shape)
    phases = np.unwrap(np.angle((pieces * carrier * np.hanning(WINDOW)).sum(axis=1)))
    offsets_hz = np.gradient(phases) / (2 * np.pi * WINDOW / 8000)
    levels, rests = [], []
    for piece, offset_hz in zip(pieces, offsets_hz, strict=True):
        angle = 2 * np.pi * (HZ + offset_hz) / 8000 * time
        basis = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        found, *_ = np.linalg.lstsq(basis, piece, rcond=None)
        rest = piece - basis @ found
        levels.append(20 * np.log10(np.hypot(*found) / PEAK_0DBM0) + 10)
        rests.append(10 * np.log10((rest**2).sum() / (piece**2).sum()))
    return HZ + offsets_hz, np.array(levels), np.array(rests)


@pytest.mark.parametrize("jitter_ms", [0, 40])
@pytest.mark.parametrize("ppm", [200, -200, 30, 0])
def test_a_tone_passes_without_a_break_and_the_delay_stays(ppm: float, jitter_ms: float) -> None:
    """The first 10 s aside, in which the delay is found."""
    buffer = new_buffer()
    delays = []
    for minute, (signal, late) in enumerate(tone_through(ppm, jitter_ms, buffer)):
        assert late <= (3 if jitter_ms else 0)
        hz, levels, rests = taken_apart(signal if minute else signal[80_000:])
        assert np.abs(hz - HZ).max() < 0.003 * HZ, "below what is heard as a change of pitch"
        broken = (np.abs(levels) > 0.1) | (rests > -33) | (np.abs(np.gradient(hz)) > 0.5)
        assert broken.sum() <= 3 * late
        delays.append(lib.jitter_delay(buffer) / 8)
    assert max(delays) < jitter_ms + 25
    assert lib.jitter_drift_ppm(buffer) == pytest.approx(ppm, abs=20)


@pytest.mark.parametrize("ppm", [150, -150])
def test_a_fixed_delay_too_is_held_against_drift(ppm: float) -> None:
    buffer = new_buffer(60)
    for minute, (signal, late) in enumerate(tone_through(ppm, 20, buffer)):
        assert late == 0
        hz, levels, rests = taken_apart(signal if minute else signal[80_000:])
        assert np.abs(hz - HZ).max() < 0.6
        assert np.abs(levels).max() < 0.1
        assert rests.max() < -33
    assert 50 < lib.jitter_delay(buffer) / 8 < 60 + 20 + 5


@pytest.mark.parametrize("hz", [300, 1000, 2000, 3000, 3400])
def test_the_resampler_adds_nothing_to_be_heard(hz: float) -> None:
    """1,000 ppm, both ways: level kept within 0.1 dB, and what it adds is 55 dB below."""
    for excess in (1e-3, -1e-3):
        drift = ffi.new("struct drift *")
        sound = np.round(sine(hz, 4000, -3)).astype(np.int16)
        at, out = 0, []
        piece = ffi.new("int16_t[40]")
        while at < len(sound) - 64:
            count = lib.drift_needs(drift, excess)
            lib.drift_run(drift, excess, ffi.from_buffer("int16_t[]", sound[at : at + count].copy()), count, piece)
            out.append(np.frombuffer(ffi.buffer(piece), np.int16).copy())
            at += count
        heard = np.concatenate(out).astype(np.float64)[400:]
        angle = 2 * np.pi * hz * (1 + excess) / 8000 * np.arange(len(heard))
        basis = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        found, *_ = np.linalg.lstsq(basis, heard, rcond=None)
        rest = heard - basis @ found
        assert 20 * np.log10(np.hypot(*found) / PEAK_0DBM0) == pytest.approx(-3, abs=0.1)
        assert 10 * np.log10((rest**2).sum() / (heard**2).sum()) < -55
