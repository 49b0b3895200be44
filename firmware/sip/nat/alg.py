"""Tells from messages alone whether a router on the way rewrites SIP ("SIP ALG"). Pure functions.

Why: such routers change some addresses in a message and forget others, which ends in mute or lost
calls that nobody can explain. A phone may also write its outer address itself (STUN, a setting, or
learnt from our answers), and does so wherever it matters. So what counts is only what no phone does:
an address written outside while the same phone shows in its audio address that it does not know it,
a Content-Length that fits the shorter address, or an answer that gives back other values than we sent.
A router that rewrites everything alike cannot be told from such a phone, and does no harm.
Look next at `alg_watch.py`, which gathers evidence by network.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware.config.load import Notice
from firmware.sip.messages.headers import Via
from firmware.sip.messages.message import Message, Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.nat.networks import is_private

VIA, CONTACT, CALL_ID, AUDIO, ORIGIN = "Via", "Contact", "Call-ID", "SDP c=", "SDP o="
_CONNECTION = re.compile(rb"^c=IN IP4 ([0-9.]+)", re.MULTILINE)
_ORIGIN = re.compile(rb"^o=.* IP4 ([0-9.]+)", re.MULTILINE)


class Finding(NamedTuple):
    """What was rewritten. left: the private address that was forgotten, or "". ours: by our own router.

    kind: "parts" (addresses of a message), "length" (SDP but not Content-Length), "echo" (values we sent).
    """

    kind: str
    changed: tuple[str, ...]
    left: str = ""
    ours: bool = False


class Traces(NamedTuple):
    """Of one message. outer: parts with the address it came from, inner: with a private one; a part may be in both.

    inner_ip: that private address, "" if there is none. slipped: see `_length_slipped`.
    """

    outer: frozenset[str]
    inner: frozenset[str]
    inner_ip: str
    slipped: bool


def traces_of(message: Request | Response, data: bytes) -> Traces:
    """Read the addresses of a message from a public address. data: as it came, body included."""
    ip = message.source[0]
    body = data.partition(b"\r\n\r\n")[2]
    found = _addresses(message, body)
    outer = frozenset(part for part, host in found if host == ip)
    inner = frozenset(part for part, host in found if host != ip and is_private(host))
    inner_ip = next((host for part, host in found if part in inner and host != ip), "")
    return Traces(outer, inner, inner_ip, _length_slipped(message, body, inner_ip))


def _addresses(message: Request | Response, body: bytes) -> list[tuple[str, str]]:
    """(part, host), the likeliest place of a phone's own address first."""
    found = [(AUDIO, text.decode()) for text in _CONNECTION.findall(body)]
    found += [(ORIGIN, text.decode()) for text in _ORIGIN.findall(body)[:1]]
    try:
        if isinstance(message, Request) and len(message.values("via")) == 1:
            found.append((VIA, message.via.host))
        found += [(CONTACT, parse_uri(contact.uri).host) for contact in message.contacts()]
        if isinstance(message, Request):
            found.append((CALL_ID, message.call_id.rpartition("@")[2].partition(":")[0]))
    except Refusal:
        return []
    return found


def _length_slipped(message: Message, body: bytes, inner_ip: str) -> bool:
    """Whether Content-Length is wrong by just what putting our side's view of the address into the SDP has added."""
    declared = message.get("content-length")
    times = body.count(message.source[0].encode())
    if not inner_ip or not times or not (declared.isascii() and declared.isdigit()) or len(declared) > 5:
        return False
    more = len(message.source[0]) - len(inner_ip)
    return more != 0 and len(body) - int(declared) == times * more


@dataclass(slots=True)
class Evidence:
    """Everything one network address has shown. `verdict` may be asked at any time."""

    outer: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)
    inner_ip: str = ""
    slipped: bool = False
    echo: Finding | None = None

    def add(self, traces: Traces, *, unasked: bool) -> None:
        """unasked: a phone's first message, before anything of ours could teach it its outer address."""
        self.inner |= traces.inner
        self.outer |= traces.outer if unasked else traces.outer & {AUDIO, CALL_ID}
        self.inner_ip = self.inner_ip or traces.inner_ip
        self.slipped = self.slipped or traces.slipped

    def verdict(self) -> Finding | None:
        """What a router must have done, None while a phone may have done it all."""
        if self.echo is not None:
            return self.echo
        if self.slipped:
            return Finding("length", (AUDIO,), self.inner_ip)
        rewritten, kept = self.outer - self.inner, self.inner - self.outer
        if rewritten & {VIA, CONTACT} and AUDIO in kept and {VIA, CONTACT} <= self.outer | self.inner:
            changed = tuple(part for part in (VIA, CONTACT, CALL_ID) if part in rewritten)
            return Finding("parts", changed, self.inner_ip)
        if {VIA, CONTACT} <= kept and CALL_ID in rewritten:
            return Finding("parts", (CALL_ID,), self.inner_ip)
        if {VIA, CONTACT, ORIGIN} <= kept and AUDIO in rewritten:
            return Finding("parts", (AUDIO,), self.inner_ip)
        return None


def echo_faults(sent: bytes, response: Response) -> tuple[str, ...]:
    """What the response gives back otherwise than `sent`, our request, had it (RFC 3261 8.2.6.2)."""
    via, tag = response.via, response.from_.tag
    faults = [] if _sent_by(via) in sent else [VIA]
    if f"Call-ID: {response.call_id}\r\n".encode("utf-8", "surrogateescape") not in sent:
        faults.append(CALL_ID)
    if tag and f";tag={tag}\r\n".encode("utf-8", "surrogateescape") not in sent:
        faults.append("From")
    return tuple(faults)


def _sent_by(via: Via) -> bytes:
    """As we write it; a peer may leave out or add the default port."""
    return f"/{via.transport} {via.host}:{via.port or 5060};".encode("utf-8", "surrogateescape")


def notice_of(ip: str, finding: Finding) -> Notice:
    """In plain words. ip: the network's address; not used when our own router did it."""
    changed = ", ".join(finding.changed)
    if finding.kind == "length":
        what = "it changed addresses in the SDP but not the Content-Length"
        que = "cambió direcciones en el SDP, pero no Content-Length"
    elif finding.kind == "echo":
        what = f"answers came back with another {changed} than we had sent"
        que = f"las respuestas volvieron con {changed} distinto del que enviamos"
    else:
        what = f"it changed {changed} but left {finding.left} elsewhere"
        que = f"cambió {changed}, pero dejó {finding.left} en otra parte"
    who, quien = ("Our own router", "Nuestro propio router") if finding.ours else (
        f"The router at {ip}", f"El router en {ip}"
    )  # fmt: skip
    return Notice(
        "warning",
        f"{who} rewrites SIP (SIP ALG): {what}. Calls through it may fail or stay mute. "
        "Switch SIP ALG off in that router, or let the phones use TLS or another SIP port",
        f"{quien} reescribe SIP (SIP ALG): {que}. Las llamadas que pasan por él pueden fallar o quedar mudas. "
        "Desactive SIP ALG en ese router, o haga que los teléfonos usen TLS u otro puerto SIP",
    )
