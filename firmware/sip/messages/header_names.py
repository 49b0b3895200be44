"""Names of headers: compact forms (RFC 3261 7.3.3 and its extensions), and the spellings that are met most.

Why: every line of every message asks here, and most names arrive spelled as the RFC does: one
look-up instead of strip and lower. Used by `message.py`.
"""

from __future__ import annotations

COMPACT = {
    "i": "call-id",
    "m": "contact",
    "e": "content-encoding",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "s": "subject",
    "k": "supported",
    "t": "to",
    "v": "via",
    "o": "event",
    "u": "allow-events",
    "r": "refer-to",
    "b": "referred-by",
    "x": "session-expires",
    "a": "accept-contact",
    "j": "reject-contact",
    "d": "request-disposition",
    "y": "identity",
}
KNOWN = {name.title().replace("Call-Id", "Call-ID").replace("Cseq", "CSeq"): name for name in COMPACT.values()}
KNOWN.update({"CSeq": "cseq", "Max-Forwards": "max-forwards", "User-Agent": "user-agent", "Allow": "allow"})
KNOWN.update({"Expires": "expires", "Authorization": "authorization", "Server": "server", "Require": "require"})
KNOWN.update({"Proxy-Authorization": "proxy-authorization", "Record-Route": "record-route", "Route": "route"})
KNOWN.update(COMPACT)
