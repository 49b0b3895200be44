"""What a REGISTER asks beyond RFC 3261: Path, outbound, GRUU (RFC 3327, RFC 5626, RFC 5627).

Why: a telephone behind proxies or NAT can only be reached the way it came. What it and the
proxies on its way support is read here, once a REGISTER; plain telephones cost nothing.
Used by `registrar.py`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from firmware.sip.messages.headers import NameAddr, parse_name_addr
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri

OPTION_TAGS = frozenset({"path", "outbound", "gruu"})
"""What Require may name in a REGISTER."""
FLOW_TIMER_S = 120
"""How often a telephone is asked to show that its connection lives (RFC 5626 4.4)."""

_MAX_PATH = 8
_MAX_PATH_OCTETS = 2000
_INSTANCE = re.compile(r"<(urn:[!#-;=?-\[\]-~]{1,200})>", re.IGNORECASE)


class Asked(NamedTuple):
    """path: its values with commas between, "" without. path_back, outbound, gruu: what the telephone supports."""

    path: str = ""
    path_back: bool = False
    outbound: bool = False
    gruu: bool = False


_PLAIN = Asked()


class Flow(NamedTuple):
    """Which telephone a Contact is, and by which of its flows. instance "" and reg_id 0: it does not say."""

    instance: str = ""
    reg_id: int = 0


NO_FLOW = Flow()


def asked_of(request: Request) -> Asked:
    """Read a REGISTER. Raises Refusal 400 for a bad Path.

    A proxy's Path counts also where the telephone does not say that it supports it, a choice RFC 3327 5.3 leaves
    us: hardly any says so, and all of them want to be reached.
    """
    headers = request.headers
    if "supported" not in headers and "path" not in headers and "require" not in headers:
        return _PLAIN
    tags = {tag.lower() for name in ("supported", "require") for tag in request.values(name)}
    path = request.values("path")
    if path:
        _check_path(path)
    return Asked(", ".join(path), "path" in tags, "outbound" in tags, "gruu" in tags)


def _check_path(path: list[str]) -> None:
    if len(path) > _MAX_PATH or sum(map(len, path)) > _MAX_PATH_OCTETS:
        raise Refusal(400, "Path is too long")
    for value in path:
        uri = parse_uri(parse_name_addr(value).uri)
        if uri.scheme == "tel" or "lr" not in uri.params:
            raise Refusal(400, "Bad Path")


def flow_of(contact: NameAddr, asked: Asked, request: Request) -> Flow:
    """The telephone and flow of one Contact.

    Raises Refusal 439 when outbound is asked for and the first proxy cannot do its part (RFC 5626 6).
    """
    found = _INSTANCE.fullmatch(contact.params.get("+sip.instance", ""))
    if found is None:
        return NO_FLOW
    instance = found.group(1)
    text = contact.params.get("reg-id", "")
    reg_id = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not asked.outbound or not reg_id:
        return Flow(instance)
    if len(request.values("via")) > 1 and not _first_proxy_helps(request):
        raise Refusal(439)
    return Flow(instance, reg_id)


def _first_proxy_helps(request: Request) -> bool:
    """The proxy next to the telephone wrote the last Path value; `ob` in it says that it keeps the flow."""
    path = request.values("path")
    return bool(path) and "ob" in parse_uri(parse_name_addr(path[-1]).uri).params
