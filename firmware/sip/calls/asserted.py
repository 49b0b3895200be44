"""Who calls, asserted in a request of ours: P-Asserted-Identity (RFC 3325).

Why: the From of a dialog cannot change any more when the number comes late, as it does over an exchange line that is
not waited for. Used by `session.py`.
"""

from __future__ import annotations

from firmware.sip.messages.headers import quote
from firmware.sip.messages.uri import escape_user
from firmware.telephony.leg import Party


def asserted_identity(party: Party, place: str) -> str:
    """The header line; "" for a caller without a number that could be called, as of one who withholds it."""
    if not any(character.isdigit() for character in party.number):
        return ""
    name = f"{quote(party.name)} " if party.name else ""
    return f"P-Asserted-Identity: {name}<sip:{escape_user(party.number)}@{place}>\r\n"
