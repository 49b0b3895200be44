"""The INVITE that rings a target (RFC 3261 8.1.1, 13.2.1).

Why: what stands in it is chosen in one place: who calls, how the call came here, how far it
may still go. Used by `called.py`.
"""

from __future__ import annotations

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import is_secure
from firmware.sip.calls.journey import MAX_DIVERSIONS, diversion_lines
from firmware.sip.calls.offer_exchange import SDP_TYPE
from firmware.sip.calls.targets import Target
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.headers import quote
from firmware.sip.messages.identifiers import new_call_id, new_tag
from firmware.sip.messages.uri import escape_user
from firmware.telephony.leg import CallRequest


def first_invite(context: SipContext, request: CallRequest, target: Target, offer: str) -> tuple[Outgoing, str]:
    """The INVITE for the first way of `target` with SDP `offer`, and our tag in it."""
    way = target.ways[0]
    transport, address = way.hop
    place = transport.contact_place(address[0])
    number = escape_user(request.caller.number) or "anonymous"
    name = f"{quote(request.caller.name)} " if request.caller.name else ""
    tag = new_tag()
    diversions = (*target.diversions, *request.journey.diversions)[:MAX_DIVERSIONS]
    sent_on = diversion_lines(diversions, place) if diversions else ""
    contact = transport.contact(address[0], number, secure=is_secure(way.uri))
    outgoing = Outgoing(
        "INVITE",
        way.uri,
        from_line=f"{name}<sip:{number}@{place}>;tag={tag}",
        to_line=f"<sip:{escape_user(request.called.number)}@{place}>",
        call_id=new_call_id(place),
        cseq=1,
        routes=way.routes,
        headers=f"Contact: {contact}\r\nMax-Breadth: {target.breadth}\r\n{sent_on}{context.common_headers}{SDP_TYPE}",
        body=offer,
    )
    return outgoing, tag
