"""Three-way calls: a telephone brings its two calls into one conference of the media engine.

Both calls stay calls, each with its record; only who hears whom changes (`connection.py`). When one of them
ends, the other goes on as it was before. The telephone's side: `firmware/lines/other_call.py`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from firmware.pbx.call import Call
from firmware.pbx.call_table import CallTable
from firmware.pbx.connection import Joiner, Mixer
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Leg

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Conference:
    calls: tuple[Call, Call]
    mixer: Mixer
    since_s: float


class ThreeWay:
    """All conferences of three that there are now."""

    def __init__(self, calls: CallTable, media: Joiner) -> None:
        self._calls = calls
        self._media = media
        self._of: dict[Call, _Conference] = {}

    def __len__(self) -> int:
        return len(self._of) // 2

    def together(self, one: Leg, other: Leg) -> None:
        """Two legs of one telephone that both talk: from now on their far ends hear each other too."""
        first, second = self._calls.of(one), self._calls.of(other)
        if first is None or second is None or {first.state, second.state} != {"talking"}:
            return
        if first in self._of or second in self._of or first is second:
            return
        try:
            mixer = self._media.open_mixer()
        except OSError as error:
            log.warning("call %s: no conference: %s", first.call_id, error.strerror)
            return
        conference = _Conference((first, second), mixer, now_s())
        for call in conference.calls:
            self._of[call] = conference
            call.connection.meet(mixer.id)
        log.info("call %s: three-way with call %s", first.call_id, second.call_id)

    def apart(self, call: Call | None) -> None:
        """The conference that `call` is in ends, if there is one; the calls themselves go on."""
        conference = self._of.get(call) if call is not None else None
        if conference is None:
            return
        ms = round((now_s() - conference.since_s) * 1000)
        first, second = conference.calls
        for one, other in ((first, second), (second, first)):
            del self._of[one]
            one.connection.meet(0)
            services = one.account.services
            services["three_way_with"] = other.call_id
            services["three_way_ms"] = services.get("three_way_ms", 0) + ms
        conference.mixer.close()

    def other(self, call: Call) -> Call | None:
        """The call that `call` is in a conference with."""
        conference = self._of.get(call)
        if conference is None:
            return None
        first, second = conference.calls
        return second if call is first else first
