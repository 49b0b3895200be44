"""The Reason header: why a call ended, in the common tongue of Q.850 (RFC 3326, RFC 6432).

Why: it tells more than a status, and outranks it when a peer gives it. Used by the legs.
"""

from __future__ import annotations

from firmware.sip.messages.headers import parse_params
from firmware.sip.messages.message import Message, Request
from firmware.telephony.cause import Cause, from_sip

ELSEWHERE = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'
"""In the CANCEL of a phone that lost against another: it shows no missed call."""


def reason_line(cause: Cause) -> str:
    """The Reason header of a BYE, CANCEL or failure (RFC 3326, RFC 6432)."""
    return ELSEWHERE if cause is Cause.ANSWERED_ELSEWHERE else f"Reason: Q.850;cause={cause.value}\r\n"


def reason_cause(message: Message) -> Cause | None:
    """The cause a peer gives, if it is one we know: its Q.850 one, else that of its SIP status."""
    if "reason" not in message.headers:
        return None
    told: Cause | None = None
    for value in message.values("reason"):
        protocol, _, params = value.partition(";")
        protocol = protocol.strip().upper()
        try:
            number = int(parse_params(params).get("cause", ""))
            if protocol == "Q.850":
                return Cause(number)
        except ValueError:
            continue
        if protocol == "SIP" and told is None:
            told = _sip_cause(number, message)
    return told


def _sip_cause(status: int, message: Message) -> Cause | None:
    """200 in a CANCEL says that another phone took the call (RFC 3326 3.1); elsewhere it says nothing."""
    if status == 200 and isinstance(message, Request) and message.method == "CANCEL":
        return Cause.ANSWERED_ELSEWHERE
    return from_sip(status) if 300 <= status <= 699 else None
