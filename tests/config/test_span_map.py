"""Spans drawn by seed, and for every number of a small world the same answer as from looking at each of them."""

from __future__ import annotations

import os
import random

import pytest

from firmware.config.number_span import NumberSpan, read_span
from firmware.config.span_map import SpanMap

WORLDS = 2000 if os.environ.get("TIPRING_SOAK") else 60
NUMBERS = [f"{n:0{width}d}" for width in (1, 2, 3) for n in range(10**width)]


def drawn(dice: random.Random) -> str:
    width = dice.choice((2, 3))
    first, last = sorted(dice.randrange(10**width) for _ in range(2))
    return dice.choice((f"{first:0{width}d}-{last:0{width}d}", f"{first:0{width}d}", f"{first:0{width}d}"[:2] + "*"))


def kind(span: NumberSpan) -> str:
    return "begun" if span.prefix else "alone" if span.first == span.last else "ranged"


def holds(span: NumberSpan, number: str) -> bool:
    """Read letter by letter, without the span's own means."""
    if span.prefix:
        return number[: len(span.first)] == span.first
    return len(number) == len(span.first) and span.first <= number <= span.last


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_number_is_found_as_by_looking_at_each_span(seed: int) -> None:
    dice = random.Random(seed)
    spans: SpanMap[str] = SpanMap()
    taken: list[tuple[NumberSpan, str]] = []
    for place in range(dice.randrange(1, 40)):
        span, owner = read_span(drawn(dice)), str(place)
        clash = {whose for other, whose in taken if kind(other) == kind(span) and meet(other, span)}
        told = spans.add(span, owner)
        assert (told in clash) if clash else told is None, (span.text(), clash, told)
        if told is None:
            taken.append((span, owner))
    for number in NUMBERS:
        found = {"alone": spans.alone(number), "begun": spans.begun(number), "ranged": spans.ranged(number)}
        for wanted, answer in found.items():
            near = [(span, owner) for span, owner in taken if kind(span) == wanted and holds(span, number)]
            best = max(near, key=lambda each: len(each[0].first), default=None)
            if wanted == "ranged" and best is not None:
                assert answer == (best[1], int(number) - int(best[0].first))
            else:
                assert answer == (best[1] if best is not None else None)


def meet(one: NumberSpan, other: NumberSpan) -> bool:
    if one.prefix:
        return one.first == other.first
    return any(holds(one, number) and holds(other, number) for number in NUMBERS)
