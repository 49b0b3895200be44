"""The error that carries a SIP status to answer, and the reason phrases.

Why: whoever finds a request wrong, however deep, raises `Refusal`; only the transaction
layer turns it into a response. Look next at `compose.py`, which writes the response, and
`telephony/codes.py`, which holds the table of codes.
"""

from __future__ import annotations

from firmware.telephony.codes import code_of, codes

_PHRASES = {status: code.phrase for status, code in codes().items()}
"""By itself, since one is looked up for every response."""


def reason_of(status: int) -> str:
    """The reason phrase of `status`; an unknown one gets its class's general phrase (RFC 3261 8.1.3.2)."""
    return _PHRASES.get(status) or code_of(status).phrase


class Refusal(Exception):
    """The peer is wrong (or not allowed): `status` is what to answer, `why` goes into the log and the reason phrase.

    headers: whole header lines for the answer, each ended by CRLF ("Allow: INVITE\\r\\n").
    A refused response (not request) is dropped without an answer.
    """

    def __init__(self, status: int, why: str = "", headers: str = "") -> None:
        super().__init__(f"{status} {why or reason_of(status)}")
        self.status = status
        self.why = why or reason_of(status)
        self.headers = headers


class Silence(Exception):
    """What arrived deserves no answer at all; the text says why, for the log."""
