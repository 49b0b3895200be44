"""Lines that echo, for the tests of the echo canceller, and recorded speech to say into them.

The impulse responses are ours: of the kind that ITU-T G.168 prints in its annex D (dispersed over 4 to 12 ms, behind
a flat delay, 6 to 24 dB of return loss), made from seeds; they are not G.168's own digits.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import PEAK_0DBM0, Signal, decode, encode

BLOCK = 40
HIGHWAY = 2
"""Blocks from giving to getting back, at the least."""
SOUNDS = Path("/usr/share/asterisk/sounds")
TALKERS = {"en": "en_US_f_Allison", "es": "es_MX_f_Allison"}


def speech(seed: int, seconds: float, talker: str = "en", dbm0: float = -16) -> Signal:
    """Prompts in an order of the seed's choice, without their pauses, at this level."""
    files = sorted((SOUNDS / TALKERS[talker]).glob("*.wav"))
    rng, wanted = np.random.default_rng(seed), round(seconds * 8000)
    pieces: list[Signal] = []
    while sum(map(len, pieces)) < wanted:
        with wave.open(str(files[rng.integers(len(files))])) as file:
            said = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
        frames = said[: len(said) // 160 * 160].reshape(-1, 160)
        loud = np.mean(frames**2, axis=1) > 1e4
        near = np.convolve(loud, np.ones(5), "same") > 0  # 40 ms around what is loud
        pieces.append(frames[near].ravel())
    said = np.concatenate(pieces)[:wanted]
    return np.asarray(said * PEAK_0DBM0 / np.sqrt(2) * 10 ** (dbm0 / 20) / np.sqrt(np.mean(said**2)))


def hybrid(seed: int, erl_db: float, delay_ms: float) -> Signal:
    """An impulse response: dispersed by a decay of 0.6 to 2 ms, erl_db of loss between 300 and 3400 Hz."""
    rng = np.random.default_rng(seed)
    time = np.arange(96)
    response = rng.normal(size=96) * np.exp(-time / rng.uniform(5, 16)) * np.minimum(time / 4, 1)
    hz = np.fft.rfftfreq(1024, 1 / 8000)
    passed = np.interp(hz, [60, 300, 3400, 3800], [0, 1, 1, 0])  # as a line and its codec do
    bins = np.fft.rfft(np.roll(np.pad(response, (0, 928)), 12)) * passed
    bins *= 10 ** (-erl_db / 20) / np.sqrt(np.mean(np.abs(bins[38:435]) ** 2))
    response = np.fft.irfft(bins)[:128]
    return np.concatenate([np.zeros(round(delay_ms * 8)), response])


def g711(signal: Signal) -> Signal:
    return decode("PCMA", encode("PCMA", signal))


def whole(signal: Signal) -> Signal:
    return np.clip(np.rint(signal), -32768, 32767)


class Line:
    """A canceller of echo.c and the line behind it; time runs on from one `say` to the next."""

    def __init__(self, response: Signal, tail_ms: int = 64, *, exact: bool = False) -> None:
        self.response, self.exact = response, exact
        self._native = ffi.gc(lib.echo_new(tail_ms), lib.echo_free)
        self._echo_left = np.zeros(len(response) - 1)
        self._under_way = np.zeros((2, HIGHWAY * BLOCK))

    def say(self, far: Signal, near: Signal | None = None) -> tuple[Signal, Signal, Signal]:
        """Both of the same length, whole blocks. Returns what comes from the line, what the canceller makes
        of it, and what somebody said there, all three two blocks later. Both directions are A-law, unless exact."""
        near = whole(np.zeros(len(far)) if near is None else near)
        sent = whole(far) if self.exact else g711(far)
        echo = np.convolve(sent, self.response)
        echo[: len(self._echo_left)] += self._echo_left
        self._echo_left, echo = echo[len(far) :], echo[: len(far)]
        line = whole(near + echo) if self.exact else g711(near + echo)
        all_ways = np.concatenate([self._under_way, [line, near]], axis=1)
        self._under_way = all_ways[:, len(far) :]
        line, near = all_ways[:, : len(far)]
        return line, self._cancel(line, sent), near

    def _cancel(self, line: Signal, sent: Signal) -> Signal:
        out, block = np.empty_like(line), ffi.new(f"int16_t[{BLOCK}]")
        for at in range(0, len(line), BLOCK):
            ffi.memmove(block, line[at : at + BLOCK].astype(np.int16).tobytes(), 2 * BLOCK)
            lib.echo_cancel(self._native, block)
            out[at : at + BLOCK] = np.frombuffer(ffi.buffer(block), np.int16)
            ffi.memmove(block, sent[at : at + BLOCK].astype(np.int16).tobytes(), 2 * BLOCK)
            lib.echo_sent(self._native, block)
        return out

    def figures(self) -> tuple[bool, bool, float, float, float]:
        """(known, off by tone, ERL, ERLE, delay)."""
        told = ffi.new("struct echo_figures *")
        lib.echo_get_figures(self._native, told)
        return bool(told.known), bool(told.off_by_tone), told.erl_db, told.erle_db, told.delay_ms


def ratio_db(over: Signal, under: Signal) -> float:
    return float(10 * np.log10((np.mean(over**2) + 1e-3) / (np.mean(under**2) + 1e-3)))


def segments_db(signal: Signal, noise: Signal) -> Signal:
    """Signal to noise of every 20 ms in which the signal is above -40 dBm0."""
    powers, wrong = (np.mean(s.reshape(-1, 160) ** 2, axis=1) for s in (signal, noise))
    loud = powers > PEAK_0DBM0**2 / 2 * 1e-4
    return np.asarray(10 * np.log10(powers[loud] / (wrong[loud] + 1)))
