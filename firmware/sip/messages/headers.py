"""Header values of RFC 3261 section 20 and 25: lists, parameters, Via, name-addr, CSeq.

Why: message.py only cuts a message into lines; a value is looked into here and only when
someone asks. Everything is linear in the length of the text: one pass, no backtracking.
White space is accepted wherever the grammar allows it. Look next at `message.py`.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from typing import NamedTuple

from firmware.sip.messages.status import Refusal

_CUTS = {sep: re.compile(rf'\\.|["<>{sep}]', re.DOTALL) for sep in ",;"}
_QUOTED_END = re.compile(r'\\.|"', re.DOTALL)


def split_outside(text: str, sep: str) -> list[str]:
    """Cut `text` at `sep` ("," or ";"), but not inside "quoted strings" or <angle brackets>.

    Raises Refusal 400 for a quote that is never closed.
    """
    if '"' not in text and "<" not in text:
        return text.split(sep)
    parts: list[str] = []
    start = 0
    quoted = angled = False
    for found in _CUTS[sep].finditer(text):
        mark = found.group()
        if quoted:
            quoted = mark != '"'
        elif mark == '"':
            quoted = True
        elif mark == "<":
            angled = True
        elif mark == ">":
            angled = False
        elif mark == sep and not angled:
            parts.append(text[start : found.start()])
            start = found.end()
    if quoted:
        raise Refusal(400, "Unbalanced quote")
    parts.append(text[start:])
    return parts


def unquote(text: str) -> str:
    """A quoted-string without its quotes and escapes; any other text as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL) if "\\" in inner else inner


def quote(text: str) -> str:
    """`text` as a quoted-string (RFC 3261 25.1); control characters become blanks."""
    plain = "".join(c if c >= " " and c != "\x7f" else " " for c in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def printable(text: str, most: int = 80) -> str:
    """`text` fit for logs, records and pages: without control characters and broken octets, at most `most` long."""
    return text[:most] if text.isprintable() else "".join(filter(str.isprintable, text))[:most]


def parse_params(text: str) -> dict[str, str]:
    """`;name=value;flag` as a dictionary, names in lower case, quotes taken off, "" for a flag.

    text: what stands after the first ";". Raises Refusal 400 for an empty parameter ";;".
    """
    params: dict[str, str] = {}
    pieces = split_outside(text, ";")
    for index, piece in enumerate(pieces):
        name, _, value = piece.partition("=")
        name = name.strip()
        if name:
            params[name.lower()] = unquote(value.strip())
        elif value or index < len(pieces) - 1:
            raise Refusal(400, "Empty parameter")
    return params


class Via(NamedTuple):
    """One Via value. host is in lower case; port 0 when absent."""

    transport: str
    host: str
    port: int
    params: dict[str, str]

    @property
    def branch(self) -> str:
        return self.params.get("branch", "")

    def received_from(self, ip: str, port: int) -> str:
        """This value as it goes back in a response (RFC 3261 18.2.1, RFC 3581 4; RFC 5118 4.5: no brackets)."""
        ip = ip.partition("%")[0]  # the zone of a link-local address is ours alone
        where = f"{self.host}:{self.port}" if self.port else self.host
        text = f"SIP/2.0/{self.transport} {where}"
        for name, value in self.params.items():
            if name not in {"rport", "received"}:
                text += f";{name}={value}" if value else f";{name}"
        if "rport" in self.params:
            return f"{text};rport={port};received={ip}"
        return text if self.host.strip("[]") == ip else f"{text};received={ip}"


def split_host_port(text: str) -> tuple[str, int]:
    """("host", port) of `host`, `host:port` or `[v6]:port`; port 0 when absent. Raises Refusal 400."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    host = host.strip()
    port = port.strip()
    if colon and host is not text and not port and not text.endswith("]"):
        raise Refusal(400, "Empty port")
    if not host or ((":" in host or host[0] == "[") and not _is_ip6_reference(host)):
        raise Refusal(400, "Bad host")
    if not port:
        return host.lower(), 0
    if not (port.isascii() and port.isdigit()) or len(port) > 5 or not 0 < int(port) < 65536:
        raise Refusal(400, "Bad port")
    return host.lower(), int(port)


def _is_ip6_reference(host: str) -> bool:
    """Whether this is an IPv6 address in brackets (RFC 3261 25.1, RFC 5954 4.1)."""
    try:
        return host[0] == "[" and host[-1] == "]" and bool(socket.inet_pton(socket.AF_INET6, host[1:-1]))
    except (OSError, ValueError):  # ValueError: a NUL inside
        return False


def parse_via(text: str) -> Via:
    """One Via value (no list). Raises Refusal 400, or 505 for another SIP version."""
    head, _, rest = text.partition(";")
    pieces = head.split("/", 2)
    if len(pieces) != 3:
        raise Refusal(400, "Bad Via")
    name, version, tail = pieces
    if name.strip().upper() != "SIP":
        raise Refusal(400, "Bad Via")
    if version.strip() != "2.0":
        raise Refusal(505, "Version Not Supported")
    words = tail.split(None, 1)
    if len(words) != 2:
        raise Refusal(400, "Bad Via")
    host, port = split_host_port(words[1].strip())
    if " " in host or "," in host:
        raise Refusal(400, "Bad Via")
    return Via(words[0].upper(), host, port, parse_params(rest) if rest else {})


class NameAddr(NamedTuple):
    """From, To, Contact, Route ... : display name (unquoted), URI text, header parameters (not to be changed)."""

    display: str
    uri: str
    params: dict[str, str]

    @property
    def tag(self) -> str:
        return self.params.get("tag", "")


def parse_name_addr(text: str) -> NameAddr:
    """One name-addr or addr-spec. Without <> everything after ";" belongs to the header (RFC 3261 20).

    The messages of a call repeat the same few, so short ones are remembered for a while. Raises Refusal 400.
    """
    return _remembered(text) if len(text) <= _SHORT else _read_name_addr(text)


def _read_name_addr(text: str) -> NameAddr:
    display, text = _split_display(text.strip())
    if text[:1] == "<":
        uri, closed, rest = text[1:].partition(">")
        if not closed:
            raise Refusal(400, "Unclosed angle bracket")
        rest = rest.strip()
        if rest and rest[0] != ";":
            raise Refusal(400, "Text after address")
        uri = uri.strip()
    else:
        uri, _, rest = text.partition(";")
        uri = uri.strip()
        if "," in uri or "?" in uri:
            raise Refusal(400, "Address needs angle brackets")
        rest = ";" + rest if rest else ""
    if not uri or " " in uri or "<" in uri:
        raise Refusal(400, "Bad address")
    return NameAddr(display, uri, parse_params(rest[1:]) if rest else {})


_SHORT = 200
_remembered = lru_cache(maxsize=512)(_read_name_addr)


def _split_display(text: str) -> tuple[str, str]:
    """(display name, the rest beginning with "<" or the bare address)."""
    if text[:1] == '"':
        for found in _QUOTED_END.finditer(text, 1):
            if found.group() == '"':
                rest = text[found.end() :].lstrip()
                if rest[:1] != "<":
                    raise Refusal(400, "Display name without address")
                return unquote(text[: found.end()]), rest
        raise Refusal(400, "Unbalanced quote")
    bracket = text.find("<")
    if bracket <= 0:
        return "", text
    display = text[:bracket].rstrip()
    if any(mark in display for mark in ',;:@"'):
        raise Refusal(400, "Bad display name")
    return display, text[bracket:]


def parse_cseq(text: str) -> tuple[int, str]:
    """(number, method) of a CSeq. Raises Refusal 400; numbers go up to 2^31-1 (RFC 3261 8.1.1.5)."""
    words = text.split()
    if len(words) != 2:
        raise Refusal(400, "Bad CSeq")
    return parse_number(words[0], 2**31 - 1, "CSeq"), words[1]


def parse_number(text: str, high: int, what: str) -> int:
    """A decimal number 0 to `high`. Raises Refusal 400 naming `what`."""
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) > high:
        raise Refusal(400, f"Bad {what}")
    return int(text)


def parse_q(text: str | None) -> float:
    """q of a Contact, 0.0 to 1.0; absent or malformed counts as 1."""
    try:
        q = float(text) if text is not None and len(text) <= 5 else 1.0
    except ValueError:
        return 1.0
    return q if 0.0 <= q <= 1.0 else 1.0
