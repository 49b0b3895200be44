"""Digits made and decoded by numpy in all three forms, sharing no code with the engine.

A `Script` is what is dialled and when. `sound`, `events` and `messages` say it in 20 ms steps;
`heard_in_sound` and `heard_in_events` give back the digits with their lengths in ms.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np

from tests.firmware_media.judge import COLUMNS_HZ, KEYS, PEAK_0DBM0, ROWS_HZ, Signal, key, sine

EVENT_KEYS = "0123456789*#ABCD"
PACKET = 160
Packet = tuple[int, int, int, int, int, bytes]
Digits = list[tuple[str, float]]


@dataclass(frozen=True)
class Press:
    digit: str
    at_ms: int
    ms: int


def script(seed: int, count: int, shortest_ms: int = 60, pause_ms: int = 60) -> list[Press]:
    """Random digits, some of them twice on end; lengths and pauses of odd milliseconds.

    They begin after 6 s, when the jitter buffer has found its delay."""
    dice = np.random.default_rng(seed)
    presses, at_ms, digit = [], 6000, "5"
    for _ in range(count):
        digit = digit if dice.random() < 0.2 else KEYS[dice.integers(16)]
        ms = int(dice.integers(shortest_ms, shortest_ms + 120))
        presses.append(Press(digit, at_ms, ms))
        at_ms += ms + int(dice.integers(pause_ms, pause_ms + 80))
    return presses


def lasts_ms(presses: list[Press]) -> int:
    return (presses[-1].at_ms + presses[-1].ms + 400) // 20 * 20


def sound(presses: list[Press], seed: int, beside_hz: tuple[float, ...] = ()) -> Signal:
    """All of it, with noise at -60 dBm0 and the tones of beside_hz at -13 dBm0 each."""
    dice = np.random.default_rng(seed)
    signal = dice.normal(0, PEAK_0DBM0 / np.sqrt(2) / 1000, 8 * lasts_ms(presses))
    for hz in beside_hz:
        signal += sine(hz, len(signal) / 8, -13)
    for press in presses:
        tones = key(press.digit, press.ms, phase=6.28 * dice.random())
        signal[8 * press.at_ms : 8 * press.at_ms + len(tones)] += tones
    return signal


def events(presses: list[Press], at_ms: int) -> list[tuple[int, bytes]]:
    """(samples the event began before at_ms, payload) of the 20 ms that end then, or nothing; RFC 4733 2.5.1."""
    for press in presses:
        began = press.at_ms // 20 * 20
        ended = began + press.ms
        if began < at_ms <= ended + 60:
            last = at_ms > ended
            duration = press.ms if last else at_ms - began
            head = bytes([EVENT_KEYS.index(press.digit), 10 | 0x80 * last])
            return [(8 * (at_ms - 20 - began), head + (8 * duration).to_bytes(2, "big"))]
    return []


def heard_in_events(packets: list[Packet], event_pt: int) -> Digits:
    """By timestamp: one each, as long as its longest packet says."""
    found: dict[int, tuple[str, int]] = {}
    for _, pt, _, timestamp, _, payload in packets:
        if pt == event_pt:
            before = found.get(timestamp, ("", 0))[1]
            duration = int.from_bytes(payload[2:], "big")
            found[timestamp] = (EVENT_KEYS[payload[0]], max(before, duration))
    return [(digit, duration / 8) for digit, duration in found.values()]


def on_time_line(packets: list[Packet], pt: int, decoded: dict[int, Signal]) -> Signal:
    """What was sent as audio, silence where nothing was."""
    audio = [(p[3], decoded[i]) for i, p in enumerate(packets) if p[1] == pt]
    if not audio:
        return np.zeros(8000)
    first = audio[0][0]
    ends = [((stamp - first) & 0xFFFFFFFF) + len(pcm) for stamp, pcm in audio]
    line = np.zeros(max(ends))
    for (_, pcm), end in zip(audio, ends, strict=True):
        line[end - len(pcm) : end] = pcm
    return line


def _envelope(signal: Signal, hz: float) -> Signal:
    """Amplitude at hz in a window of 10 ms around each millisecond, in parts of 0 dBm0."""
    time_s = np.arange(len(signal)) / 8000
    total = np.concatenate([[0], np.cumsum(signal * np.exp(-2j * np.pi * hz * time_s))])
    middle = np.arange(40, len(signal) - 40, 8)
    return np.abs(total[middle + 40] - total[middle - 40]) * 2 / 80 / PEAK_0DBM0


def heard_in_sound(signal: Signal, least_ms: int = 25) -> Digits:
    """Every stretch in which one row and one column stand above half the level we dial with."""
    rows = np.array([_envelope(signal, hz) for hz in ROWS_HZ])
    columns = np.array([_envelope(signal, hz) for hz in COLUMNS_HZ])
    loud = (rows.max(0) > 10 ** (-15 / 20)) & (columns.max(0) > 10 ** (-13 / 20))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(int), [0]])))
    found: Digits = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= least_ms:
            middle = (start + end) // 2
            row, column = int(rows[:, middle].argmax()), int(columns[:, middle].argmax())
            found.append((KEYS[4 * row + column], float(end - start)))
    return found


def heard_by_spandsp(signal: Signal) -> str:
    """As libspandsp's receiver hears it."""
    spandsp = ctypes.CDLL("libspandsp.so.2")
    spandsp.dtmf_rx_init.restype = ctypes.c_void_p
    rx = ctypes.c_void_p(spandsp.dtmf_rx_init(None, None, None))
    digits, out = "", ctypes.create_string_buffer(128)
    pcm = np.concatenate([signal, np.zeros(1000)]).astype(np.int16)
    for at in range(0, len(pcm), 160):
        piece = np.ascontiguousarray(pcm[at : at + 160])
        spandsp.dtmf_rx(rx, piece.ctypes.data_as(ctypes.c_void_p), len(piece))
        count = spandsp.dtmf_rx_get(rx, out, 100)
        digits += out.raw[:count].decode("ascii")
    spandsp.dtmf_rx_free(rx)
    return digits
