"""Which of several failures stands for a call that nobody took (RFC 3261 16.7 steps 5 and 6).

Why: ten telephones fail in ten ways and the caller hears one. What a failure means on a
called leg is here too, since it differs from what it means to the one who sent it: a 503 or a
407 of a telephone says nothing about us. Used by `called.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.sip.messages.message import Response
from firmware.sip.messages.reason import reason_cause
from firmware.sip.messages.status import Refusal
from firmware.telephony.cause import Cause, from_sip

LOST_ITS_WAY = frozenset({440, 482, 483})
"""The call runs in a circle or grew too broad: trying further targets would only go round again."""

_PREFERRED = (486, 415, 420, 484, 488)
_LITTLE_SAID = frozenset({401, 407, 408, 430, 503})


class Failure(NamedTuple):
    """A final status of 300 to 699, and what it means to the exchange."""

    status: int
    cause: Cause


def failure_of(status: int, response: Response | None) -> Failure:
    """The failure of one target. The peer's own Q.850 cause outranks its status.

    response: None for our own finding: nothing came (408), nobody answered (480), it could not be sent (503).
    """
    said = None
    if response is not None:
        try:
            said = reason_cause(response)
        except Refusal:
            pass
    elif status == 480:
        said = Cause.NO_ANSWER
    return Failure(status, said or _meaning(status))


def best_of(failures: list[Failure]) -> Failure:
    """6xx, then busy and the like, then the lowest class; what says little about the telephone comes last."""
    return min(failures, key=_rank)


def _meaning(status: int) -> Cause:
    if status < 400:
        return Cause.SUBSCRIBER_ABSENT  # it is elsewhere, where we do not follow
    if status in {500, 503}:
        # RFC 3261 16.7 step 6: a 503 from beyond must not look like our own overload.
        return Cause.INTERWORKING
    return from_sip(status)


def _rank(failure: Failure) -> tuple[int, int]:
    status = failure.status
    if status >= 600:
        return 0, status
    if status in _PREFERRED:
        return 1, _PREFERRED.index(status)
    if status < 400 or status in _LITTLE_SAID:
        return 3, status
    return 2, status
