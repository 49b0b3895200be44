"""A 3xx read by rule: where it points, and what to note about who sent the call on (RFC 3261 8.1.3.4).

Why: following a redirection lets a telephone choose whom we call and who pays, so it is read
narrowly: only addresses that can be called, best first, and never 305 or 380, which ask for
another proxy or another service. Used by `called.py`; whether it is followed at all is the
setting `follow_redirects`.
"""

from __future__ import annotations

from firmware.sip.calls.journey import read_diversions
from firmware.sip.messages.headers import parse_name_addr, parse_q
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.telephony.leg import Diversion

FOLLOWED = frozenset({300, 301, 302})
MAX_REDIRECTIONS = 5
"""In a row, for one leg."""
_MAX_CONTACTS = 10


def contacts_of(response: Response) -> list[list[str]]:
    """The URIs, those of one q together, lowest q first. What is no sip, sips or tel URI is left out."""
    found: dict[float, list[str]] = {}
    try:
        values = response.values("contact")[:_MAX_CONTACTS]
    except Refusal:
        return []
    for value in values:
        try:
            contact = parse_name_addr(value)
            parse_uri(contact.uri)
        except Refusal:
            continue
        found.setdefault(parse_q(contact.params.get("q")), []).append(contact.uri)
    return [found[q] for q in sorted(found)]


def diversion_of(response: Response, number: str, *, rang: bool) -> Diversion:
    """The Diversion entry for a telephone `number` that sent `response`, with the reason it gives if it gives one."""
    try:
        given = read_diversions(response)
    except Refusal:
        given = ()
    reason = given[0].reason if given else "deflection" if rang else "unconditional"
    return Diversion(number, reason)
