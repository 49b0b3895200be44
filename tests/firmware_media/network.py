"""Networks for the jitter buffer: seeded delays of packets, and a buffer that is stepped behind them.

`jitter_ms` is the 99th percentile of the delays above the least one. The delay that a buffer makes is measured from
outside, by correlating what came out with what was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import Signal, decode, encode

PACKET = 160
BLOCK = 40
NETWORKS = ("uniform", "spikes", "wifi")

lib.g711_init()
lib.jitter_init()


def delays_ms(network: str, jitter_ms: float, packets: int, seed: int) -> Signal:
    """How long each packet of 20 ms is under way.

    uniform: any delay is as likely. spikes: gamma-like with a long tail, each packet for itself. wifi: the link stands
    still now and then, and what has gathered comes at once, in order.
    """
    rng = np.random.default_rng(seed)
    if network == "uniform":
        raw = rng.uniform(0, 1, packets)
    elif network == "spikes":
        raw = rng.gamma(1.5, 1, packets)
    else:
        raw = rng.gamma(2, 0.02, packets)
        at = 0.0
        while (at := at + rng.exponential(75)) < packets:
            first, left = int(at), rng.uniform(0.9, 1.0)
            for n in range(first, min(packets, first + int(left * jitter_ms / 20) + 1)):
                raw[n] = max(raw[n], left - 20 * (n - first) / max(jitter_ms, 1))
    raw -= raw.min()
    return raw * (jitter_ms / max(np.percentile(raw, 99), 1e-9))


def noise(ms: float, seed: int = 1) -> Signal:
    """Noise of 100 to 800 Hz at about -16 dBm0: low, so that it correlates also while it is stretched."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, round(ms * 8)))
    hz = np.fft.rfftfreq(round(ms * 8), 1 / 8000)
    shaped = np.fft.irfft(np.where((hz > 100) & (hz < 800), spectrum, 0), round(ms * 8))
    return shaped * 2500 / shaped.std()


@dataclass
class Heard:
    """What came out, in samples of 8 kHz from the moment the first packet was sent, and packets refused as late."""

    signal: Signal
    late: int
    packets: int
    buffer: object


def new_buffer(fixed_ms: int = 0) -> object:
    jitter = ffi.gc(lib.jitter_new(), lib.jitter_free)
    lib.jitter_fix(jitter, fixed_ms * 8)
    return jitter


def play(
    sent: Signal,
    arrivals_ms: Signal | NDArray[np.float64],
    *,
    fixed_ms: int = 0,
    markers: frozenset[int] = frozenset(),
    stamps: list[int] | None = None,
) -> Heard:
    """Packets of 20 ms of `sent` come in at `arrivals_ms` (nan: lost). stamps: their timestamps, if not in a row."""
    octets = encode("PCMA", sent)
    jitter = new_buffer(fixed_ms)
    order = np.argsort(arrivals_ms, kind="stable")
    order = order[: int(np.isfinite(arrivals_ms).sum())]
    block, coded = ffi.new("int16_t[40]"), ffi.new("uint8_t[40]")
    out, late, at = [], 0, 0
    for now in range(len(sent) // BLOCK + 20):
        while at < len(order) and arrivals_ms[order[at]] <= now * 5:
            n = int(order[at])
            stamp = n * PACKET if stamps is None else stamps[n]
            payload = octets[n * PACKET : n * PACKET + PACKET]
            late += not lib.jitter_put(jitter, stamp & 0xFFFFFFFF, payload, len(payload), n in markers)
            at += 1
        lib.jitter_get(jitter, coded, block)
        out.append(np.frombuffer(ffi.buffer(block), np.int16).copy())
    return Heard(np.concatenate(out).astype(np.float64), late, len(order), jitter)


def delays_heard_ms(sent: Signal, heard: Signal, most_ms: int = 600) -> Signal:
    """By how much `heard` is behind `sent` for 0.2 s of each second: the best correlation."""
    found = []
    for start in range(8000, min(len(heard), len(sent)) - 8000, 8000):
        piece, past = heard[start : start + 1600], sent[start - most_ms * 8 : start + 1600]
        size = 1 << (len(past) + len(piece)).bit_length()
        match = np.fft.irfft(np.fft.rfft(past, size) * np.conj(np.fft.rfft(piece, size)), size)
        found.append(most_ms - int(np.argmax(match[: most_ms * 8 + 1])) / 8)
    return np.array(found)


__all__ = ["NETWORKS", "Heard", "decode", "delays_heard_ms", "delays_ms", "noise", "play"]
