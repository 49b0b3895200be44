"""A received SIP message: cut into lines once, looked into only on demand (RFC 3261 7).

Why: a PBX reads five of the fifteen headers of a message; parsing the rest is wasted.
`parse` finds the start line and indexes the header lines; typed values are parsed at first
use and kept. A broken request is still a `Request`, so that it can be answered: `check` raises
the `Refusal` with the status. Look next at `headers.py` (values) and `compose.py` (writing).
"""

from __future__ import annotations

import re

from firmware.sip.messages.header_names import COMPACT, KNOWN
from firmware.sip.messages.headers import (
    NameAddr,
    Via,
    parse_cseq,
    parse_name_addr,
    parse_number,
    parse_via,
    split_outside,
)
from firmware.sip.messages.status import Refusal, Silence
from firmware.sip.messages.uri import MAX_URI_CHARS

MAX_HEADER_LINES = 300

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_SINGLE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length")


class Message:
    """What requests and responses share. source: (ip, port) it came from."""

    __slots__ = ("_cseq", "_from", "_to", "_via", "body", "headers", "source")

    def __init__(self, headers: dict[str, list[str]], body: bytes, source: tuple[str, int]) -> None:
        self.headers = headers
        self.body = body
        self.source = source
        self._via: Via | None = None
        self._from: NameAddr | None = None
        self._to: NameAddr | None = None
        self._cseq: tuple[int, str] | None = None

    def get(self, name: str, default: str = "") -> str:
        """The first value line of header `name` (lower case, long form), as written."""
        values = self.headers.get(name)
        return values[0] if values else default

    def values(self, name: str) -> list[str]:
        """All values of a comma-separated header, in order, trimmed. Raises Refusal 400."""
        found: list[str] = []
        for line in self.headers.get(name, ()):
            found += [part.strip() for part in split_outside(line, ",")] if "," in line else [line]
        return [value for value in found if value]

    @property
    def via(self) -> Via:
        """The top Via. Raises Refusal 400 or 505."""
        if self._via is None:
            line = self._need("via", "Via")
            self._via = parse_via(split_outside(line, ",")[0].strip() if "," in line else line)
        return self._via

    @property
    def from_(self) -> NameAddr:
        if self._from is None:
            self._from = parse_name_addr(self._need("from", "From"))
        return self._from

    @property
    def to(self) -> NameAddr:
        if self._to is None:
            self._to = parse_name_addr(self._need("to", "To"))
        return self._to

    @property
    def cseq(self) -> tuple[int, str]:
        """(number, method)."""
        if self._cseq is None:
            self._cseq = parse_cseq(self._need("cseq", "CSeq"))
        return self._cseq

    @property
    def call_id(self) -> str:
        return self._need("call-id", "Call-ID")

    def lists(self, name: str, token: str) -> bool:
        """Whether a comma-separated header names `token` (lower case), an option tag or method in any case."""
        lines = self.headers.get(name)
        return lines is not None and any(
            value.strip() == token for line in lines if token in (lower := line.lower()) for value in lower.split(",")
        )

    def contacts(self) -> list[NameAddr]:
        """The Contact values except `*`. Raises Refusal 400."""
        return [parse_name_addr(value) for value in self.values("contact") if value != "*"]

    def media_type(self) -> str:
        """Content-Type without parameters, lower case; "" without a body."""
        return self.get("content-type").partition(";")[0].strip().lower() if self.body else ""

    def _need(self, name: str, spelled: str) -> str:
        values = self.headers.get(name)
        if not values or not values[0]:
            raise Refusal(400, f"Missing {spelled}")
        return values[0]

    def _check(self) -> None:
        for name in _SINGLE:
            values = self.headers.get(name)
            if values is not None and len(values) > 1 and any(value != values[0] for value in values):
                raise Refusal(400, f"Several {name} headers")
        _ = self.from_, self.to, self.via, self.cseq, self.call_id


class Request(Message):
    """A request. uri is the Request-URI as written."""

    __slots__ = ("fault", "method", "reply_via", "uri")

    def __init__(
        self, method: str, uri: str, headers: dict[str, list[str]], body: bytes, source: tuple[str, int]
    ) -> None:
        super().__init__(headers, body, source)
        self.method = method
        self.uri = uri
        self.reply_via = ""
        """The Via lines for responses, made by the transaction layer."""
        self.fault: Refusal | None = None
        """What was wrong with the start line or the length; told by `check`."""

    def check(self) -> None:
        """Raise Refusal for what RFC 3261 16.3 and 8.2 want refused in any request."""
        if self.fault is not None:
            raise self.fault
        self._check()
        if self.cseq[1] != self.method:
            raise Refusal(400, "Sequence names another method")
        if self.via.params.get("branch") == "z9hG4bK":
            raise Refusal(400, "Bad branch")

    def hops(self) -> int:
        """Max-Forwards, 70 when absent (RFC 2543 peers). Raises Refusal 400."""
        text = self.get("max-forwards")
        return parse_number(text, 255, "Max-Forwards") if text else 70


class Response(Message):
    """A response. status 100 to 699."""

    __slots__ = ("reason", "status")

    def __init__(
        self, status: int, reason: str, headers: dict[str, list[str]], body: bytes, source: tuple[str, int]
    ) -> None:
        super().__init__(headers, body, source)
        self.status = status
        self.reason = reason

    def check(self) -> None:
        """Raise Refusal when it cannot be matched or is not for us (more than one Via, RFC 3261 8.1.3.3)."""
        self._check()
        if len(self.headers["via"]) > 1 or len(self.values("via")) > 1:
            raise Refusal(400, "More than one Via in a response")


def parse(data: bytes, source: tuple[str, int]) -> Request | Response:
    """A datagram as a message, not yet checked. Raises Silence when it is no SIP message or not worth an answer."""
    start, headers, body = split_message(data)
    fault = None
    length = headers.get("content-length")
    if length is not None:
        try:
            octets = parse_number(length[0], 2**31, "Content-Length")
            if octets > len(body):
                raise Refusal(400, "Content-Length beyond the datagram")
            body = body[:octets]
        except Refusal as refusal:
            fault = refusal
    if start[:8].upper() == "SIP/2.0 ":
        code, _, reason = start[8:].partition(" ")
        if fault or len(code) != 3 or not code.isascii() or not code.isdigit() or not "100" <= code <= "699":
            raise Silence("broken response")
        return Response(int(code), reason, headers, body, source)
    request = _parse_request_line(start, headers, body, source)
    request.fault = request.fault or fault
    return request


def _parse_request_line(start: str, headers: dict[str, list[str]], body: bytes, source: tuple[str, int]) -> Request:
    method, _, rest = start.partition(" ")
    uri, _, version = rest.rpartition(" ")
    if not _TOKEN.fullmatch(method) or "SIP/" not in rest.upper():
        raise Silence("not SIP")
    request = Request(method, uri, headers, body, source)
    if version.upper() != "SIP/2.0":
        other = version.upper().startswith("SIP/") and uri
        request.fault = Refusal(505) if other else Refusal(400, "Bad request line")
    elif method != "ACK" and len(uri) > MAX_URI_CHARS:
        request.fault = Refusal(414)
    elif method != "ACK" and (not uri or " " in uri or "<" in uri or ">" in uri):  # an ACK is found by its tags
        request.fault = Refusal(400, "Bad Request-URI")
    return request


def split_message(data: bytes) -> tuple[str, dict[str, list[str]], bytes]:
    """(start line, header index, body). Raises Silence for too many lines.

    Lines may end in LF only; folded lines are joined; a stray CR becomes a blank, so no value
    ever holds a line end and may be copied into an answer.
    """
    end = data.find(b"\r\n\r\n")
    if end >= 0:
        body = data[end + 4 :]
    else:
        end = data.find(b"\n\n")
        body = data[end + 2 :] if end >= 0 else b""
    text = (data[:end] if end >= 0 else data).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    if "\r" in text:
        text = text.replace("\r", " ")
    if "\n " in text or "\n\t" in text:
        text = text.replace("\n\t", "\n ").replace("\n ", " ")
    lines = text.split("\n")
    if len(lines) > MAX_HEADER_LINES:
        raise Silence("too many header lines")
    headers: dict[str, list[str]] = {}
    known = KNOWN
    for position in range(1, len(lines)):
        name, _, value = lines[position].partition(":")
        key = known.get(name)
        if key is None:
            name = name.strip().lower()
            key = COMPACT.get(name, name)
        value = value.strip()
        if key in headers:
            headers[key].append(value)
        else:
            headers[key] = [value]
    return lines[0], headers, body
