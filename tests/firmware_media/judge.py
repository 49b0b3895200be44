"""The judge of the media tests: signals and G.711 made and measured by numpy, from the standard's formulas.

Shares no code with the engine. 16-bit linear; 0 dBm0 is a sine of peak 22827.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
PEAK_0DBM0 = 22827.0
KEYS = "123A456B789C*0#D"
ROWS_HZ = (697, 770, 852, 941)
COLUMNS_HZ = (1209, 1336, 1477, 1633)

Signal = NDArray[np.float64]


def a_law_levels() -> NDArray[np.int64]:
    """G.711 table 1: the 16-bit value of each A-law octet, from segment and step."""
    octets = np.arange(256) ^ 0x55
    segment, step = (octets >> 4) & 7, octets & 15
    low = np.where(segment == 0, step * 2.0, (16 + step) * 2.0 ** np.maximum(segment, 1))
    width = np.where(segment == 0, 2.0, 2.0 ** np.maximum(segment, 1))
    magnitude = (low + width / 2) * 8
    return np.where(octets & 0x80, magnitude, -magnitude).astype(np.int64)


def u_law_levels() -> NDArray[np.int64]:
    """G.711 table 2: the 16-bit value of each u-law octet."""
    octets = 255 - np.arange(256)
    segment, step = (octets >> 4) & 7, octets & 15
    magnitude = (2.0**segment * (step + 16.5) - 16.5) * 8
    return np.where(octets & 0x80, -1, 1) * magnitude.astype(np.int64)


LEVELS = {"PCMA": a_law_levels(), "PCMU": u_law_levels()}


def decode(codec: str, octets: bytes) -> Signal:
    return LEVELS[codec][np.frombuffer(octets, np.uint8)].astype(np.float64)


def decision_values(codec: str) -> NDArray[np.float64]:
    """G.711 tables 1 and 2: the magnitudes at which a step begins, of each octet without its sign, in 16 bits."""
    if codec == "PCMA":
        code = np.arange(128)
        segment, step = code >> 4, code & 15
        return np.where(segment == 0, step * 2.0, (16 + step) * 2.0 ** np.maximum(segment, 1)) * 8
    code = np.arange(128)
    return np.maximum(((16 + (code & 15)) * 2.0 ** (code >> 4) * 2 - 33) * 4, 0)


def encode(codec: str, signal: Signal) -> bytes:
    """The octet whose step holds the sample (positive for zero)."""
    code = np.searchsorted(decision_values(codec), np.abs(signal), side="right") - 1
    mask = 0x55 if codec == "PCMA" else 0x7F
    return ((np.where(np.asarray(signal) >= 0, 0x80, 0) | code) ^ mask).astype(np.uint8).tobytes()


def sine(hz: float, ms: float, dbm0: float, phase: float = 0.0) -> Signal:
    time_s = np.arange(round(ms * 8)) / RATE_HZ
    return PEAK_0DBM0 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * hz * time_s + phase)


def silence(ms: float) -> Signal:
    return np.zeros(round(ms * 8))


def key(digit: str, ms: float, low: float = -9, high: float = -7, error: float = 0, phase: float = 0) -> Signal:
    row, column = divmod(KEYS.index(digit), 4)
    return sine(ROWS_HZ[row] * (1 + error), ms, low, phase) + sine(
        COLUMNS_HZ[column] * (1 + error), ms, high, 2 * phase
    )


def level_dbm0(signal: Signal) -> float:
    """Power of everything in the signal."""
    return float(20 * np.log10(max(np.sqrt(np.mean(signal**2)), 1e-9) / (PEAK_0DBM0 / np.sqrt(2))))


def spectrum(signal: Signal) -> list[tuple[float, float]]:
    """(Hz, dBm0) of every peak above -50 dBm0, the strongest first."""
    window = np.hanning(len(signal))
    bins = np.fft.rfft(signal * window, 8 * len(signal))
    size = 20 * np.log10(np.abs(bins) * 2 / window.sum() / PEAK_0DBM0 + 1e-12)
    peaks = [i for i in range(1, len(size) - 1) if size[i] > -50 and size[i - 1] < size[i] >= size[i + 1]]
    return sorted(((i * RATE_HZ / (8 * len(signal)), float(size[i])) for i in peaks), key=lambda p: -p[1])


def rtp(sequence: int, timestamp: int, payload: bytes, pt: int = 8, ssrc: int = 0x1234, marker: int = 0) -> bytes:
    head = struct.pack("!BBHII", 0x80, marker << 7 | pt, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + payload


def parse(packet: bytes) -> tuple[int, int, int, int, int, bytes]:
    """(marker, payload type, sequence, timestamp, ssrc, payload) of a plain RTP packet."""
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", packet[:12])
    assert first == 0x80
    return second >> 7, second & 127, sequence, timestamp, ssrc, packet[12:]
