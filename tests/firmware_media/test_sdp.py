"""SDP read tolerantly and written strictly; offer and answer by the table of RFC 3264."""

from __future__ import annotations

import random
import re

import pytest

from firmware.media import sdp
from firmware.media.codec_table import CODECS
from firmware.media.offer_answer import NotAcceptable, OfferAnswer

OURS = ("192.0.2.1", 10000)


def offer(media: str, *, session: str = "c=IN IP4 192.0.2.9\r\n") -> sdp.Description:
    return sdp.parse(f"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n{session}t=0 0\r\n{media}".encode())


def answered(media: str, **parts: str) -> tuple[OfferAnswer, str]:
    side = OfferAnswer(*OURS)
    return side, side.answer(offer(media, **parts))


EVENTS = "a=rtpmap:101 telephone-event/8000\r\n"

ANSWERS = [
    # offered media, our audio line, (type, codec, event type)
    ("m=audio 4000 RTP/AVP 8 0 101\r\n" + EVENTS, "m=audio 10000 RTP/AVP 8 101", (8, "PCMA", 101)),
    ("m=audio 4000 RTP/AVP 0 8 101\r\n" + EVENTS, "m=audio 10000 RTP/AVP 8 101", (8, "PCMA", 101)),
    ("m=audio 4000 RTP/AVP 0\r\n", "m=audio 10000 RTP/AVP 0", (0, "PCMU", None)),
    ("m=audio 4000 RTP/AVP 18 8 9\r\n", "m=audio 10000 RTP/AVP 9", (9, "G722", None)),
    ("m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96 g722/8000\r\n", "m=audio 10000 RTP/AVP 96", (96, "G722", None)),
    ("m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96 G722/16000\r\n", "m=audio 10000 RTP/AVP 8", (8, "PCMA", None)),
    ("m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 pcma/8000/1\r\n", "m=audio 10000 RTP/AVP 97", (97, "PCMA", None)),
    (
        "m=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 Telephone-Event/8000\r\na=fmtp:96 0-16\r\n",
        "m=audio 10000 RTP/AVP 0 96",
        (0, "PCMU", 96),
    ),
    ("m=audio 4000 RTP/AVP 8 99\r\na=rtpmap:99 telephone-event/16000\r\n", "m=audio 10000 RTP/AVP 8", (8, "PCMA", None)),  # noqa: E501
    ("m=audio 4000/2 RTP/AVP 8\r\n", "m=audio 10000 RTP/AVP 8", (8, "PCMA", None)),
    ("m=AUDIO 4000 rtp/avp 8\r\n", "m=audio 10000 RTP/AVP 8", (8, "PCMA", None)),
    ("m=audio 4000 RTP/AVP 8 foo 999\r\na=rtpmap:x y\r\na=rtpmap:\r\n", "m=audio 10000 RTP/AVP 8", (8, "PCMA", None)),
]  # fmt: skip


@pytest.mark.parametrize(("media", "line", "agreed"), ANSWERS)
def test_codec_choice(media: str, line: str, agreed: tuple[int, str, int | None]) -> None:
    side, text = answered(media)
    assert line + "\r\n" in text
    assert side.agreed is not None
    assert (side.agreed.payload_type, side.agreed.codec, side.agreed.event_pt) == agreed


@pytest.mark.parametrize(
    ("media", "session", "ip"),
    [
        ("c=IN IP6 2001:db8::9\r\n", "c=IN IP4 192.0.2.9\r\n", "2001:db8::9"),
        ("", "c=IN IP6 2001:db8::9\r\n", "2001:db8::9"),
        ("c=IN IP4 phone.example\r\n", "c=IN IP4 192.0.2.9\r\n", ""),
        ("c=IN IP4 239.1.1.1/127\r\n", "c=IN IP4 192.0.2.9\r\n", ""),
        ("c=IN IP6 ff15::101\r\n", "c=IN IP4 192.0.2.9\r\n", ""),
        ("c=IN IP6 2001:db8:::9\r\n", "c=IN IP4 192.0.2.9\r\n", ""),
        ("c=IN IP6 192.0.2.9\r\n", "", ""),
        ("c=IN IP4 2001:db8::9\r\n", "", ""),
        ("", "", ""),
    ],
)
def test_the_address_of_a_line_is_its_own_else_the_sessions(media: str, session: str, ip: str) -> None:
    assert offer("m=audio 4000 RTP/AVP 8\r\n" + media, session=session).media[0].ip == ip


def test_a_line_of_the_other_family_cannot_be_reached() -> None:
    six = offer("m=audio 4000 RTP/AVP 8\r\n", session="c=IN IP6 2001:db8::9\r\n")
    with pytest.raises(NotAcceptable):
        OfferAnswer(*OURS).answer(six)
    side = OfferAnswer("2001:db8::1", 10000)
    assert "c=IN IP6 2001:db8::1\r\n" in side.answer(six)
    assert side.agreed is not None and side.agreed.ip == "2001:db8::9"
    with pytest.raises(NotAcceptable):
        OfferAnswer("2001:db8::1", 10000).answer(offer("m=audio 4000 RTP/AVP 8\r\n"))
    both = "m=audio 4000 RTP/AVP 8\r\nc=IN IP6 ::9\r\nm=audio 4002 RTP/AVP 0\r\n"
    assert "m=audio 0 RTP/AVP 8\r\nm=audio 10000 RTP/AVP 0" in OfferAnswer(*OURS).answer(offer(both))


def test_hold_by_the_unspecified_address_of_ipv6() -> None:
    side = OfferAnswer("2001:db8::1", 10000)
    text = side.answer(offer("m=audio 4000 RTP/AVP 8\r\n", session="c=IN IP6 ::\r\n"))
    assert side.agreed is not None and side.agreed.held and not side.agreed.send and "a=recvonly" in text


DIRECTIONS = [
    # offered, address, answered, we send, we receive, held
    ("", "192.0.2.9", "sendrecv", True, True, False),
    ("sendrecv", "192.0.2.9", "sendrecv", True, True, False),
    ("sendonly", "192.0.2.9", "recvonly", False, True, True),
    ("recvonly", "192.0.2.9", "sendonly", True, False, False),
    ("inactive", "192.0.2.9", "inactive", False, False, True),
    ("", "0.0.0.0", "recvonly", False, True, True),
    ("sendonly", "0.0.0.0", "recvonly", False, True, True),
    ("recvonly", "0.0.0.0", "inactive", False, False, True),
    ("inactive", "0.0.0.0", "inactive", False, False, True),
]


@pytest.mark.parametrize("level", ["session", "media", "both"])
@pytest.mark.parametrize(("offered", "ip", "direction", "send", "receive", "held"), DIRECTIONS)
def test_direction_and_hold(
    offered: str, ip: str, direction: str, send: bool, receive: bool, held: bool, level: str
) -> None:
    attribute = f"a={offered}\r\n" if offered else ""
    connection = f"c=IN IP4 {ip}\r\n"
    if level == "session":
        session, media = connection + attribute, ""
    elif level == "media":
        session, media = "", connection + attribute
    else:  # the media level wins
        session, media = "c=IN IP4 203.0.113.1\r\na=sendrecv\r\n", connection + attribute
    side, text = answered(f"m=audio 4000 RTP/AVP 8\r\n{media}", session=session)
    assert f"a={direction}\r\n" in text
    assert side.agreed is not None
    assert (side.agreed.send, side.agreed.receive, side.agreed.held) == (send, receive, held)
    assert side.agreed.ip == ip


REFUSED = [
    "",
    "m=audio 0 RTP/AVP 8\r\n",
    "m=audio 4000 RTP/AVP 18\r\n",
    "m=audio 4000 RTP/SAVP 8\r\n",
    "m=audio 4000 UDP/TLS/RTP/SAVPF 8\r\n",
    "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/8000\r\n",
    "m=image 4000 udptl t38\r\n",
    "m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 opus/48000/2\r\n",
    "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 PCMA/16000\r\n",
    "m=audio 4000 RTP/AVP 8\r\nc=IN IP6 ::1\r\n",
    "m=audio 4000 RTP/AVP 8\r\nc=IN IP4 239.1.1.1\r\n",
    "m=audio 4000 RTP/AVP 101\r\n" + EVENTS,
]


@pytest.mark.parametrize("media", REFUSED)
def test_nothing_usable_is_not_acceptable_and_changes_nothing(media: str) -> None:
    side = OfferAnswer(*OURS)
    session = "" if "IP6" in media or "239" in media else "c=IN IP4 192.0.2.9\r\n"
    with pytest.raises(NotAcceptable):
        side.answer(offer(media, session=session))
    assert side.agreed is None


def test_other_media_lines_keep_their_place_with_port_0() -> None:
    media = (
        "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        "m=audio 4000 RTP/SAVP 8\r\n"
        "m=audio 4002 RTP/AVP 8\r\n"
        "m=image 4004 udptl t38\r\n"
        "m=audio 4006 RTP/AVP 0\r\n"
    )
    _, text = answered(media)
    assert re.findall(r"^m=.*?(?=\r)", text, re.MULTILINE) == [
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/SAVP 8",
        "m=audio 10000 RTP/AVP 8",
        "m=image 0 udptl t38",
        "m=audio 0 RTP/AVP 0",
    ]


def test_what_we_write_is_in_the_order_of_the_standard_and_reads_back() -> None:
    text = OfferAnswer(*OURS).offer()
    kinds = [line[0] for line in text.split("\r\n") if line]
    assert "".join(kinds) == "vosctm" + "a" * 7
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    read = sdp.parse(text.encode())
    (audio,) = read.media
    assert (audio.ip, audio.port, audio.formats, audio.direction) == (
        "192.0.2.1",
        10000,
        ["9", "8", "0", "101"],
        "sendrecv",
    )
    assert audio.codec(101) == ("TELEPHONE-EVENT", 8000) and audio.ptime_ms == 20


def test_lines_in_any_order_bare_lf_and_missing_ones_are_read() -> None:
    body = b"v=0\no=x 1 1 IN IP4 192.0.2.9\nt=0 0\nc=IN IP4 192.0.2.9\na=foo\nz\nm=audio 4000 RTP/AVP 8\nb=AS:80\n"
    side = OfferAnswer(*OURS)
    side.answer(sdp.parse(body))
    assert side.agreed is not None and side.agreed.port == 4000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"v=0\r\n",
        b"\x00\xff" * 50,
        b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nm=audio\r\n",
        b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nm=audio 99999 RTP/AVP 8\r\n",
        b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\nm=audio -1 RTP/AVP 8\r\n",
        b"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\n" + b"m=audio 4000 RTP/AVP 8\r\n" * 40,
        b"v=0\r\n" + b"a=x\r\n" * 9000,
    ],
)
def test_what_is_no_description_is_an_error(body: bytes) -> None:
    with pytest.raises(sdp.SdpError):
        sdp.parse(body)


def version(text: str) -> int:
    return int(re.search(r"^o=- \d+ (\d+) ", text, re.MULTILINE).group(1))  # type: ignore[union-attr]


def test_the_version_rises_only_with_a_change() -> None:
    side = OfferAnswer(*OURS)
    first = side.answer(offer("m=audio 4000 RTP/AVP 8\r\n"))
    same = side.answer(offer("m=audio 4000 RTP/AVP 8\r\n"))
    held = side.answer(offer("m=audio 4000 RTP/AVP 8\r\na=sendonly\r\n"))
    back = side.answer(offer("m=audio 4000 RTP/AVP 8\r\n"))
    assert [version(text) - version(first) for text in (same, held, back)] == [0, 1, 2]


def test_our_later_offer_keeps_the_lines_and_begins_with_the_codec_in_use() -> None:
    side = OfferAnswer(*OURS)
    side.answer(offer("m=video 5000 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"))
    text = side.offer()
    assert "m=video 0 RTP/AVP 96\r\nm=audio 10000 RTP/AVP 0 9 8 96\r\n" in text
    answer = "m=video 0 RTP/AVP 96\r\nm=audio 4010 RTP/AVP 8\r\n"
    agreed = side.take_answer(offer(answer))
    assert (agreed.codec, agreed.port, agreed.event_pt) == ("PCMA", 4010, None)


@pytest.mark.parametrize(
    ("media", "codec"),
    [("m=audio 4000 RTP/AVP 0 101\r\n" + EVENTS, "PCMU"), ("m=audio 4000 RTP/AVP 8 0\r\n", "PCMA")],
)
def test_the_answer_to_our_offer_decides(media: str, codec: str) -> None:
    side = OfferAnswer(*OURS)
    side.offer()
    assert side.take_answer(offer(media)).codec == codec


@pytest.mark.parametrize("media", ["", "m=audio 0 RTP/AVP 8\r\n", "m=audio 4000 RTP/AVP 18\r\n"])
def test_an_answer_without_our_audio_is_refused(media: str) -> None:
    side = OfferAnswer(*OURS)
    side.offer()
    with pytest.raises(NotAcceptable):
        side.take_answer(offer(media))


@pytest.mark.parametrize(
    ("attributes", "ptime_ms"),
    [
        ("", 20),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:37\r\n", 20),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:x\r\n", 20),
        ("a=ptime:20.0\r\n", 20),
        ("a=maxptime:10\r\n", 10),
        ("a=ptime:40\r\na=maxptime:150\r\n", 40),
        ("a=ptime:40\r\na=maxptime:30\r\n", 30),
        ("a=ptime:60\r\na=maxptime:5\r\n", 10),
        ("a=ptime:50\r\n", 50),
    ],
)
def test_packet_length(attributes: str, ptime_ms: int) -> None:
    side, _ = answered("m=audio 4000 RTP/AVP 8\r\n" + attributes)
    assert side.agreed is not None and side.agreed.ptime_ms == ptime_ms
    assert side.agreed.ptime_asked == (ptime_ms != 20 or attributes == "a=ptime:20.0\r\n")


def test_mutated_descriptions_never_raise_anything_else() -> None:
    dice = random.Random(4566)
    good = OfferAnswer(*OURS).offer().encode() + b"m=video 5 RTP/AVP 9\r\na=fmtp:9 x=y\r\n"
    for _ in range(4000):
        body = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(body))
            match dice.randrange(3):
                case 0:
                    body[at] = dice.randrange(256)
                case 1:
                    del body[at : at + dice.randint(1, 20)]
                case _:
                    body[at:at] = body[dice.randrange(len(body)) :][: dice.randint(1, 40)]
        side = OfferAnswer(*OURS)
        try:
            side.answer(sdp.parse(bytes(body)))
        except (sdp.SdpError, NotAcceptable):
            continue
        agreed = side.agreed
        assert agreed is not None
        assert agreed.codec in CODECS and 0 < agreed.port < 65536 and 0 <= agreed.payload_type < 128
        assert agreed.event_pt is None or 0 <= agreed.event_pt < 128
        assert agreed.event_pt != agreed.payload_type
