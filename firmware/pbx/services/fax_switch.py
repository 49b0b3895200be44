"""A fax machine calls on a line for voice: the call is noted, and goes on to the number where faxes are taken.

The line hears the calling tone (ITU-T T.30, 1,100 Hz); what was said so far and what follows are two calls
(`hand_over.py`).
"""

from __future__ import annotations

import logging

from firmware.pbx.call_account import side
from firmware.pbx.call_table import CallTable
from firmware.pbx.routes import Routes
from firmware.pbx.services.hand_over import hand_over
from firmware.telephony.leg import Leg

log = logging.getLogger(__name__)


class FaxSwitch:
    """`heard` for each call with a calling tone."""

    def __init__(self, calls: CallTable, routes: Routes) -> None:
        self._calls = calls
        self._routes = routes

    def heard(self, leg: Leg, number: str) -> None:
        """The calling `leg`, which was answered, is a fax machine's. number: who takes faxes, "" for nobody."""
        call = self._calls.of(leg)
        if call is None or call.state != "talking" or leg is not call.caller:
            return
        call.account.services["fax"] = side(leg)
        if number in {"", call.party.number}:
            log.info("call %s: a fax machine calls on %s", call.call_id, side(leg))
            return
        destination = self._routes.find(number, leg)
        if destination.cause is not None or not destination.legs:
            log.warning("call %s: a fax machine calls on %s, and %s is not free", call.call_id, side(leg), number)
            return
        new = hand_over(self._calls, call, destination, {"fax": side(leg)})
        log.info("call %s: a fax machine calls on %s: to %s, call %s", call.call_id, side(leg), number, new.call_id)
