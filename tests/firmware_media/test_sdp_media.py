"""What SDP says beside codec and direction: where RTCP goes, comfort noise, who insists on a packet length; orders."""

from __future__ import annotations

import pytest

from firmware.media import sdp
from firmware.media.codec_table import CODECS, ORDER
from firmware.media.offer_answer import NotAcceptable, OfferAnswer

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"


def answered(media: str, side: OfferAnswer | None = None) -> tuple[OfferAnswer, str]:
    side = side or OfferAnswer("192.0.2.1", 10000)
    return side, side.answer(sdp.parse((HEAD + media).encode()))


@pytest.mark.parametrize(
    ("attributes", "port", "mux"),
    [
        ("", 0, False),
        ("a=rtcp:4711\r\n", 4711, False),
        ("a=rtcp:4711 IN IP4 192.0.2.9\r\n", 4711, False),
        ("a=rtcp-mux\r\n", 0, True),
        ("a=rtcp:4000\r\na=rtcp-mux\r\n", 4000, True),
        ("a=rtcp:\r\na=rtcp:x\r\na=rtcp:70000\r\na=rtcp:-1\r\na=rtcp-muxed\r\n", 0, False),
    ],
)
def test_where_rtcp_goes(attributes: str, port: int, mux: bool) -> None:
    """RFC 3605; RFC 5761 5.1.1: who is offered to share the port says so in the answer, or keeps it apart."""
    side, text = answered("m=audio 4000 RTP/AVP 8\r\n" + attributes)
    assert side.agreed is not None
    assert (side.agreed.rtcp_port, side.agreed.rtcp_mux) == (port, mux)
    assert ("a=rtcp-mux\r\n" in text) == mux
    assert "rtcp-mux" not in OfferAnswer("192.0.2.1", 10000).offer()


@pytest.mark.parametrize(("formats", "noise"), [("8 13", True), ("8 101 13", True), ("8", False), ("8 130", False)])
def test_comfort_noise_is_taken_where_it_is_offered(formats: str, noise: bool) -> None:
    side, text = answered(f"m=audio 4000 RTP/AVP {formats}\r\n")
    assert ("m=audio 10000 RTP/AVP 8 13\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n" in text) == noise
    assert side.agreed is not None and side.agreed.codec == "PCMA"


def test_comfort_noise_is_no_codec() -> None:
    with pytest.raises(NotAcceptable):
        answered("m=audio 4000 RTP/AVP 13\r\n")


@pytest.mark.parametrize("order", [("PCMA",), ("PCMU", "PCMA"), ("G722",), ORDER, ("PCMU", "G722", "PCMA")])
def test_offer_and_answer_keep_to_the_order_of_the_device(order: tuple[str, ...]) -> None:
    side = OfferAnswer("192.0.2.1", 10000, order)  # type: ignore[arg-type]
    types = " ".join(str(CODECS[name].payload_type) for name in order)
    text = side.offer()
    assert f"m=audio 10000 RTP/AVP {types} 101\r\n" in text
    assert all(f"a=rtpmap:{CODECS[name].payload_type} {name}/8000\r\n" in text for name in order)
    side, _ = answered("m=audio 4000 RTP/AVP 0 8 9\r\n", OfferAnswer("192.0.2.1", 10000, order))  # type: ignore[arg-type]
    assert side.agreed is not None and side.agreed.codec == order[0]


def test_an_answer_with_several_codecs_means_the_first_that_we_offered() -> None:
    side = OfferAnswer("192.0.2.1", 10000, ("G722", "PCMA"))
    side.offer()
    agreed = side.take_answer(sdp.parse((HEAD + "m=audio 4000 RTP/AVP 0 8 9\r\n").encode()))
    assert agreed.codec == "PCMA"


def test_a_codec_in_use_stays_in_use_when_the_session_is_offered_anew() -> None:
    side, _ = answered("m=audio 4000 RTP/AVP 8\r\n")
    _, text = answered("m=audio 4000 RTP/AVP 9 0 8\r\n", side)
    assert "m=audio 10000 RTP/AVP 8\r\n" in text
    assert side.order == ("PCMA", "G722", "PCMU")


def test_what_is_preferred_is_taken_where_it_is_offered_and_allowed() -> None:
    side = OfferAnswer("192.0.2.1", 10000, ("G722", "PCMA"))
    side.prefer(("opus", "PCMU", "PCMA"))
    assert side.allowed(sdp.parse((HEAD + "m=audio 4000 RTP/AVP 9 0 8\r\n").encode())) == ("PCMA", "G722")
    assert side.allowed(sdp.parse((HEAD + "m=audio 4000 RTP/SAVP 9\r\nm=audio 4002 RTP/AVP 9\r\n").encode())) == (
        "G722",
    )
    assert side.allowed(sdp.parse((HEAD + "m=video 4000 RTP/AVP 9\r\n").encode())) == ()


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(NotAcceptable, match="PCMU"):
        answered("m=audio 4000 RTP/AVP 8 9\r\n", OfferAnswer("192.0.2.1", 10000, ("PCMU",)))
