"""Packets of 10 to 60 ms: passed on as they are, or put into the length that a far end asks for. Stepped."""

from itertools import pairwise

import numpy as np
import pytest

from tests.firmware_media.two_streams import Packet, TwoStreams

PTIMES = (10, 20, 30, 40, 50, 60)
NOISE = np.random.default_rng(9).integers(0, 256, 24000, dtype=np.uint8).tobytes()
AFTER_RAMP = 40 * 8


def steps(packets: list[Packet], field: int, bits: int) -> set[int]:
    return {(b[field] - a[field]) % (1 << bits) for a, b in pairwise(packets)}  # type: ignore[operator]


@pytest.mark.parametrize("codec", ["PCMA", "G722"])
@pytest.mark.parametrize("to_ms", PTIMES)
@pytest.mark.parametrize("from_ms", PTIMES)
def test_the_far_end_gets_the_length_it_asks_for(from_ms: int, to_ms: int, codec: str) -> None:
    pair = TwoStreams(codec, codec, ptimes=(from_ms, to_ms), asked=True)
    got = pair.a_says(NOISE, from_ms)
    assert {len(p[5]) for p in got} == {8 * to_ms}
    assert steps(got, 2, 16) == {1} and steps(got, 3, 32) == {8 * to_ms}
    octets = b"".join(p[5] for p in got)
    assert octets == NOISE[: len(octets)] and len(octets) > len(NOISE) - 8 * to_ms
    assert [p[0] for p in got].count(1) == 1


@pytest.mark.parametrize("from_ms", PTIMES)
def test_without_being_asked_packets_pass_as_they_are(from_ms: int) -> None:
    pair = TwoStreams("PCMA", "PCMA", ptimes=(from_ms, 20))
    got = pair.a_says(NOISE, from_ms)
    assert b"".join(p[5] for p in got) == NOISE and {len(p[5]) for p in got} == {8 * from_ms}


def test_lengths_and_codecs_change_together() -> None:
    pair = TwoStreams("PCMA", "PCMU", ptimes=(20, 30), asked=True)
    got = pair.a_says(b"\xd5" * 4800)
    assert {len(p[5]) for p in got} == {240} and {p[5] for p in got} == {b"\xfe" * 240}


@pytest.mark.parametrize(("from_ms", "to_ms"), [(20, 10), (20, 30), (10, 60), (60, 20)])
def test_loss_stays_loss(from_ms: int, to_ms: int) -> None:
    """Timestamps keep the hole, sequence numbers show one, and what comes after it is in its place."""
    pair = TwoStreams("PCMA", "PCMA", ptimes=(from_ms, to_ms), asked=True)
    first = pair.a_says(NOISE[:9600], from_ms)
    pair.run(from_ms)
    pair.a.sequence, pair.a.timestamp = pair.a.sequence + 1, pair.a.timestamp + 8 * from_ms
    after = pair.a_says(NOISE[9600:19200], from_ms)
    start = first[0][3]
    said = NOISE[:9600] + bytes(8 * from_ms) + NOISE[9600:19200]
    for packet in first + after:
        at = (packet[3] - start) % 2**32
        assert said[at : at + len(packet[5])] == packet[5]
    assert max(steps(first + after, 2, 16)) > 1


def test_a_packet_that_comes_after_its_place_was_sent_is_dropped() -> None:
    pair = TwoStreams("PCMA", "PCMA", ptimes=(20, 30), asked=True)
    got = pair.a_says(NOISE[:3200])
    sequence, timestamp = pair.a.sequence, pair.a.timestamp
    for n in (1, 0, 2, 3, 4, 5):
        pair.a.sequence, pair.a.timestamp = sequence + n, timestamp + 160 * n
        got += pair.a_says(NOISE[3200 + 160 * n : 3360 + 160 * n])
    for packet in got:
        at = (packet[3] - got[0][3]) % 2**32
        assert packet[5] == NOISE[at : at + len(packet[5])]
    assert (got[-1][3] - got[0][3]) % 2**32 >= 3840 - 240
    assert len({p[3] for p in got}) == len(got)


def test_digits_pass_between_repacked_audio() -> None:
    """What waited for a whole packet goes out before the digit."""
    pair = TwoStreams("PCMA", "PCMA", ptimes=(20, 30), asked=True)
    got = pair.a_says(NOISE[:3200])
    for duration in (160, 320, 480):
        pair.run(20)
        event = bytes([5, 10 | (0x80 if duration == 480 else 0)]) + duration.to_bytes(2, "big")
        pair.a.send(event, pair.now_us, 101, 0)
        got += pair.b.received(pair.engine.packets_out())
    pair.a.timestamp += 480
    got += pair.a_says(NOISE[3680:6080])
    assert [p[1] for p in got].count(101) == 3
    assert steps(got, 2, 16) == {1}
    before = b"".join(p[5] for p in got[: [p[1] for p in got].index(101)])
    assert before == NOISE[:3200]


@pytest.mark.parametrize("field", ["timestamp", "sequence"])
@pytest.mark.parametrize("off", [-2000, 60, 90, 1 << 30])
def test_one_wrong_field_in_one_packet_costs_no_more_than_that_packet(field: str, off: int) -> None:
    pair = TwoStreams("PCMA", "PCMA", ptimes=(20, 30), asked=True)
    pair.a_says(NOISE[:3200])
    right = getattr(pair.a, field)
    setattr(pair.a, field, right + off)
    pair.a_says(NOISE[3200:3360])
    setattr(pair.a, field, right + (160 if field == "timestamp" else 1))
    got = pair.a_says(NOISE[3360:9760])
    assert b"".join(p[5] for p in got)[-4800:] in NOISE[3360:9760]
    assert len(got) > 20
