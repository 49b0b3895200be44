"""SDP text to structure and back (RFC 8866): read tolerantly, written strictly.

Why: peers put lines in any order, leave some out and end them with LF only; all that is
accepted. What we write is in the standard's order and whole. What the two sides then
agree on is settled in `offer_answer.py`.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from firmware.media.codec_table import CODECS

MAX_OCTETS = 16384
MAX_MEDIA_LINES = 32
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
STATIC_CODECS = {codec.payload_type: (str(codec.name), codec.clock_hz) for codec in CODECS.values()}
"""Payload types that need no rtpmap, of the codecs we have (RFC 3551)."""
COMFORT_NOISE = 13
"""The static payload type of RFC 3389."""

_UNUSABLE = "?"
"""Of a c= line that says nothing we can send to; the session's c= must not stand in for it."""


class SdpError(Exception):
    """The description cannot be read; SIP answers 400."""


@dataclass(slots=True)
class MediaLine:
    """One m= line with its attributes. ip: of its own c= or the session's, "" without a usable one. port 0: refused.

    codecs: payload type to (name in upper case, clock in Hz). direction: "" when the line does not say.
    rtcp_port: where RTCP goes when that is not the port above (RFC 3605), else 0. rtcp_mux: it may share the port.
    """

    kind: str
    port: int
    proto: str
    formats: list[str]
    ip: str = ""
    direction: str = ""
    codecs: dict[int, tuple[str, int]] | None = None
    ptime_ms: int = 0
    maxptime_ms: int = 0
    rtcp_port: int = 0
    rtcp_mux: bool = False

    def codec(self, payload_type: int) -> tuple[str, int] | None:
        """(name, clock) of a payload type by its rtpmap, else by RFC 3551."""
        return (self.codecs or {}).get(payload_type) or STATIC_CODECS.get(payload_type)

    def offers(self, payload_type: int) -> bool:
        """Whether the line names it."""
        return str(payload_type) in self.formats


@dataclass(slots=True)
class Description:
    """A whole session description. origin: the o= value as written."""

    origin: str
    media: list[MediaLine]


def parse(body: bytes) -> Description:
    """Read an SDP body. Unknown lines are skipped. Raises SdpError."""
    if len(body) > MAX_OCTETS:
        raise SdpError("description is too long")
    session = MediaLine("session", 0, "", [])
    media: list[MediaLine] = []
    current = session
    origin: str | None = None
    for line in body.decode("utf-8", "replace").split("\n"):
        kind, value = line[:2], line[2:].strip()
        if kind == "a=":
            _attribute(current, value)
        elif kind == "m=":
            current = _media_line(value)
            media.append(current)
        elif kind == "c=":
            current.ip = _connection(value)
        elif kind == "o=":
            origin = value
    if origin is None or len(media) > MAX_MEDIA_LINES:
        raise SdpError("not a session description")
    for entry in media:
        ip = entry.ip or session.ip
        entry.ip = "" if ip == _UNUSABLE else ip
        entry.direction = entry.direction or session.direction or "sendrecv"
    return Description(origin, media)


def _media_line(value: str) -> MediaLine:
    words = value.split()
    if len(words) < 4:
        raise SdpError("bad m= line")
    port, _, _ = words[1].partition("/")
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
        raise SdpError("bad port in m= line")
    return MediaLine(words[0].lower(), int(port), words[2], words[3:])


def _connection(value: str) -> str:
    """The address of a c= line, IPv6 without brackets; _UNUSABLE for a name, a multicast or a broken one."""
    words = value.split()
    family = {"IP4": socket.AF_INET, "IP6": socket.AF_INET6}.get(words[1].upper()) if len(words) == 3 else None
    if family is None:
        return _UNUSABLE
    ip = words[2].partition("/")[0]
    try:
        first = socket.inet_pton(family, ip)[0]
    except (OSError, ValueError):
        return _UNUSABLE
    if family == socket.AF_INET6:
        return ip if first != 0xFF else _UNUSABLE
    return ip if first < 224 and (first or ip == "0.0.0.0") else _UNUSABLE  # neither multicast nor broadcast


def _attribute(line: MediaLine, value: str) -> None:
    name, _, rest = value.partition(":")
    if name == "rtpmap":
        _rtpmap(line, rest)
    elif name == "ptime":
        line.ptime_ms = _milliseconds(rest)
    elif name == "maxptime":
        line.maxptime_ms = _milliseconds(rest)
    elif name == "rtcp":
        line.rtcp_port = _port(rest.partition(" ")[0])
    elif value == "rtcp-mux":
        line.rtcp_mux = True
    elif value in DIRECTIONS:
        line.direction = value


def _rtpmap(line: MediaLine, text: str) -> None:
    words = text.split()
    if len(words) != 2 or not (words[0].isascii() and words[0].isdigit()) or len(words[0]) > 3:
        return
    name, _, clock = words[1].partition("/")
    clock = clock.partition("/")[0]
    if clock.isascii() and clock.isdigit() and len(clock) <= 6:
        if line.codecs is None:
            line.codecs = {}
        line.codecs[int(words[0])] = (name.upper(), int(clock))


def _port(text: str) -> int:
    """0 for what is no port."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535 else 0


def _milliseconds(text: str) -> int:
    whole = text.strip().partition(".")[0]
    return int(whole) if whole.isascii() and whole.isdigit() and len(whole) <= 4 else 0


def audio_line(
    port: int,
    codecs: Sequence[tuple[int, str]],
    event_pt: int | None,
    direction: str,
    *,
    rtcp_mux: bool = False,
    comfort_noise: bool = False,
) -> str:
    """Our m=audio line with its attributes. codecs: (payload type, name), the preferred one first."""
    formats = " ".join(str(pt) for pt, _ in codecs)
    attributes = "".join(f"a=rtpmap:{pt} {name}/8000\r\n" for pt, name in codecs)
    if comfort_noise:
        formats += f" {COMFORT_NOISE}"
        attributes += f"a=rtpmap:{COMFORT_NOISE} CN/8000\r\n"
    if event_pt is not None:
        formats += f" {event_pt}"
        attributes += f"a=rtpmap:{event_pt} telephone-event/8000\r\na=fmtp:{event_pt} 0-16\r\n"
    if rtcp_mux:
        attributes += "a=rtcp-mux\r\n"
    return f"m=audio {port} RTP/AVP {formats}\r\n{attributes}a=ptime:20\r\na={direction}\r\n"


def refused_line(line: MediaLine) -> str:
    """The answer to a media line we do not take: port 0 (RFC 3264 6)."""
    return f"m={line.kind} 0 {line.proto} {' '.join(line.formats[:8])}\r\n"


def session_text(session_id: int, version: int, ip: str, media: str) -> str:
    """A whole description around media lines made by the functions above."""
    address = f"IN IP6 {ip}" if ":" in ip else f"IN IP4 {ip}"
    return f"v=0\r\no=- {session_id} {version} {address}\r\ns=-\r\nc={address}\r\nt=0 0\r\n{media}"
