"""Who rings on an exchange line, and whether the call may be passed on already: rings counted, caller ID awaited.

Data are listened for while the line rests, so it does not matter what announces them: a ring, a reversal, or nothing.
How they are read: `caller_id/receiving.py`. `fxo_calls.py` feeds this with what port and media engine tell.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from firmware.lines.caller_id.caller import PRIVATE
from firmware.lines.caller_id.receiving import DigitReader, Heard, OctetReader
from firmware.lines.caller_rules import WITHHELD
from firmware.lines.fxo_options import FxoOptions
from firmware.lines.fxo_rings import RingCount
from firmware.lines.named_timers import NamedTimers
from firmware.media.events import DataKind
from firmware.telephony.clock import now_s
from firmware.telephony.leg import Party

log = logging.getLogger(__name__)

FRESH_S = 8.0
"""Data that came longer than this before the first ring belong to another call, or to none."""
FETCH_BURST_MS = 750
"""Pulses of half a second ask the line to fetch the number, rings last a second [M-]."""
KINDS: Mapping[str, DataKind] = {
    "etsi-fsk": "v23", "uk": "v23", "japan": "v23", "bellcore": "bell-202", "bellcore-number": "bell-202",
    "dtmf": "dtmf",
}  # fmt: skip


class FxoCaller:
    """Of one line. changed: called when a caller becomes known, or has been waited for long enough."""

    def __init__(self, name: str, options: FxoOptions, changed: Callable[[], None]) -> None:
        self.kind: DataKind | None = KINDS.get(options.caller_id)
        """What to listen for on the resting line."""
        self.rings = RingCount()
        self.party: Party | None = None
        """Who rings, or is about to; None while that is not known."""
        self._name = name
        self._options = options
        self._changed = changed
        self._reader = _reader(options)
        self._heard_s = 0.0
        self._waited = self._fetched = False
        self._timers = NamedTimers(self._wait_over)

    @property
    def coming(self) -> bool:
        """A call is coming in: the line is not to be taken for one that goes out."""
        return self.rings.in_burst or (self.party is not None and now_s() - self._heard_s < FRESH_S)

    @property
    def target(self) -> str:
        """The number of the house that rings for who calls; "" when none does."""
        rule = self._options.callers.fitting(self.party.number) if self.party is not None else None
        return self._options.target if rule is None else rule.target

    def heard(self, octet: int | None) -> None:
        """An octet or digit from the line, None at their end."""
        found = self._reader.end() if octet is None else self._reader.put(octet)
        if found is not None:
            self._take(found)

    def began(self, at_s: float, hz: float) -> None:
        """A burst of ringing has begun."""
        self.rings.began(at_s)
        if self.rings.rings > 1:
            return
        log.info("%s: rings with %.0f Hz", self._name, hz)
        if now_s() - self._heard_s > FRESH_S:
            self.party = None

    def may_be_offered(self) -> bool:
        """Rung often enough, the caller known or waited for, and somebody to ring."""
        wanted = self._options.rings
        if not self.target or self.rings.rings < wanted:
            return False
        waits = self.kind is not None and self._options.caller_id_wait_s > 0
        if self.party is not None or self._waited or not waits or self.rings.rings > wanted:
            return True
        if not self._timers.running("wait"):
            self._timers.start("wait", self._options.caller_id_wait_s)
        return False

    def must_fetch(self, burst_ms: int) -> bool:
        """Japan: the exchange rings in short pulses until the line answers, tells who calls, and only then rings.

        burst_ms: of the one just over; a long one is ringing, and to answer it would answer the call. True once a call.
        """
        fetches = self._options.caller_id == "japan" and bool(self._options.target)
        if not fetches or self._fetched or self.party is not None or burst_ms > FETCH_BURST_MS:
            return False
        self._fetched = True
        return True

    def forget(self) -> None:
        """The call is over, or has never been one."""
        self.rings.forget()
        self.party, self._waited, self._fetched = None, False, False
        self._timers.stop()

    def _wait_over(self, _name: str) -> None:
        self._waited = True
        self._changed()

    def _take(self, found: Heard) -> None:
        if self.party is not None and self.party.number:
            return  # sent twice, or the number of who sent the call on
        withheld = not found.number and found.absent == PRIVATE
        self.party = Party(WITHHELD if withheld else found.number, found.name)
        self._heard_s = now_s()
        log.info("%s: caller %s %s", self._name, self.party.number or "not known", self.party.name)
        if (rule := self._options.callers.fitting(self.party.number)) is not None:
            log.info("%s: callers.%s: %s", self._name, rule.name, rule.target or "blocked")
        self._changed()


def _reader(options: FxoOptions) -> DigitReader | OctetReader:
    if options.caller_id == "dtmf":
        return DigitReader(options.caller_id_dtmf)
    return OctetReader(japan=options.caller_id == "japan")
