"""The session description in a body, alone or as a part among others (RFC 3261 20.11, RFC 5621).

Why: gateways wrap SDP together with ISUP or a location, and mark what we may pass over with
`handling=optional`; anything else that we cannot read must be refused, not lost. Only who asks
for the description pays for this. Look next at `calls/offer_exchange.py`.
"""

from __future__ import annotations

import re

from firmware.sip.messages.compose import ACCEPT_SDP
from firmware.sip.messages.headers import parse_params
from firmware.sip.messages.message import Message, split_message
from firmware.sip.messages.status import Refusal, Silence

MAX_PARTS = 16
_MAX_DEPTH = 2
_PLAIN = {"", "identity", "7bit", "8bit", "binary"}

Headers = dict[str, list[str]]


def session_description(message: Message, *, strict: bool = True) -> bytes:
    """The SDP that `message` carries, b"" when it carries none.

    Raises Refusal 400 for a broken multipart and 415 for a body that must be understood and is not. Not
    strict, as for a response, which cannot be refused: b"" then too.
    """
    headers, body = message.headers, message.body
    if not body.strip():
        return b""
    if message.media_type() == "application/sdp" and headers.keys().isdisjoint(_RARE):
        return body
    try:
        return _find(headers, body, 0)
    except Refusal:
        if strict:
            raise
        return b""


_RARE = ("content-disposition", "content-encoding")


def _find(headers: Headers, body: bytes, depth: int) -> bytes:
    """The SDP in a body or part; b"" when it may be passed over. Raises Refusal."""
    kind, _, rest = _first(headers, "content-type").partition(";")
    kind = kind.strip().lower()
    disposition, _, handling = _first(headers, "content-disposition").partition(";")
    plain = all(_first(headers, f"content-{way}").lower() in _PLAIN for way in ("encoding", "transfer-encoding"))
    if plain and kind == "application/sdp" and disposition.strip().lower() in {"", "session"}:
        return body
    if plain and kind.startswith("multipart/") and depth < _MAX_DEPTH:
        parts = _parts(body, parse_params(rest).get("boundary", ""))
        return _alternative(parts, depth) if kind == "multipart/alternative" else _mixed(parts, depth)
    if parse_params(handling).get("handling", "").lower() == "optional":
        return b""
    raise Refusal(415, headers=ACCEPT_SDP)


def _mixed(parts: list[tuple[Headers, bytes]], depth: int) -> bytes:
    """Every part counts (RFC 5621 4.1); the first description is the session's."""
    found = [_find(headers, body, depth + 1) for headers, body in parts]
    return next(filter(None, found), b"")


def _alternative(parts: list[tuple[Headers, bytes]], depth: int) -> bytes:
    """One part counts: the last that can be read, a description before anything else (RFC 5621 4.2)."""
    passed_over = False
    for headers, body in reversed(parts):
        try:
            found = _find(headers, body, depth + 1)
        except Refusal:
            continue
        if found:
            return found
        passed_over = True
    if passed_over:
        return b""
    raise Refusal(415, headers=ACCEPT_SDP)


def _parts(body: bytes, boundary: str) -> list[tuple[Headers, bytes]]:
    """The parts of a multipart body with their headers (RFC 2046 5.1.1). Raises Refusal 400."""
    if not 0 < len(boundary) <= 70 or not boundary.isascii():
        raise Refusal(400, "Multipart without a boundary")
    delimiter = rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*(?:\r?\n|$)"
    pieces = re.split(delimiter, body, maxsplit=MAX_PARTS + 2)[1:]
    if not 1 < len(pieces) <= MAX_PARTS + 1:
        raise Refusal(400, "Broken multipart")
    try:
        return [split_message(b"\r\n" + piece)[1:] for piece in pieces[:-1]]
    except Silence:
        raise Refusal(400, "Broken multipart") from None


def _first(headers: Headers, name: str) -> str:
    values = headers.get(name)
    return values[0].strip() if values else ""
