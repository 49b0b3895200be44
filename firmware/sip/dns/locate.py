"""Finds where the requests for a SIP URI may be sent, without ever making a call wait that needs no DNS.

Why: a numeric host and whatever the cache knows are answered before `locate` returns; only
what must be asked for becomes a task, and no longer than 5 s. The caller gets a list to work
through from the top, with what is out of order just now at its end, and tells `targets` what
became of it.

Requests inside a dialog do not come here, on purpose: `transports/hop.py` sends to the source of
the peer's last message when its Contact or Route holds a name, so that no BYE waits for DNS.

Look next at `search.py` for the rules of RFC 3263 and at `resolver.py` for the asking.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Protocol

from firmware.sip.dns.answers import Answer, Question
from firmware.sip.dns.search import Means, NotFound, Step, Target, search
from firmware.sip.dns.targets import Targets
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri

log = logging.getLogger(__name__)

DEADLINE_S = 5.0
"""A whole search, however many steps it has."""
STEP_S = 1.5
"""The most that NAPTR or SRV may take of it, so that time is left to ask for addresses."""
GRACE_S = 0.5
"""How long the other answers of a step are waited for when one is there (RFC 8305 section 3, longer: calls ring)."""

Done = Callable[[list[Target]], None]


class Names(Protocol):
    """The resolver, as a search uses it (`resolver.Resolver`)."""

    def known(self, question: Question) -> Answer | None:
        """A fresh answer from memory, or None."""

    async def resolve(self, question: Question) -> Answer:
        """Ask. Never raises for what the network did."""

    def close(self) -> None:
        """End every question."""


class Lookup:
    """A search under way, or done when it was made without a task."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None] | None = None) -> None:
        self._task = task

    @property
    def pending(self) -> bool:
        return self._task is not None and not self._task.done()

    def cancel(self) -> None:
        """`done` is not called any more; harmless when it was."""
        if self._task is not None:
            self._task.cancel()


class Locator:
    """One for the agent, made inside the running loop.

    means: what we can send over. chance: for the weights of SRV; tests seed it.
    targets: where the user notes what failed and what worked.
    """

    def __init__(self, names: Names, means: Means, chance: random.Random | None = None) -> None:
        self._names = names
        self._means = means
        self._chance = chance or random.Random()
        self._running: set[asyncio.Task[None]] = set()
        self.targets = Targets(asyncio.get_running_loop().time)

    def __len__(self) -> int:
        """Searches under way."""
        return len(self._running)

    def locate(self, uri: str, done: Done) -> Lookup:
        """Tell `done` the targets of a sip or sips URI: at once if nothing must be asked, else from the loop.

        An empty list: there is none, and one log line named the host and the cause.
        Raises Refusal 400 or 416 for a URI that is not one of these.
        """
        parsed = parse_uri(uri)
        if parsed.scheme == "tel":
            raise Refusal(416)
        steps = search(parsed, self._means, self._chance)
        try:
            questions = next(steps)
            while (answers := self._all_known(questions)) is not None:
                questions = steps.send(answers)
        except (StopIteration, NotFound) as end:
            done(self._outcome(parsed.host, end))
            return Lookup()
        going_on = self._go_on(parsed.host, steps, questions, done)
        task = asyncio.get_running_loop().create_task(going_on, name=f"locate {parsed.host}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Lookup(task)

    def close(self) -> None:
        """End every search under way and every question."""
        for task in self._running:
            task.cancel()
        self._names.close()

    def _all_known(self, questions: Sequence[Question]) -> list[Answer] | None:
        answers: list[Answer] = []
        for question in questions:
            answer = self._names.known(question)
            if answer is None:
                return None
            answers.append(answer)
        return answers

    async def _go_on(self, host: str, steps: Step[list[Target]], questions: list[Question], done: Done) -> None:
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + DEADLINE_S
        try:
            while True:
                last = questions[0].kind in {"A", "AAAA"}
                left_s = ends_s - loop.time()
                questions = steps.send(await self._ask(questions, left_s if last else min(STEP_S, left_s)))
        except (StopIteration, NotFound) as end:
            targets = self._outcome(host, end)
        done(targets)

    def _outcome(self, host: str, end: StopIteration | NotFound) -> list[Target]:
        usable: list[Target] = []
        cause = str(end)
        if isinstance(end, StopIteration):
            usable = self.targets.order(end.value)
            cause = "its servers have asked for a pause (Retry-After)"
        if not usable:
            log.warning("sip: cannot find %s: %s", host, cause)
        return usable

    async def _ask(self, questions: Sequence[Question], within_s: float) -> list[Answer]:
        """An answer for each question; what comes too late counts as failed, but may still reach the cache."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + within_s
        tasks = [loop.create_task(self._names.resolve(question)) for question in questions]
        waiting = set(tasks)
        try:
            while waiting and (left_s := ends_s - loop.time()) > 0:
                came, waiting = await asyncio.wait(waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if any(task.result().records for task in came):
                    ends_s = min(ends_s, loop.time() + GRACE_S)
        finally:
            for task in waiting:
                task.cancel()
        late = Answer((), "the name servers do not answer", failed=True)
        return [late if task in waiting else task.result() for task in tasks]
