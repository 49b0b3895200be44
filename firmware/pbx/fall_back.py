"""What is tried instead when every leg of a call was refused: the next way out, then what its caller had in mind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from firmware.pbx.call import Call
from firmware.pbx.call_table import CallTable
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination

log = logging.getLogger(__name__)

FallBack = Callable[[Call, Cause], bool]
"""True when somebody else rings now, or the call has been taken care of."""


def prepare(calls: CallTable, call: Call, destination: Destination, at_last: FallBack | None = None) -> None:
    """Before `destination` is rung. at_last: asked when nothing of it is left to try."""
    ask = destination.fall_back
    call.fall_back = partial(_instead, calls, ask, at_last) if ask is not None else at_last


def _instead(
    calls: CallTable,
    ask: Callable[[Cause], Destination | None],
    at_last: FallBack | None,
    call: Call,
    cause: Cause,
) -> bool:
    """Another line may carry the call that this one could not."""
    destination = ask(cause)
    if destination is None or not destination.legs:
        return at_last is not None and at_last(call, cause)
    log.info("call %s: tries %s instead", call.call_id, destination.legs[0].leg_id)
    calls.give(destination.legs, call)
    prepare(calls, call, destination, at_last)
    call.ring(destination, call.caller.journey)
    return True
