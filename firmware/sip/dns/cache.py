"""Answers kept for their time, and beyond it for bad days (RFC 2308, RFC 8767).

Why: what is fresh here makes a call start at once; what is stale keeps a trunk alive while its
name servers are out. Bounded: the answer unused for longest makes room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware.sip.dns.answers import Answer, Question

MAX_ANSWERS = 512
LEAST_TTL_S = 5.0
LONGEST_TTL_S = 86400.0
LONGEST_NONE_S = 60.0
"""RFC 2308 would let "there is none" live for hours; a mistake that was mended must be seen soon."""
SILENCE_S = 30.0
"""How long nobody is asked again when no server answered, or an older answer is at hand (RFC 8767 section 5)."""
REFUSAL_S = LEAST_TTL_S
"""The same for what failed at once: a house that starts before its network must not miss it for long."""
STALE_S = 86400.0


class _Entry(NamedTuple):
    answer: Answer
    fresh_until_s: float
    stale_until_s: float


class Cache:
    """clock: seconds, such as `loop.time`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: dict[Question, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def fresh(self, question: Question) -> Answer | None:
        """The answer while it may be used without asking."""
        entry = self._entries.get(question)
        if entry is None or entry.fresh_until_s <= self._clock():
            return None
        self._entries[question] = self._entries.pop(question)
        return entry.answer

    def stale(self, question: Question) -> Answer | None:
        """The last records known, fresh or not, up to a day after their time."""
        entry = self._entries.get(question)
        return entry.answer if entry is not None and self._clock() < entry.stale_until_s else None

    def put(self, question: Question, answer: Answer, ttl_s: float) -> None:
        """Keep what a server said."""
        longest_s = LONGEST_TTL_S if answer.records else LONGEST_NONE_S
        fresh_until_s = self._clock() + min(max(ttl_s, LEAST_TTL_S), longest_s)
        stale_s = STALE_S if answer.records else 0.0
        self._put(question, _Entry(answer, fresh_until_s, fresh_until_s + stale_s))

    def put_failure(self, question: Question, answer: Answer, *, silence: bool) -> None:
        """Nobody could say: the last records known get some more time, or the failure itself does."""
        before = self._entries.get(question)
        now_s = self._clock()
        if before is not None and now_s < before.stale_until_s:
            self._put(question, before._replace(fresh_until_s=now_s + SILENCE_S))
        else:
            self._put(question, _Entry(answer, now_s + (SILENCE_S if silence else REFUSAL_S), 0.0))

    def end_failures(self) -> None:
        """Other name servers from now on: all that rests on a failure, or says "none", is asked again."""
        now_s = self._clock()
        for question, entry in list(self._entries.items()):
            if not entry.answer.records:
                del self._entries[question]
            elif entry.stale_until_s < entry.fresh_until_s + STALE_S:
                self._entries[question] = entry._replace(fresh_until_s=now_s)

    def _put(self, question: Question, entry: _Entry) -> None:
        self._entries.pop(question, None)
        if len(self._entries) >= MAX_ANSWERS:
            del self._entries[next(iter(self._entries))]
        self._entries[question] = entry
