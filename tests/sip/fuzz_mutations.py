"""Valid SIP messages made invalid on purpose, a step at a time: what the fuzzers send.

Every decision comes out of a string of octets (`Choices`), so that hypothesis, atheris and a plain
random generator can all drive it, and a failure is repeated from those octets alone. Used by
`fuzz_world.py` and `fuzz_targets.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

OFTEN_CHANGED = (
    b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Contact", b"Max-Forwards", b"Content-Length", b"Content-Type",
    b"Record-Route", b"Route", b"Require", b"Supported", b"Expires", b"Authorization", b"Proxy-Authorization", b"RAck",
    b"RSeq", b"Session-Expires", b"Min-SE", b"Reason", b"Warning", b"Content-Disposition", b"Content-Encoding",
    b"Accept", b"Info-Package", b"Timestamp", b"Retry-After", b"Path", b"Max-Breadth", b"Diversion", b"History-Info",
)  # fmt: skip
VALUES = (
    b"", b" ", b"0", b"-1", b"1", b"4294967295", b"4294967296", b"2147483648", b"9" * 40, b"1 INVITE", b"2 BYE",
    b"4294967295 INVITE", b"1 1 INVITE", b"0 0 INVITE", b"*", b"\0", b'"', b'"a', b"<", b"<>", b"<sip:>", b"sip:",
    b"<sip:a@b", b"sip:a@b;tag=", b"<sip:a@b>;tag=\"x\\\"", b"<sip:a@b>;;", b"<sip:@b>", b"<tel:+1;x>", b"<http:x>",
    b"<sip:[::1]>", b"<sip:[::1>", b"<sip:a@[1:::2]>", b"<sip:201@10.0.0.1>;tag=1", b"<sip:a@10.0.0.9:99999>",
    b"<sip:a@255.255.255.255>",
    b"<sip:a@0.0.0.0:1>", b"<sips:a@b>", b"<sip:a@no.such.name>", b"<sip:a@b;transport=tcp>", b"<sip:10.0.0.1;lr>",
    b"<sip:a@b?Replaces=x>", b"a" * 3000, b",", b";", b"=", b"%", b"%zz", b"%00", b"\xff\xfe", b"\xc3\xa9", b"\xc2\xb2",
    b"SIP/2.0/UDP", b"SIP/2.0/UDP :5060", b"SIP/2.0/UDP a b;branch=z9hG4bK1", b"SIP/3.0/UDP a;branch=z9hG4bK1",
    b"SIP/2.0/TLS [::1]:5061;branch=z9hG4bK1;received=[::1]", b"SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK",
    b"SIP/2.0/UDP 10.0.0.9;rport=0;branch=\"z9hG4bK1\"", b"SIP / 2.0 / UDP 10.0.0.9 : 5060 ; branch = z9hG4bK1",
    b"Digest", b"Digest ,,,", b'Digest username="201', b"Digest nonce=x,nc=zz,uri=sip:a", b"Basic xyz",
    b'Digest username="201", realm="tipring", nonce="' + b"0" * 40 + b'", uri="sip:a", response="", nc=1, qop=auth',
    b"application/sdp", b"multipart/mixed;boundary=b", b"multipart/mixed", b"text/plain", b"application/dtmf-relay",
    b"100rel", b"timer", b"100rel, timer, teleport", b"Q.850;cause=999999999999", b"Q.850;cause=16;text=\"",
    b"SIP;cause=",
    b"90;refresher=uac", b"89;refresher=nobody", b"1800;refresher=uas;refresher=uac", b"gzip",
    b"session;handling=optional",
    b"-1;x", b"\xff" * 300, b"(" * 300, b"a,b,c" * 50, b'""' * 100, b"\\" * 99,
)  # fmt: skip
TOKENS = (b'"', b"<", b">", b";", b",", b"=", b"%", b"@", b":", b"\\", b"\0", b"\xff", b"[", b"]", b"?", b"/",
          b" ", b"\t", b"\r", b"\n", b"\r\n", b"\r\n ", b"\r\n\r\n", b"--", b"(", b"*", b"0",
          b"tag=", b"lr", b"expires=0")  # fmt: skip
STARTS = (
    b"INVITE", b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"REGISTER", b"PRACK", b"UPDATE", b"INFO", b"SUBSCRIBE",
    b"NOTIFY",
    b"REFER", b"MESSAGE", b"PUBLISH", b"invite", b"X", b"", b"SIP/2.0", b"SIP/2.0 100", b"SIP/2.0 199", b"SIP/2.0 200",
    b"SIP/2.0 302", b"SIP/2.0 401", b"SIP/2.0 407", b"SIP/2.0 422", b"SIP/2.0 491", b"SIP/2.0 503", b"SIP/2.0 699",
    b"SIP/2.0 999", b"SIP/2.0 -1", b"SIP/7.0", b"GET",
)  # fmt: skip
SDP_LINES = (
    b"v=0", b"o=", b"o=- 9 9 IN IP4 1.2.3.4", b"s=", b"c=IN IP4 0.0.0.0", b"c=IN IP4 10.0.0.9", b"c=IN IP6 ::1",
    b"c=IN IP4 224.0.0.1/1", b"c=IN IP4 999.1.1.1", b"c=", b"t=0 0", b"m=audio 4000 RTP/AVP 8", b"m=audio 0 RTP/AVP 8",
    b"m=audio 99999 RTP/AVP 8", b"m=audio 4000/9 RTP/AVP 0 8 101", b"m=audio 4000 RTP/SAVP 8", b"m=image 4 udptl t38",
    b"m=audio 4000 RTP/AVP", b"m=video 4 RTP/AVP 96", b"m=", b"a=rtpmap:8 PCMU/8000",
    b"a=rtpmap:101 telephone-event/8000",
    b"a=rtpmap:999 x/1", b"a=rtpmap:-1 x", b"a=rtpmap:\xc2\xb2 x/8000", b"a=ptime:0", b"a=ptime:99999",
    b"a=ptime:\xc2\xb2",
    b"a=maxptime:10", b"a=sendonly", b"a=recvonly", b"a=inactive", b"a=sendrecv", b"a=", b"=", b"\0", b"x" * 2000,
)  # fmt: skip


class Choices:
    """Decisions out of octets; when they are used up, every decision is the first one."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def below(self, limit: int) -> int:
        """0 to limit - 1."""
        size = 1 if limit <= 256 else 2
        taken = self._octets[self._at : self._at + size]
        self._at += size
        return int.from_bytes(taken, "big") % limit

    def pick(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]


def mutated(message: bytes, choices: Choices) -> list[bytes]:
    """What is sent in place of `message`: mostly itself, once; else with one to three changes, twice, or not at all."""
    fate = choices.below(16)
    if fate < 8:
        return [message]
    if fate == 8:
        return []
    if fate == 9:
        return [message, message]
    for _ in range(1 + choices.below(3)):
        message = mutated_once(message, choices)
    return [message] if fate < 15 else [message, message]


def mutated_once(message: bytes, choices: Choices) -> bytes:
    """One change of any kind."""
    return choices.pick(_CHANGES)(message, choices)


def mutated_body(message: bytes, choices: Choices) -> bytes:
    """One change, in the body as a rule."""
    return choices.pick((_body, _body, _inside_body, _inside_body, mutated_once))(message, choices)


# -- the changes -------------------------------------------------------------------------


def _value(message: bytes, choices: Choices) -> bytes:
    """Another value for a header, there or not."""
    return _with_header(message, choices, lambda name, value: [name + b": " + choices.pick(VALUES)])


def _drop(message: bytes, choices: Choices) -> bytes:
    return _with_header(message, choices, lambda name, value: [])


def _twice(message: bytes, choices: Choices) -> bytes:
    other = choices.pick(VALUES)
    return _with_header(message, choices, lambda name, value: [name + b": " + value, name + b": " + other])


def _listed(message: bytes, choices: Choices) -> bytes:
    other = choices.pick(VALUES)
    return _with_header(message, choices, lambda name, value: [name + b": " + value + b"," + other])


def _token(message: bytes, choices: Choices) -> bytes:
    """A mark of the grammar somewhere inside a header."""
    token = choices.pick(TOKENS)

    def change(name: bytes, value: bytes) -> list[bytes]:
        at = choices.below(len(value) + 1)
        return [name + b": " + value[:at] + token + value[at:]]

    return _with_header(message, choices, change)


def _cut(message: bytes, choices: Choices) -> bytes:
    def change(name: bytes, value: bytes) -> list[bytes]:
        at = choices.below(len(value) + 1)
        return [name + b": " + value[:at] + value[at + 1 + choices.below(20) :]]

    return _with_header(message, choices, change)


def _swell(message: bytes, choices: Choices) -> bytes:
    """A piece of a header, many times over."""

    def change(name: bytes, value: bytes) -> list[bytes]:
        at = choices.below(len(value) + 1)
        piece = value[at : at + 1 + choices.below(12)] or b","
        return [name + b": " + value[:at] + piece * (1 + choices.below(6000) // len(piece)) + value[at:]]

    return _with_header(message, choices, change)


def _number(message: bytes, choices: Choices) -> bytes:
    """Another number where there is one: CSeq, tags, ports, RSeq, expiry."""
    other = choices.pick(
        (b"0", b"1", b"2", b"3", b"99", b"2147483647", b"2147483648", b"4294967296", b"-1", b"\xd9\xa3")
    )
    places = list(re.finditer(rb"\d+", message))
    if not places:
        return message
    found = places[choices.below(len(places))]
    return message[: found.start()] + other + message[found.end() :]


def _start(message: bytes, choices: Choices) -> bytes:
    first, _, rest = message.partition(b"\r\n")
    words = first.split(b" ")
    place = choices.below(len(words))
    words[place] = choices.pick(STARTS) if place != 1 else choices.pick(VALUES).replace(b"<", b"").replace(b">", b"")
    return b" ".join(words) + b"\r\n" + rest


def _name(message: bytes, choices: Choices) -> bytes:
    """A header by another name: compact, upper case, with blanks, misspelt."""
    how: Callable[[bytes], bytes] = choices.pick(
        (bytes.upper, bytes.lower, lambda n: n[:1].lower(), lambda n: n + b" \t", lambda n: b" " + n, lambda n: n[:-1])
    )
    return _with_header(message, choices, lambda name, value: [how(name) + b":" + value])


def _body(message: bytes, choices: Choices) -> bytes:
    """A line of the body dropped, doubled, replaced or put in; the length is set right."""
    head, _, body = message.partition(b"\r\n\r\n")
    lines = body.split(b"\r\n")
    at = choices.below(len(lines))
    new = choices.pick(SDP_LINES)
    lines[at : at + choices.below(2)] = choices.pick(([], [lines[at], lines[at]], [new], [new] * 40))
    body = b"\r\n".join(lines)
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + b"\r\n\r\n" + body


def _inside_body(message: bytes, choices: Choices) -> bytes:
    """A mark or value somewhere in the body."""
    head, blank, body = message.partition(b"\r\n\r\n")
    at = choices.below(len(body) + 1)
    body = body[:at] + choices.pick((choices.pick(TOKENS), choices.pick(VALUES))) + body[at + choices.below(6) :]
    return re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head) + blank + body


def _octet(message: bytes, choices: Choices) -> bytes:
    at = choices.below(len(message) + 1)
    return message[:at] + bytes([choices.below(256)]) + message[at + choices.below(2) :]


def _end(message: bytes, choices: Choices) -> bytes:
    """Cut off somewhere, or with something behind."""
    at = choices.below(len(message) + 1)
    return choices.pick((message[:at], message + b"\r\n" * choices.below(20), message + message[:at], message[at:]))


_CHANGES = (_value, _value, _value, _drop, _twice, _listed, _token, _token, _cut, _swell, _number, _number, _start,
            _name, _body, _body, _octet, _end)  # fmt: skip


def _with_header(message: bytes, choices: Choices, change: Callable[[bytes, bytes], list[bytes]]) -> bytes:
    """One header line put through `change`: mostly one that is there, sometimes one that is not."""
    head, blank, body = message.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    if lines and choices.below(8):
        at = choices.below(len(lines))
        name, _, value = lines[at].partition(b":")
        lines[at : at + 1] = change(name, value.strip())
    else:
        lines += change(choices.pick(OFTEN_CHANGED), b"1")
    return b"\r\n".join([start, *lines]) + blank + body
