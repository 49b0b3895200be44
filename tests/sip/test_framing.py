"""Framing of streams: any segmentation gives the same messages; what cannot be framed is named and bounded."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.sip.messages.status import Refusal, Silence
from firmware.sip.transports.framing import MAX_HEAD_OCTETS, MAX_MESSAGE_OCTETS, Framing


def message(start: str, body: bytes = b"", length: str = "Content-Length: ") -> bytes:
    head = f"{start}\r\nVia: SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKx\r\nCall-ID: a\r\n{length}{len(body)}\r\n\r\n"
    return head.encode() + body


DIALOG = [
    message("INVITE sip:201@pbx SIP/2.0", b"v=0\r\n\r\no=- 1 1 IN IP4 10.0.0.9\r\n"),
    message("SIP/2.0 100 Trying"),
    message("SIP/2.0 200 OK", b"v=0\r\nINVITE sip:x SIP/2.0\r\nContent-Length: 5\r\n\r\n", "l:"),
    message("ACK sip:201@pbx SIP/2.0", b"\r\n\r\n", "CONTENT-LENGTH : "),
    b"OPTIONS sip:pbx SIP/2.0\r\nCall-ID: no length counts as 0\r\n\r\n",
    message("BYE sip:201@pbx SIP/2.0", b"\x00\xff" * 40, "Content-Length:\r\n\t"),
]
BETWEEN = b"\r\n"
STREAM = BETWEEN.join(DIALOG) + BETWEEN


def fed(pieces: list[bytes]) -> tuple[Framing, list[bytes]]:
    framing, found = Framing(), []
    for piece in pieces:
        found += framing.feed(piece)
    return framing, found


def test_every_cut_into_two_gives_the_same_messages() -> None:
    for cut in range(len(STREAM) + 1):
        framing, found = fed([STREAM[:cut], STREAM[cut:]])
        assert found == DIALOG and framing.fault is None and not framing.partial


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 100, 10_000])
def test_pieces_of_one_size_give_the_same_messages(size: int) -> None:
    framing, found = fed([STREAM[i : i + size] for i in range(0, len(STREAM), size)])
    assert found == DIALOG and framing.fault is None and not framing.partial


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_segmentation_gives_the_same_messages(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    _, found = fed([STREAM[a:b] for a, b in itertools.pairwise(edges)])
    assert found == DIALOG


@pytest.mark.parametrize(
    ("octets", "pings"),
    [
        (b"\r\n\r\n", 1),
        (b"\r\n", 0),
        (b"\r\n\r\n\r\n\r\n", 2),
        (DIALOG[0] + b"\r\n" + DIALOG[1] + b"\r\n", 0),
        (DIALOG[0] + b"\r\n\r\n" + DIALOG[1], 1),
        (b"\r\n\r\n" + DIALOG[0] + b"\r\n\r\n", 2),
    ],
)
def test_two_line_ends_between_messages_are_a_ping_however_they_come(octets: bytes, pings: int) -> None:
    whole, _ = fed([octets])
    single, _ = fed([bytes([octet]) for octet in octets])
    assert whole.pings == single.pings == pings


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 5 5\r\n\r\n", 400),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length:\r\n\r\n", 400),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\nl: 5\r\n\r\n", 400),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: " + b"9" * 21 + b"\r\n\r\n", 400),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"OPTIONS sip:x SIP/2.0\r\nContent-Length: %d\r\n\r\n" % MAX_MESSAGE_OCTETS, 413),
        (b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * (MAX_HEAD_OCTETS // 6), 513),
        (b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * (MAX_HEAD_OCTETS // 6) + b"\r\n", 513),
    ],
)
def test_a_broken_frame_ends_the_stream_and_its_head_can_be_refused(octets: bytes, status: int) -> None:
    for pieces in ([octets], [bytes([octet]) for octet in octets], [DIALOG[0] + octets + DIALOG[0]]):
        framing, found = fed(pieces)
        assert isinstance(framing.fault, Refusal) and framing.fault.status == status
        assert found[-1].startswith(b"OPTIONS sip:x SIP/2.0") and len(found[-1]) <= MAX_HEAD_OCTETS
        assert framing.feed(DIALOG[0]) == []


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00", b"\x00\x00\x00\x00", b" \r\n", b"\xff"]
)
def test_what_is_no_sip_ends_the_stream_without_an_answer(octets: bytes) -> None:
    framing, found = fed([octets])
    assert isinstance(framing.fault, Silence) and not found


def test_equal_lengths_given_twice_are_one() -> None:
    framing, found = fed([b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 2\r\nl:  2 \r\n\r\nab"])
    assert framing.fault is None and len(found) == 1 and found[0].endswith(b"\r\n\r\nab")


def test_the_largest_message_arrives_octet_by_octet_in_linear_time() -> None:
    head = b"MESSAGE sip:x SIP/2.0\r\nX: " + b"a" * 16000 + b"\r\nContent-Length: 49000\r\n\r\n"
    octets = head + b"b" * 49000
    framing = Framing()
    began = time.process_time()
    found = [got for octet in octets for got in framing.feed(bytes([octet]))]
    assert found == [octets] and time.process_time() - began < 2.0


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(DIALOG), st.just(b"\r\n")), max_size=12), st.data())
def test_whatever_comes_is_framed_or_refused_within_bounds(parts: list[bytes], data: st.DataObject) -> None:
    octets = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 3))):
        if octets:
            octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    whole, once = fed([bytes(octets)])
    single, piecemeal = fed([bytes([octet]) for octet in octets])
    assert once == piecemeal and (whole.fault is None) == (single.fault is None)
    assert all(len(found) <= MAX_MESSAGE_OCTETS for found in once)
