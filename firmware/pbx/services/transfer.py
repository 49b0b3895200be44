"""Transfer: a telephone with two calls goes, and the two far ends talk with each other.

The second far end may still ring: then the first hears ringback, and who transferred is called back when
nobody takes the call. Both calls of the telephone end, each with its own record of who talked how long; what
follows is a call of its own. The telephone's side: `firmware/lines/other_call.py`.
"""

from __future__ import annotations

import logging
from functools import partial

from firmware.pbx.call import Call
from firmware.pbx.call_account import side
from firmware.pbx.call_table import CallTable
from firmware.pbx.routes import Routes
from firmware.telephony.leg import Leg, Party

log = logging.getLogger(__name__)


class Transfer:
    """`bring_together` for each transfer."""

    def __init__(self, calls: CallTable, routes: Routes) -> None:
        self._calls = calls
        self._routes = routes

    def bring_together(self, kept: Leg, other: Leg) -> None:
        """The far end of `kept`, which talks, gets that of `other`. Both legs are released in any case."""
        first, second = self._calls.of(kept), self._calls.of(other)
        far = first.other_end(kept) if first is not None and first.state == "talking" else None
        targets = _targets(second, other)
        if first is None or second is None or first is second or far is None or not targets:
            for call, leg in ((first, kept), (second, other)):
                if call is not None:
                    call.end(leg)
            return
        state, party = second.state, targets[0].party if second.state == "talking" else second.party
        held_by = (first.connection.holders & {far}) | (second.connection.holders & set(targets))
        first.give_up(far)
        for leg in targets:
            second.give_up(leg)
        first.end(kept)
        second.end(other)
        call = self._calls.begin(far, party)
        self._calls.give(targets, call)
        for before in (first, second):
            before.account.services["became"] = call.call_id
        call.account.services.update(transfer_of=[first.call_id, second.call_id], by=side(kept))
        log.info("call %s: made of call %s and call %s by %s", call.call_id, first.call_id, second.call_id, side(kept))
        call.go_on_with(targets, state=state, party=party, held_by=held_by)
        if state != "talking":
            call.last_resort = partial(self._call_back, kept.party)
            self._calls.wait_for_answer(call)

    def _call_back(self, party: Party, call: Call) -> bool:
        """Nobody took the transferred call: ring who transferred it, once."""
        call.last_resort = None
        destination = self._routes.find(party.number, call.caller)
        if destination.cause is not None or not destination.legs:
            return False
        log.info("call %s: nobody took it; back to %s", call.call_id, party.number)
        self._calls.give(destination.legs, call)
        call.ring_instead(destination)
        self._calls.wait_for_answer(call)
        return True


def _targets(call: Call | None, leg: Leg) -> list[Leg]:
    """Who is at the far end of `leg`: the one it talks with, or all that ring for it."""
    if call is None or call.state == "over":
        return []
    if call.state == "talking":
        far = call.other_end(leg)
        return [far] if far is not None else []
    return list(call.callees) if leg is call.caller else []
