"""Which calls ring otherwise: by who calls, by what was dialled (a group), or by what Alert-Info asks for.

A rule of the settings comes before the names that SIP phones know from Telcordia's distinctive ringing; a call
that nothing speaks for rings as the country does. Who asks: `line_sender.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.telephony.cadence import Cadence
from firmware.telephony.leg import CallRequest

BELLCORE: dict[str, Cadence] = {
    "bellcore-dr2": (800, 400, 800, 4000),
    "bellcore-dr3": (400, 200, 400, 200, 800, 4000),
    "bellcore-dr4": (300, 200, 1000, 200, 300, 4000),
    "bellcore-dr5": (500, 5500),
}
"""Distinctive ringing of GR-506 by its usual names in Alert-Info [M]; "bellcore-dr1" is ordinary ringing. The last
is a single splash on American exchanges; here it goes on, so that a call is not missed."""
ANY = "*"
"""At the end of a number in a rule: whatever follows."""


@dataclass(frozen=True, slots=True)
class RingClass:
    """A call belongs to it when one of its callers, of its called numbers or its Alert-Info matches.

    callers, called: numbers, with ANY at the end for all that begin so. alert: as `alert_of` makes it, "" for none.
    """

    name: str
    cadence_ms: Cadence
    callers: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    alert: str = ""

    def fits(self, request: CallRequest) -> bool:
        return (
            among(request.caller.number, self.callers)
            or among(request.called.number, self.called)
            or bool(self.alert and self.alert == request.alert)
        )


def cadence_of(request: CallRequest, classes: Sequence[RingClass], ordinary_ms: Cadence) -> Cadence:
    """The cadence of the first class that fits, of the Alert-Info, or `ordinary_ms`."""
    for ring_class in classes:
        if ring_class.fits(request):
            return ring_class.cadence_ms
    return BELLCORE.get(request.alert, ordinary_ms)


def read_cadence(text: str) -> Cadence:
    """ "800,400,800,4000" as a cadence. ValueError: not one to four pairs of 100 to 10000 ms."""
    times = tuple(int(part) for part in text.split(","))
    if len(times) not in (2, 4, 6, 8) or not all(100 <= ms <= 10_000 for ms in times):
        raise ValueError(f"{text!r} is no cadence")
    return times


def among(number: str, rules: tuple[str, ...]) -> bool:
    """Whether one of the rules names that number, or with ANY how it begins."""
    return any(number.startswith(rule[:-1]) if rule.endswith(ANY) else number == rule for rule in rules)
