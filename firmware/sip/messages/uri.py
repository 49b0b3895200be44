"""SIP and tel URIs: parse, write, compare (RFC 3261 19.1, RFC 3966).

Why: the dialled number is the user part of a Request-URI, and a registration is found again
by comparing URIs, not texts. Look next at `registrar.py`.
"""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote as _percent
from urllib.parse import unquote as _unpercent

from firmware.sip.messages.headers import split_host_port
from firmware.sip.messages.status import Refusal

MAX_URI_CHARS = 2048
_CACHED_CHARS = 256

_HOST = re.compile(r"[a-z0-9._\-]{1,255}|\[.*\]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
_SEPARATORS = str.maketrans("", "", "-.()")
_DIFFER_IF_ALONE = ("transport", "user", "ttl", "method", "maddr")


class Uri(NamedTuple):
    """A URI's parts. user is unescaped; port 0 when absent; params keep their values as written.

    host is in lower case; IPv6 stands in brackets, in its shortest form, since addresses are compared (RFC 5954 4.2).
    """

    scheme: str
    user: str
    host: str
    port: int
    params: dict[str, str]
    headers: str


def parse_uri(text: str) -> Uri:
    """Parse a sip, sips or tel URI of at most MAX_URI_CHARS. The result is shared: do not change it.

    Raises Refusal 400 for bad syntax and 416 for another scheme.
    """
    return _remembered(text) if len(text) <= _CACHED_CHARS else _parse(text)


def _parse(text: str) -> Uri:
    if len(text) > MAX_URI_CHARS:
        raise Refusal(400, "URI too long")
    if not text.isascii() or not text.isprintable():
        raise Refusal(400, "Bad URI")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not _SCHEME.fullmatch(scheme):
        raise Refusal(400, "Bad URI")
    if scheme == "tel":
        number, _, params = rest.partition(";")
        if not number:
            raise Refusal(400, "Bad URI")
        return Uri("tel", number.translate(_SEPARATORS), "", 0, _params(params), "")
    if scheme not in {"sip", "sips"}:
        raise Refusal(416)
    at = rest.rfind("@")
    user = rest[:at].partition(":")[0] if at >= 0 else ""
    place, _, headers = rest[at + 1 :].partition("?")
    place, _, params = place.partition(";")
    host, port = split_host_port(place)
    if not _HOST.fullmatch(host) or (at >= 0 and not user) or any(c <= " " or c in '<>"' for c in user):
        raise Refusal(400, "Bad URI")
    if host[0] == "[":
        host = f"[{socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host[1:-1]))}]"
    return Uri(scheme, unescape(user), host, port, _params(params), headers)


_remembered = lru_cache(maxsize=2048)(_parse)
"""Long ones are not kept: a sender of many would otherwise fill the memory."""


def _params(text: str) -> dict[str, str]:
    params = {}
    for piece in text.split(";") if text else ():
        name, _, value = piece.partition("=")
        params[unescape(name).lower()] = value
    return params


def unescape(text: str) -> str:
    """%HH undone, octet for octet."""
    return _unpercent(text, errors="surrogateescape") if "%" in text else text


def escape_user(text: str) -> str:
    """A number or name fit for the user part of a SIP URI (RFC 3261 25.1 user-unreserved)."""
    return (
        text
        if text.isalnum() and text.isascii()
        else _percent(text, safe="-_.!~*'()&=+$,;?/", errors="surrogateescape")
    )


def dialled_number(uri: Uri) -> str:
    """What was dialled: the user part; visual separators go when it is a telephone number (RFC 3966 5.1.1)."""
    if uri.params.get("user") == "phone":
        return uri.user.partition(";")[0].translate(_SEPARATORS)
    return uri.user


def same_uri(left: Uri, right: Uri) -> bool:
    """Whether two URIs are equal by RFC 3261 19.1.4."""
    if left[:4] != right[:4]:
        return False
    ours, theirs = left.params, right.params
    for name in ours.keys() | theirs.keys():
        if name in ours and name in theirs:
            if unescape(ours[name]).lower() != unescape(theirs[name]).lower():
                return False
        elif name in _DIFFER_IF_ALONE:
            return False
    return left.headers == right.headers
