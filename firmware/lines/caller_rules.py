"""What becomes of calls from outside by who calls: blocked, or to another number of the house; and how to call back.

Rules see the number as the exchange sends it. The first one that fits counts, so that an exception stands before the
rule it is taken from. Settings become rules in `fxo_profile.py`; `fxo_caller.py` asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.lines.ring_classes import among
from firmware.telephony.numbering import E164, Numbering

WITHHELD = "anonymous"
"""The number of a caller who does not want it known (RFC 3323 4.1), as `caller_id/caller.py` takes it."""


@dataclass(frozen=True, slots=True)
class CallerRule:
    """Calls from `numbers`, with * at the end for all that begin so, ring `target`; "" is blocked, nobody rings.

    withheld: also of those who do not want their number known.
    """

    name: str
    numbers: tuple[str, ...] = ()
    target: str = ""
    withheld: bool = False

    def fits(self, number: str) -> bool:
        """A caller of whom nothing is known fits no rule."""
        if number == WITHHELD:
            return self.withheld
        return bool(number) and among(number, self.numbers)


@dataclass(frozen=True, slots=True)
class CallerRules:
    """Of one line. form: how a caller's number is shown, "national", "international", "e164", else as sent. add: put
    before it, so that it can be called back; not before a "+"."""

    rules: tuple[CallerRule, ...] = ()
    add: str = ""
    form: str = ""
    numbering: Numbering = field(default_factory=Numbering)

    def fitting(self, number: str) -> CallerRule | None:
        """The rule that counts for that caller."""
        return next((rule for rule in self.rules if rule.fits(number)), None)

    def call_back(self, number: str) -> str:
        """What a telephone of the house dials to reach that caller; "" and WITHHELD stay."""
        if not number or number == WITHHELD:
            return number
        if self.form == E164 and (world := self.numbering.world(number)).startswith("+"):
            return world
        return self.add + self.numbering.as_dialled(number, self.form)
