"""Why a call ended: the Reason header in the common tongue of Q.850 (RFC 3326, RFC 6432), and the peer's own words.

Why: Reason tells more than a status, and outranks it when a peer gives it. What else a peer
says (reason phrase, Warning) is for the log alone. Used by the legs.
"""

from __future__ import annotations

from firmware.sip.messages.headers import parse_params, printable
from firmware.sip.messages.message import Message, Request, Response
from firmware.sip.messages.status import reason_of
from firmware.telephony.cause import Cause, from_sip
from firmware.telephony.codes import explained

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


def failure_line(status: int, response: Response | None) -> str:
    """A failure for one log line: code, phrase, what it means, what to do, and what the peer itself said.

    response: None when none came and the status is our own finding.
    """
    line = f"{status} {reason_of(status)}: {explained(status)}"
    said = _peer_words(response) if response is not None else ""
    return f"{line} The peer says: {said}" if said else line


def _peer_words(response: Response) -> str:
    """Its reason phrase where it is not the standard's, its Warning and Reason; printable, 80 characters each."""
    words = []
    if response.reason.strip().casefold() != reason_of(response.status).casefold():
        words.append(printable(response.reason.strip()))
    words += [printable(response.get(name)) for name in ("warning", "reason")]
    return " | ".join(filter(None, words))
