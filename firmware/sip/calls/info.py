"""What an INFO says: digits, a hook flash, or a wish for a fresh picture (RFC 6086 and the older usage).

Why: phones and gateways that cannot send digits as RTP events put them here, in several forms
that no standard defines. Info packages (RFC 6086) are refused by name, since we offer none.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.sip.messages.compose import ACCEPT_INFO
from firmware.sip.messages.message import Message, Request
from firmware.sip.messages.status import Refusal

FLASH = "flash"
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D", "16": FLASH}
_NAMED = {"*": "*", "#": "#", "star": "*", "pound": "#", "hf": FLASH, "flash": FLASH, "!": FLASH, "flashhook": FLASH}
_SHORTEST_MS, _LONGEST_MS = 40, 5000


class Signal(NamedTuple):
    """sign: one of 0-9 * # A-D, or FLASH. duration_ms: 40 to 5000."""

    sign: str
    duration_ms: int


RELAY_TYPE = "Content-Type: application/dtmf-relay\r\n"


def relay_body(signal: Signal) -> str:
    """The body of an INFO that says `signal`, in the form most phones and gateways read."""
    return f"Signal={signal.sign}\r\nDuration={signal.duration_ms}\r\n"


def takes_relay(message: Message) -> bool:
    """Whether the sender of `message` says that it takes digits in that form."""
    return message.lists("allow", "info") and message.lists("accept", "application/dtmf-relay")


def read_info(request: Request) -> Signal | None:
    """The signal an INFO holds, None when there is nothing to do about it.

    Raises Refusal: 469 for an info package, 415 for a body of another kind, 400 for an unreadable signal.
    """
    if request.get("info-package"):
        raise Refusal(469, headers="Recv-Info: \r\n")
    if not request.body.strip():
        return None
    kind = request.media_type()
    text = request.body.decode("ascii", "replace")
    if kind == "application/dtmf-relay":
        return _relayed(text)
    if kind == "application/dtmf":
        return _relayed(text) if "=" in text else Signal(_sign(text), 100)
    if kind == "application/hook-flash":
        return Signal(FLASH, 100)
    if kind != "application/media_control+xml":
        raise Refusal(415, headers=ACCEPT_INFO)
    return None


def _relayed(text: str) -> Signal:
    """`Signal=5` and `Duration=160` on lines of their own, spaces anywhere."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        fields[name.strip().lower()] = value.strip()
    duration = fields.get("duration", "")
    plain = duration.isascii() and duration.isdigit() and len(duration) <= 6
    ms = int(duration) if plain else 100
    return Signal(_sign(fields.get("signal", "")), min(max(ms, _SHORTEST_MS), _LONGEST_MS))


def _sign(text: str) -> str:
    text = text.strip()
    found = _NUMBERED.get(text) or _NAMED.get(text.lower())
    if found is None and len(text) == 1 and text.upper() in "0123456789ABCD":
        found = text.upper()
    if found is None:
        raise Refusal(400, "Unknown signal")
    return found
