"""The jitter buffer under loss, reordering, delay spikes and new beginnings."""

import numpy as np
import pytest

from firmware.media._engine import ffi, lib
from tests.firmware_media.judge import decode, encode, sine

IDLE = b"\xd5"
lib.g711_init()
lib.jitter_init()


class Buffer:
    """A jitter buffer fed with packets of 20 ms of a 300 Hz tone at chosen times."""

    def __init__(self, ms: int = 4000) -> None:
        self.jitter = ffi.gc(lib.jitter_new(), lib.jitter_free)
        self.sent = encode("PCMA", sine(300, ms, -10))

    def play(self, arrivals_ms: dict[int, float], ms: int, start: int = 0xFFFFF000) -> tuple[bytes, list[int]]:
        """arrivals_ms: packet number -> when it comes. Returns what came out and what jitter_put said."""
        due = sorted((at, n) for n, at in arrivals_ms.items())
        out, taken = b"", []
        for now_ms in range(0, ms, 5):
            while due and due[0][0] <= now_ms:
                n = due.pop(0)[1]
                payload = self.sent[n * 160 : n * 160 + 160]
                taken.append(lib.jitter_put(self.jitter, (start + n * 160) & 0xFFFFFFFF, payload, 160, 0))
            out += self.get()[1]
        return out, taken

    def get(self) -> tuple[int, bytes]:
        """A block as octets: those received, or what the mended samples become."""
        octets, pcm = ffi.new("uint8_t[40]"), ffi.new("int16_t[40]")
        exact = lib.jitter_get(self.jitter, octets, pcm)
        if not exact:
            lib.g711_encode_block(0, pcm, octets, 40)
        return exact, bytes(ffi.buffer(octets))


def test_steady_packets_come_out_bit_for_bit() -> None:
    buffer = Buffer()
    out, taken = buffer.play({n: 20 * n for n in range(60)}, 1200)
    start = out.index(buffer.sent[:160])
    assert start <= 40 * 8
    assert out[start:] == buffer.sent[: len(out) - start]
    assert all(taken)


def test_reordering_and_doubles_within_the_delay_are_not_heard() -> None:
    buffer = Buffer()
    arrivals = {n: 20.0 * n + (25 if n % 7 == 3 else 0) for n in range(60)}
    out, taken = buffer.play(arrivals, 1200)
    start = out.index(buffer.sent[:160])
    assert out[start:] == buffer.sent[: len(out) - start]
    assert all(taken)


@pytest.mark.parametrize("pattern", [[1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0]], ids=str)
def test_loss_is_concealed_and_never_clicks(pattern: list[int]) -> None:
    """pattern: 1 is a lost packet."""
    buffer = Buffer()
    arrivals = {n: 20.0 * n for n in range(100) if n < 5 or not pattern[n % len(pattern)]}
    signal = decode("PCMA", buffer.play(arrivals, 1900)[0])[800:]
    steepest = 2 * np.pi * 300 / 8000 * 22827 * 10 ** (-10 / 20)
    assert np.abs(np.diff(signal)).max() < 2.0 * steepest
    if len(pattern) == 3:  # one lost packet between two heard: no hole
        assert min(np.abs(signal[i : i + 80]).max() for i in range(0, len(signal) - 80, 80)) > 2000


def test_a_late_packet_stretches_the_delay_and_is_heard() -> None:
    buffer = Buffer()
    arrivals = {n: 20.0 * n + (80 if n >= 30 else 0) for n in range(100)}
    out, taken = buffer.play(arrivals, 2100)
    assert all(taken)
    assert out.endswith(buffer.sent[: 100 * 160][-1600:]) or buffer.sent[60 * 160 : 90 * 160] in out


def test_the_delay_shrinks_when_packets_come_in_time_again() -> None:
    buffer = Buffer(50000)
    arrivals = {n: 20.0 * n + (100 if n == 10 else 0) for n in range(2500)}
    buffer.play(arrivals, 45000)
    assert 5 <= lib.jitter_delay(buffer.jitter) / 8 <= 20


def test_too_late_is_refused_and_a_new_beginning_is_believed_at_the_second_packet() -> None:
    buffer = Buffer()
    buffer.play({n: 20.0 * n for n in range(20)}, 400)
    far = bytes([0x2A]) * 160
    assert lib.jitter_put(buffer.jitter, 50_000_000, far, 160, 0) == 0
    assert lib.jitter_put(buffer.jitter, 50_000_160, far, 160, 0) == 1
    heard = b""
    for _ in range(16):
        heard += buffer.get()[1]
    assert far[:120] in heard


def test_silence_before_the_first_packet_and_after_the_last() -> None:
    buffer = Buffer()
    assert buffer.get() == (0, IDLE * 40)
    out, _ = buffer.play({n: 20.0 * n for n in range(10)}, 600)
    assert np.abs(decode("PCMA", out[-400:])).max() <= 8


def test_ragged_packet_sizes_are_put_together() -> None:
    buffer = Buffer()
    out, at = b"", 0
    sizes = [80, 240, 33, 127, 160, 7, 153] * 8
    for size in sizes:
        assert lib.jitter_put(buffer.jitter, at, buffer.sent[at : at + size], size, 0)
        at += size
        while len(out) + 40 <= at:
            out += buffer.get()[1]
    assert buffer.sent[: at - 400] in out
