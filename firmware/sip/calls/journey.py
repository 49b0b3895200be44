"""What a call brings along through every box it passes: Max-Breadth and Diversion (RFC 5393, RFC 5806).

Why: a back-to-back agent ends every signalling relation, so what stops circles must be carried
across by hand. Read from a received INVITE here, written into ours by `invite.py`.
"""

from __future__ import annotations

from firmware.sip.messages.headers import parse_name_addr, parse_number
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import dialled_number, escape_user, parse_uri
from firmware.telephony.leg import SETTING_OUT, Diversion, Journey

MAX_DIVERSIONS = 10
"""Counted over all boxes a call came through; so many are a circle."""


def journey_of(request: Request) -> Journey:
    """What an INVITE brings along. Raises Refusal 400, 440 (RFC 5393 5.3.3), or 482 when it was sent on too often."""
    breadth = request.get("max-breadth")
    if not breadth and "diversion" not in request.headers:
        return SETTING_OUT
    left = parse_number(breadth, 2**31 - 1, "Max-Breadth") if breadth else SETTING_OUT.breadth
    if left < 1:
        raise Refusal(440)
    diversions = read_diversions(request)
    if sum(diversion.count for diversion in diversions) >= MAX_DIVERSIONS:
        raise Refusal(482, "Sent on too often")
    return Journey(min(left, SETTING_OUT.breadth), diversions)


def read_diversions(message: Request | Response) -> tuple[Diversion, ...]:
    """The Diversion headers, newest first (RFC 5806). Raises Refusal 400 for a broken one."""
    if "diversion" not in message.headers:
        return ()
    found = []
    for value in message.values("diversion")[:MAX_DIVERSIONS]:
        given = parse_name_addr(value)
        reason = given.params.get("reason", "unknown")
        count = given.params.get("counter", "1")
        found.append(
            Diversion(
                dialled_number(parse_uri(given.uri)),
                reason if reason.replace("-", "").isalnum() and reason.isascii() else "unknown",
                min(int(count), 1000) if count.isascii() and count.isdigit() and len(count) < 5 else 1,
            )
        )
    return tuple(found)


def diversion_lines(diversions: tuple[Diversion, ...], place: str) -> str:
    """Diversion headers, newest first. place: our host, which knows these numbers."""
    return "".join(
        f"Diversion: <sip:{escape_user(d.number)}@{place}>;reason={d.reason};counter={d.count}\r\n" for d in diversions
    )
