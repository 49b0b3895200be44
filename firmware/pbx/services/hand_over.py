"""A caller who is connected to us already is sent on: what was so far and what follows are two calls, two records."""

from __future__ import annotations

from firmware.pbx.call import Call
from firmware.pbx.call_table import CallTable
from firmware.pbx.fall_back import FallBack, prepare
from firmware.pbx.services.house_leg import HouseLeg
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Party


def hand_over(
    calls: CallTable, call: Call, destination: Destination, services: dict[str, object], at_last: FallBack | None = None
) -> Call:
    """The caller of `call`, which ends, rings the legs of `destination` in the call returned, and hears ringback.

    services: what the new call's record says of it. at_last: see `fall_back.prepare`; also asked when nobody answers.
    """
    leg = call.caller
    new = leave(calls, call, destination.party)
    new.account.services.update(services)
    calls.give(destination.legs, new)
    calls.reached(leg, destination)
    prepare(calls, new, destination, at_last)
    if at_last is not None:
        new.last_resort = lambda rung: at_last(rung, Cause.NO_ANSWER)
    new.go_on_with([], state="trying", party=destination.party, held_by=set())
    new.ring(destination, leg.journey)
    calls.wait_for_answer(new, destination.ring_s)
    return new


def leave(calls: CallTable, call: Call, called: Party, cause: Cause | None = None) -> Call:
    """Only the first half: `call` ends, and its caller is in a new call to `called`, in which nobody is rung yet.

    cause: of the end; without one the caller has ended it.
    """
    leg = call.caller
    call.give_up(leg)
    if cause is None:
        call.end(leg)
    else:
        call.fail(cause)
    new = calls.begin(leg, called)
    call.account.services["became"] = new.call_id
    return new


def take_back(calls: CallTable, call: Call, desk: HouseLeg, called: str, cause: Cause) -> Call:
    """The caller of `call`, which ends for `cause`, is at a desk of the house again, in the call returned."""
    new = leave(calls, call, Party(called), cause)
    calls.give([desk], new)
    new.go_on_with([desk], state="talking", party=new.called, held_by=set())
    return new
