"""The Reason header: why a call ended, in the common tongue of Q.850 (RFC 3326, RFC 6432).

Why: it tells more than a status, and outranks it when a peer gives it. Used by the legs.
"""

from __future__ import annotations

from firmware.sip.messages.headers import parse_params
from firmware.sip.messages.message import Message
from firmware.telephony.cause import Cause

ELSEWHERE = 'Reason: SIP;cause=200;text="Call completed elsewhere"\r\n'
"""In the CANCEL of a phone that lost against another: it shows no missed call."""


def reason_line(cause: Cause) -> str:
    """The Reason header of a BYE, CANCEL or failure (RFC 3326, RFC 6432)."""
    return f"Reason: Q.850;cause={cause.value}\r\n"


def reason_cause(message: Message) -> Cause | None:
    """The Q.850 cause a peer gives, if it is one we know."""
    for value in message.values("reason"):
        protocol, _, params = value.partition(";")
        text = parse_params(params).get("cause", "") if protocol.strip().upper() == "Q.850" else ""
        try:
            return Cause(int(text))
        except ValueError:
            continue
    return None
