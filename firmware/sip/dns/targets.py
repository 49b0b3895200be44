"""Which places are out of order just now, so that the next call does not try them first (RFC 3263 4.3).

Why: without a memory every call to a provider with a dead first server would wait 32 s for
timer B again. A place that failed moves behind the others for a while and, when it fails
again, for longer; success clears it. Only a 503 with Retry-After takes it out altogether
(RFC 3261 21.5.4): that server has asked not to be tried. New addresses come from `locate.py`
within their TTL and are unknown here, hence good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from firmware.sip.dns.search import Target

FIRST_REST_S = 30.0
LONGEST_REST_S = 300.0
LONGEST_SHUT_S = 3600.0
"""A Retry-After beyond this is taken for a mistake."""
MAX_REMEMBERED = 256
_Place = tuple[str, str, int]


class _Mark(NamedTuple):
    until_s: float
    rest_s: float
    shut: bool


class Targets:
    """clock: seconds, such as `loop.time`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._marks: dict[_Place, _Mark] = {}

    def order(self, targets: Iterable[Target]) -> list[Target]:
        """The good ones as they stand, then those that failed, the one whose rest ends first first.

        Those under Retry-After are left out, so the list may be empty.
        """
        now_s = self._clock()
        resting: list[tuple[float, Target]] = []
        good: list[Target] = []
        for target in targets:
            mark = self._marks.get(target[:3])
            if mark is None or mark.until_s <= now_s:
                good.append(target)
            elif not mark.shut:
                resting.append((mark.until_s, target))
        resting.sort(key=lambda entry: entry[0])
        return good + [target for _, target in resting]

    def mark_bad(self, target: Target, *, retry_after_s: float | None = None) -> None:
        """It failed: no connection, no answer, or 503. retry_after_s: what its Retry-After said."""
        now_s = self._clock()
        before = self._marks.pop(target[:3], None)
        if retry_after_s is not None:
            rest_s = min(max(retry_after_s, 1.0), LONGEST_SHUT_S)
        elif before is None or before.shut or now_s > before.until_s + LONGEST_REST_S:
            rest_s = FIRST_REST_S
        elif now_s < before.until_s:  # calls that failed side by side are one failure
            rest_s = before.rest_s
        else:
            rest_s = min(before.rest_s * 2, LONGEST_REST_S)
        if len(self._marks) >= MAX_REMEMBERED:
            del self._marks[next(iter(self._marks))]
        self._marks[target[:3]] = _Mark(now_s + rest_s, rest_s, retry_after_s is not None)

    def mark_good(self, target: Target) -> None:
        """It answered."""
        self._marks.pop(target[:3], None)
