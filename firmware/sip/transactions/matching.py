"""How messages find their transaction, and answers their way: keys, Via lines and tags (RFC 3261 17.1.3, 17.2.3).

Why: all of it follows from a message alone. Used by `layer.py` and `arrivals.py`.
"""

from __future__ import annotations

from firmware.sip.messages.identifiers import MAGIC
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal

_REFUSAL_TAG = "refused-"
REFUSED = b";tag=" + _REFUSAL_TAG.encode()
"""In an ACK: it is for a refusal that was answered without state."""


def reply_via(request: Request) -> str:
    """The Via lines of every response to `request`, the top one completed with received and rport."""
    lines = request.headers.get("via", [])
    try:
        top = request.via
    except Refusal:
        return "".join(f"Via: {line}\r\n" for line in lines)
    ip, port = request.source
    first = top.received_from(ip, port)
    if len(lines) == 1 and "," not in lines[0]:
        return f"Via: {first}\r\n"
    return f"Via: {first}\r\n" + "".join(f"Via: {value}\r\n" for value in request.values("via")[1:])


def tag_of_refusal(request: Request) -> str:
    number = hash((request.get("call-id"), request.get("from"), request.get("cseq"))) & (2**64 - 1)
    return f"{_REFUSAL_TAG}{number:016x}"


def merge_key(request: Request) -> int:
    """A 64-bit stand-in, since one is kept 32 s for every call."""
    return hash((request.call_id, request.from_.tag, request.cseq[0]))


def server_key(request: Request, method: str) -> str:
    """RFC 3261 17.2.3: branch, sent-by and method; for a branch without the cookie the RFC 2543 set."""
    via = request.via
    branch = via.branch
    if branch.startswith(MAGIC):
        return f"{branch} {via.host}:{via.port} {method}"
    old = (request.uri, request.from_.tag, request.call_id, str(request.cseq[0]), via.host, str(via.port), method)
    return " ".join(old)
