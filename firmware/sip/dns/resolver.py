"""Asks the name servers, keeps what they said, and never takes long (RFC 1035, RFC 2308, RFC 8767).

Why: operators' names must be looked up, and name servers are slow, dead or lying on just the
day when everybody telephones. So: one question in flight for a name however many calls want
it; the next server is asked when one is slow, and the slow one may still answer; a refresh
that fails, or takes longer than 1 s, leaves the last known answer in use for up to a day.
Only the first call of an outage waits that second: until a server answers again, refreshes
go on behind the calls.

Decisions:
- At most 64 questions at a time; more are answered as failed, at once.
- SERVFAIL, REFUSED and silence mean "ask another"; only "there is none" from a server that
  works is believed, and for a minute at most.

Look next at `name_servers.py`, `cache.py`, `carrier.py` and `wire.py`.
"""

from __future__ import annotations

import asyncio
import logging

from firmware.sip.dns.answers import Answer, Question
from firmware.sip.dns.cache import Cache
from firmware.sip.dns.carrier import Carrier, Server, SocketCarrier
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.wire import Query, Reply, is_name

log = logging.getLogger(__name__)

DEADLINE_S = 5.0
"""A question, with all servers, repetitions and aliases."""
STALE_PATIENCE_S = 1.0
"""How long a refresh is waited for while an older answer is at hand (RFC 8767 section 5 says 1.8 s)."""
SLOW_S = 0.5
"""A server that has not answered by then gets company; twice that in the second round, and so on."""
MAX_RUNNING = 64
_ROUNDS = 3
_MAX_ALIASES = 8
_WRITTEN_DOWN_S = 5.0
_WITHOUT_EDNS = {"FORMERR", "NOTIMP", "BADVERS"}
_NONE = {
    "NXDOMAIN": "its name server says that there is no such name",
    "NOERROR": "its name server has no address for it",
}


class Resolver:
    """One for the agent; made inside the running loop. `close` ends every question."""

    def __init__(self, name_servers: NameServers, carrier: Carrier | None = None) -> None:
        self._name_servers = name_servers
        self._carrier = carrier or SocketCarrier()
        self._cache = Cache(asyncio.get_running_loop().time)
        self._running: dict[Question, asyncio.Task[Answer]] = {}
        self._liked: Server | None = None
        self._silent = False

    def debug(self) -> dict[str, int]:
        """How many questions are in flight and how many answers are kept."""
        return {"dns_questions": len(self._running), "dns_answers": len(self._cache)}

    def close(self) -> None:
        for task in self._running.values():
            task.cancel()

    def known(self, question: Question) -> Answer | None:
        """A fresh answer from memory, or None."""
        return self._cache.fresh(question)

    async def resolve(self, question: Question) -> Answer:
        """The answer, within 5 s whatever the network does. May be cancelled; the question then goes on for others."""
        answer = self._cache.fresh(question)
        if answer is not None:
            return answer
        task = self._running.get(question) or self._begin(question)
        if task is None:
            return _failure("too many names are being looked up")
        stale = self._cache.stale(question)
        patience_s = None if stale is None else 0.0 if self._silent else STALE_PATIENCE_S
        await asyncio.wait({task}, timeout=patience_s)
        if task.done() and not task.cancelled():
            return task.result()
        if stale is None:
            return _failure("the resolver was closed")
        self._silent = True
        self._cache.put_failure(question, stale, silence=True)
        return stale

    def _begin(self, question: Question) -> asyncio.Task[Answer] | None:
        if len(self._running) >= MAX_RUNNING:
            return None
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._look_up(question), name=f"dns {question.name} {question.kind}")
        self._running[question] = task
        task.add_done_callback(lambda _: self._running.pop(question, None))
        return task

    async def _look_up(self, question: Question) -> Answer:
        """Find out and remember."""
        silence = False
        try:
            async with asyncio.timeout(DEADLINE_S):
                answer, ttl_s = await self._find(question)
        except TimeoutError:
            answer, ttl_s, silence = _failure("the name servers do not answer"), 0.0, True
        if not answer.failed:
            self._cache.put(question, answer, ttl_s)
            return answer
        self._silent = True
        stale = self._cache.stale(question)
        self._cache.put_failure(question, answer, silence=silence)
        if stale is not None:
            log.info("sip: %s: %s, its last known address stays in use", question.name, answer.cause)
        return stale or answer

    async def _find(self, question: Question) -> tuple[Answer, float]:
        if await self._name_servers.look():
            self._cache.end_failures()
        ttl_s = float("inf")
        for _ in range(_MAX_ALIASES):
            if not is_name(question.name):
                return Answer((), "that is not a name"), ttl_s
            written = self._name_servers.written_down(_host_of(question))
            if written is not None:
                return _written_answer(question, written), _WRITTEN_DOWN_S
            reply = await self._ask(question)
            if isinstance(reply, Answer):
                return reply, 0.0
            ttl_s = min(ttl_s, reply.ttl_s)
            if not reply.alias or reply.code != "NOERROR":
                return Answer(reply.records, "" if reply.records else _NONE[reply.code]), ttl_s
            question = question._replace(name=reply.alias)
        return Answer((), "its DNS entries point at each other in a circle"), ttl_s

    async def _ask(self, question: Question) -> Reply | Answer:
        """A reply of the first server that gives a useful one, or a failed Answer."""
        servers = sorted(self._name_servers.servers, key=lambda server: server != self._liked)
        if not servers:
            return _failure("no name server is known")
        causes: list[str] = []
        asked: set[asyncio.Task[Reply | None]] = set()
        try:
            for turn, server in enumerate(servers * _ROUNDS):
                number = turn // len(servers)
                asked.add(asyncio.ensure_future(self._attempt(server, question, causes, edns=number == 0)))
                reply, asked = await _next_reply(asked, SLOW_S * (number + 1))
                if reply is not None:
                    return reply
            while asked:
                reply, asked = await _next_reply(asked, None)
                if reply is not None:
                    return reply
        finally:
            for task in asked:
                task.cancel()
        return _failure(causes[-1])

    async def _attempt(self, server: Server, question: Question, causes: list[str], *, edns: bool) -> Reply | None:
        """Ask one server once; None and a word in `causes` when that is of no use."""
        try:
            query = Query(question, edns=edns)
            reply = await self._carrier.datagram(server, query)
            if edns and reply.code in _WITHOUT_EDNS:
                query = Query(question, edns=False)
                reply = await self._carrier.datagram(server, query)
            if reply.truncated:
                reply = await self._carrier.stream(server, query)
        except OSError as error:
            causes.append(f"name server {server[0]}: {error}")
            return None
        if reply.truncated:
            causes.append(f"name server {server[0]}: its answer is cut off even over TCP")
            return None
        if reply.code not in _NONE:
            causes.append(f"name server {server[0]} refuses or has failed ({reply.code})")
            return None
        self._liked = server
        self._silent = False
        return reply


async def _next_reply(
    asked: set[asyncio.Task[Reply | None]], within_s: float | None
) -> tuple[Reply | None, set[asyncio.Task[Reply | None]]]:
    """(what the next attempt to end brought, the attempts still under way)."""
    came, waiting = await asyncio.wait(asked, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    return next((reply for task in came if (reply := task.result()) is not None), None), waiting


def _failure(cause: str) -> Answer:
    return Answer((), cause, failed=True)


def _host_of(question: Question) -> str:
    """The host that a question is about: "example.com" of "_sip._udp.example.com"."""
    labels = question.name.split(".")
    while labels[0].startswith("_") and len(labels) > 1:
        del labels[0]
    return ".".join(labels)


def _written_answer(question: Question, written: tuple[str, ...]) -> Answer:
    if not written:
        return Answer((), "names under .invalid have no address")
    kind = question.kind
    found = tuple(ip for ip in written if kind == ("AAAA" if ":" in ip else "A"))
    return Answer(found, "" if found else "/etc/hosts has no address of that kind for it")
