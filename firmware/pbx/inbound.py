"""Which number of the house rings for a number called from outside (direct inward dialling).

A pure look-up for any line or trunk: it is given what was called and where the call came in. One number alone comes
before a range, a range before a beginning, the longest first; of two equally near, the one that names the line; then
a rule for whatever is called. Numbers are compared in the country's national form. Settings become rules in
`app_numbers.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from firmware.config.number_span import NumberSpan
from firmware.config.span_map import SpanMap
from firmware.telephony.numbering import Numbering


@dataclass(frozen=True, slots=True)
class InboundRule:
    """Calls to `spans`, to any number without, on `lines`, on all without, ring a number of the house.

    target: that number; several for one range, the first of them for the first of the range. keep: rather the last
    digits that were called, with `add` in front, where the house has that number; 0 for none.
    """

    name: str
    spans: tuple[NumberSpan, ...] = ()
    lines: tuple[str, ...] = ()
    target: NumberSpan | None = None
    keep: int = 0
    add: str = ""

    def kept(self, called: str) -> str:
        """The number that the last digits of `called` make; "" when none are kept, or there are fewer."""
        return self.add + called[-self.keep :] if 0 < self.keep <= len(called) else ""


class InboundTable:
    """house: the numbers that exist in the house.

    clashes: names of two rules that claim the same number, and how it is written; the first one has it.
    """

    def __init__(self, rules: Sequence[InboundRule], numbering: Numbering, house: Collection[str]) -> None:
        self._numbering = numbering
        self._house = house
        self._maps: dict[str, SpanMap[InboundRule]] = {}
        self._whatever: dict[str, InboundRule] = {}
        self.clashes: list[tuple[str, str, str]] = []
        for rule in rules:
            for line in rule.lines or ("",):
                self._add(rule, line)

    def find(self, called: str, line: str = "") -> str:
        """The number of the house that rings for `called`, in any form, on `line`; "" when no rule speaks of it.

        called: "" when that is not known. line: "" for a trunk that no rule can name.
        """
        places = (line, "") if line else ("",)
        for rule, number, place in self._near(self._numbering.forms(called), places):
            if found := self._resolved(rule, number, place):
                return found
        for rule in (self._whatever[key] for key in places if key in self._whatever):
            if found := self._resolved(rule, called, 0):
                return found
        return ""

    # -- inside ------------------------------------------------------------------------
    def _add(self, rule: InboundRule, line: str) -> None:
        if not rule.spans:
            self._whatever.setdefault(line, rule)
        spans = self._maps.setdefault(line, SpanMap())
        for span in rule.spans:
            first = spans.add(span.in_form(self._numbering.national), rule)
            if first is not None:
                self.clashes.append((first.name, rule.name, span.text()))

    def _near(self, forms: Sequence[str], places: Sequence[str]) -> Iterator[tuple[InboundRule, str, int]]:
        """The rules that speak of that number, the nearest first, each with the form it knows and its place there."""
        asked = [(number, self._maps[key]) for number in forms for key in places if key in self._maps]
        yield from ((rule, number, 0) for number, spans in asked if (rule := spans.alone(number)) is not None)
        for number, spans in asked:
            if (found := spans.ranged(number)) is not None:
                yield found[0], number, found[1]
        yield from ((rule, number, 0) for number, spans in asked if (rule := spans.begun(number)) is not None)

    def _resolved(self, rule: InboundRule, number: str, place: int) -> str:
        if (kept := rule.kept(number)) in self._house:
            return kept
        if rule.target is None:
            return ""
        return rule.target.at(place) if len(rule.target) > 1 else rule.target.first
