"""The contents of `test_offer_answer_table.py`: what peers may offer or answer, and what must come of it (RFC 3264)."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

PCMA, PCMU, BOTH = "audio 4000 RTP/AVP 8", "audio 4000 RTP/AVP 0", "audio 4000 RTP/AVP 8 0 101"
TEL = "a=rtpmap:101 telephone-event/8000"


def sdp(*lines: str, ip: str = "10.0.0.9", version: int = 1) -> str:
    """lines: m= values and whole a= or c= lines."""
    text = "".join(f"{line if line[1] == '=' else 'm=' + line}\r\n" for line in lines)
    return f"v=0\r\no=- 7 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n{text}"


class Case(NamedTuple):
    """answer: the m= lines expected, None for a refusal. direction: ours. remote, codec, way: what the engine does."""

    body: str
    answer: list[str] | None
    direction: str = "sendrecv"
    remote: tuple[str, int] = ("10.0.0.9", 4000)
    codec: tuple[Any, ...] = (8, "PCMA", None, 20)
    way: tuple[bool, bool] = (True, True)


OURS = r"audio 1\d{4} RTP/AVP "
OFFERS: dict[str, Case] = {
    "one codec": Case(sdp(PCMA), [OURS + "8"]),
    "the other codec": Case(sdp(PCMU), [OURS + "0"], codec=(0, "PCMU", None, 20)),
    "the one of two that we prefer": Case(sdp("audio 4000 RTP/AVP 0 8"), [OURS + "8"]),
    "one we have among many": Case(sdp("audio 4000 RTP/AVP 18 3 8 0"), [OURS + "8"]),
    "digits as events": Case(sdp(BOTH, TEL), [OURS + "8 101"], codec=(8, "PCMA", 101, 20)),
    "digits under another number": Case(
        sdp("audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000"), [OURS + "8 96"], codec=(8, "PCMA", 96, 20)
    ),
    "digits at another clock": Case(sdp("audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/48000"), [OURS + "8"]),
    "our codec under a dynamic number": Case(
        sdp("audio 4000 RTP/AVP 97", "a=rtpmap:97 pcmu/8000"), [OURS + "97"], codec=(97, "PCMU", None, 20)
    ),
    "our codec at another clock": Case(sdp("audio 4000 RTP/AVP 8", "a=rtpmap:8 PCMA/16000"), None),
    "no codec of ours": Case(sdp("audio 4000 RTP/AVP 18"), None),
    "events and nothing else": Case(sdp("audio 4000 RTP/AVP 101", TEL), None),
    "SRTP": Case(sdp("audio 4000 RTP/SAVP 8"), None),
    "SRTP or plain": Case(sdp("audio 4002 RTP/SAVP 8", PCMA), ["audio 0 RTP/SAVP 8", OURS + "8"]),
    "feedback profile": Case(sdp("audio 4000 RTP/AVPF 8"), None),
    "audio and video": Case(sdp(PCMA, "video 5000 RTP/AVP 96"), [OURS + "8", "video 0 RTP/AVP 96"]),
    "video first": Case(sdp("video 5000 RTP/AVP 96", PCMA), ["video 0 RTP/AVP 96", OURS + "8"]),
    "two audio lines": Case(sdp(PCMA, "audio 4100 RTP/AVP 0"), [OURS + "8", "audio 0 RTP/AVP 0"]),
    "a useless audio line and a good one": Case(sdp("audio 4100 RTP/AVP 18", PCMA), ["audio 0 RTP/AVP 18", OURS + "8"]),
    "a refused line and a good one": Case(sdp("audio 0 RTP/AVP 8", PCMA), ["audio 0 RTP/AVP 8", OURS + "8"]),
    "fax and audio": Case(sdp("image 5000 udptl t38", PCMA), ["image 0 udptl t38", OURS + "8"]),
    "unknown media": Case(
        sdp(PCMA, "text 5000 RTP/AVP 98", "application 5002 TCP/BFCP *", "whatever 1 X/Y z"),
        [OURS + "8", "text 0 RTP/AVP 98", r"application 0 TCP/BFCP \*", "whatever 0 X/Y z"],
    ),
    "video only": Case(sdp("video 5000 RTP/AVP 96"), None),
    "no line at all": Case(sdp(), None),
    "sendonly": Case(sdp(PCMA, "a=sendonly"), [OURS + "8"], "recvonly", way=(False, True)),
    "recvonly": Case(sdp(PCMA, "a=recvonly"), [OURS + "8"], "sendonly", way=(True, False)),
    "inactive": Case(sdp(PCMA, "a=inactive"), [OURS + "8"], "inactive", way=(False, False)),
    "sendonly of the session": Case(sdp("a=sendonly", PCMA), [OURS + "8"], "recvonly", way=(False, True)),
    "the line outweighs the session": Case(sdp("a=inactive", PCMA, "a=sendrecv"), [OURS + "8"]),
    "its own address": Case(sdp(PCMA, "c=IN IP4 10.0.0.77"), [OURS + "8"], remote=("10.0.0.77", 4000)),
    "an address of IPv6": Case(sdp(PCMA, "c=IN IP6 2001:db8::1"), None),
    "a name for an address": Case(sdp(PCMA, "c=IN IP4 phone.example.com"), None),
    "packets of 30 ms": Case(sdp(PCMA, "a=ptime:30"), [OURS + "8"], codec=(8, "PCMA", None, 30)),
    "packets nobody makes": Case(sdp(PCMA, "a=ptime:25"), [OURS + "8"]),
    "packets of 10 ms at most": Case(sdp(PCMA, "a=maxptime:10"), [OURS + "8"], codec=(8, "PCMA", None, 10)),
    "two ports": Case(sdp("audio 4000/2 RTP/AVP 8"), [OURS + "8"]),
    "attributes nobody knows": Case(sdp(PCMA, "a=x-y:z", "a=rtcp:4001", "b=AS:64", "a=ssrc:1 cname:x"), [OURS + "8"]),
}


ANSWERS: dict[str, Case] = {
    "our first codec": Case(sdp(PCMA), []),
    "our second codec": Case(sdp(PCMU), [], codec=(0, "PCMU", None, 20)),
    "both, theirs first": Case(sdp("audio 4000 RTP/AVP 0 8 101", TEL), [], codec=(0, "PCMU", 101, 20)),
    "recvonly": Case(sdp(PCMA, "a=recvonly"), [], way=(True, False)),
    "inactive": Case(sdp(PCMA, "a=inactive"), [], way=(False, False)),
    "another address": Case(sdp(PCMA, "c=IN IP4 10.0.0.77"), [], remote=("10.0.0.77", 4000)),
    "packets of 40 ms": Case(sdp(PCMA, "a=ptime:40"), [], codec=(8, "PCMA", None, 40)),
    "more lines than we offered": Case(sdp(PCMA, "video 5000 RTP/AVP 96"), []),
    "refused with port 0": Case(sdp("audio 0 RTP/AVP 8"), None),
    "a codec we did not offer": Case(sdp("audio 4000 RTP/AVP 18"), None),
    "SRTP we did not offer": Case(sdp("audio 4000 RTP/SAVP 8"), None),
    "other media": Case(sdp("video 4000 RTP/AVP 96"), None),
    "no line": Case(sdp(), None),
    "unreadable": Case("nonsense", None),
    "missing": Case("", None),
}


def m_lines(text: str) -> list[str]:
    return re.findall(r"^m=(.*?)\r$", text, re.MULTILINE)


def judge(case: Case, answer: str, stream: Any) -> None:
    assert case.answer is not None
    found = m_lines(answer)
    assert len(found) == len(case.answer), answer
    for line, pattern in zip(found, case.answer, strict=True):
        assert re.fullmatch(pattern, line), answer
    assert re.findall(r"^a=(sendrecv|sendonly|recvonly|inactive)\r$", answer, re.MULTILINE) == [case.direction]
    assert (stream.remote, stream.codec, stream.direction) == (case.remote, case.codec, case.way)


def judge_answer(case: Case, stream: Any) -> None:
    assert (stream.remote, stream.codec, stream.direction) == (case.remote, case.codec, case.way)
