"""The resolver on fake time against scripted name servers: time-outs, staleness, lies, circles, bounds.

The octets are made by `dns_server.py`, which shares no code with the resolver. The same over
real sockets is in `test_dns_sockets.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from firmware.sip.dns import cache
from firmware.sip.dns.answers import Answer, Naptr, Question, Srv
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import DEADLINE_S, MAX_RUNNING, SLOW_S, STALE_PATIENCE_S, Resolver
from tests.fake_time import run
from tests.sip.dns_server import NOTIMP, REFUSED, SERVFAIL, PipeCarrier, Script, message, read_question

FIRST, SECOND = ("192.0.2.53", 53), ("192.0.2.54", 53)
HOST = ("pbx.example.com", "A")
QUESTION = Question(*HOST)


def zone(ttl_s: int = 60, **script: object) -> Script:
    return Script({HOST: (ttl_s, ["192.0.2.1", "192.0.2.2"])}, **script)  # type: ignore[arg-type]


def with_resolver(servers: dict[tuple[str, int], Script], body: Callable[[Resolver], Awaitable[None]]) -> None:
    """Run `body` on fake time with a resolver that knows FIRST and SECOND; nothing may be left in flight."""

    async def main() -> None:
        resolver = Resolver(NameServers((FIRST, SECOND), hosts=None), PipeCarrier(servers))
        await body(resolver)
        await asyncio.sleep(DEADLINE_S + 1)
        assert resolver.debug()["dns_questions"] == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


async def timed(resolver: Resolver, question: Question = QUESTION) -> tuple[Answer, float]:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    return await resolver.resolve(question), loop.time() - start_s


GOOD = Answer(("192.0.2.1", "192.0.2.2"))

KINDS_TABLE = [
    ("A", ["192.0.2.1"], ("192.0.2.1",)),
    ("AAAA", ["2001:db8::1", "2001:db8:0:0::2"], ("2001:db8::1", "2001:db8::2")),
    ("SRV", ["10 60 5070 Big.Example.COM", "0 0 0 ."], (Srv(10, 60, 5070, "big.example.com"), Srv(0, 0, 0, "."))),
    (
        "NAPTR",
        ['50 10 "s" "sip+d2u" "" _sip._udp.Example.com'],
        (Naptr(50, 10, "S", "SIP+D2U", "", "_sip._udp.example.com"),),
    ),
]


@pytest.mark.parametrize(("kind", "values", "wanted"), KINDS_TABLE, ids=[row[0] for row in KINDS_TABLE])
def test_each_kind_of_record_is_read(kind: str, values: list[str], wanted: tuple[object, ...]) -> None:
    async def body(resolver: Resolver) -> None:
        assert await resolver.resolve(Question("x.example.com", kind)) == Answer(wanted)  # type: ignore[arg-type]

    with_resolver({FIRST: Script({("x.example.com", kind): (60, values)})}, body)


# -- servers that are slow, dead, out of order, lying ---------------------------------------
SERVERS_TABLE: list[tuple[str, Callable[[], dict[tuple[str, int], Script]], float]] = [
    ("first is well", lambda: {FIRST: zone(), SECOND: zone()}, 0.01),
    ("first is silent", lambda: {FIRST: zone(silent={"*"}), SECOND: zone()}, SLOW_S + 0.01),
    ("first is slow but quicker than the second", lambda: {FIRST: zone(delay_s=0.7), SECOND: zone(delay_s=4.0)}, 0.7),
    ("nothing listens at the first", lambda: {SECOND: zone()}, 0.01),
    ("first has failed", lambda: {FIRST: zone(code=SERVFAIL), SECOND: zone()}, 0.02),
    ("first refuses us", lambda: {FIRST: zone(code=REFUSED), SECOND: zone()}, 0.02),
    ("first does not know the kind", lambda: {FIRST: zone(code=NOTIMP), SECOND: zone()}, 0.03),
    ("first knows no EDNS", lambda: {FIRST: zone(old=True)}, 0.02),
    ("answer does not fit in a datagram", lambda: {FIRST: zone(truncate=True)}, 0.02),
    ("and TCP is refused", lambda: {FIRST: zone(truncate=True, refuse_stream=True), SECOND: zone()}, 0.03),
    ("a first datagram is lost", lambda: {FIRST: _loses(1), SECOND: zone(silent={"*"})}, 2 * SLOW_S + 0.01),
]


def _loses(count: int) -> Script:
    script = zone(silent={"*"})

    class Losing(Script):
        def answer(self, octets: bytes, *, stream: bool) -> tuple[float, list[bytes]]:
            if len(self.asked) == count:
                self.silent = set()
            return super().answer(octets, stream=stream)

    return Losing(**vars(script))


@pytest.mark.parametrize(
    ("servers", "seconds"), [row[1:] for row in SERVERS_TABLE], ids=[row[0] for row in SERVERS_TABLE]
)
def test_an_answer_comes_when_any_server_has_one(
    servers: Callable[[], dict[tuple[str, int], Script]], seconds: float
) -> None:
    async def body(resolver: Resolver) -> None:
        assert await timed(resolver) == (GOOD, pytest.approx(seconds, abs=0.005))

    with_resolver(servers(), body)


FAILURES_TABLE = [
    ({FIRST: zone(silent={"*"}), SECOND: zone(silent={"*"})}, DEADLINE_S, "the name servers do not answer"),
    ({FIRST: zone(delay_s=6.0), SECOND: zone(silent={"*"})}, DEADLINE_S, "the name servers do not answer"),
    (
        {FIRST: zone(code=SERVFAIL), SECOND: zone(code=REFUSED)},
        0.06,
        "name server 192.0.2.54 refuses or has failed (REFUSED)",
    ),
    ({}, 0.0, "name server 192.0.2.54: [Errno 111] Connection refused"),
]


@pytest.mark.parametrize(("servers", "seconds", "cause"), FAILURES_TABLE, ids=[row[2] for row in FAILURES_TABLE])
def test_when_no_server_has_one_it_fails_in_time_and_is_not_tried_again_at_once(
    servers: dict[tuple[str, int], Script], seconds: float, cause: str
) -> None:
    async def body(resolver: Resolver) -> None:
        assert await timed(resolver) == (Answer((), cause, failed=True), pytest.approx(seconds, abs=0.005))
        assert resolver.known(QUESTION) == Answer((), cause, failed=True)
        await asyncio.sleep(cache.SILENCE_S if seconds == DEADLINE_S else cache.REFUSAL_S)
        for server in (FIRST, SECOND):
            servers[server] = zone()
        assert await timed(resolver) == (GOOD, pytest.approx(0.01, abs=0.005))

    with_resolver(servers, body)


def test_the_server_that_answered_is_asked_first_the_next_time() -> None:
    servers = {FIRST: zone(silent={"*"}), SECOND: zone()}
    servers[SECOND].records["b.example.com", "A"] = (60, ["192.0.2.9"])

    async def body(resolver: Resolver) -> None:
        await resolver.resolve(QUESTION)
        assert (await timed(resolver, Question("b.example.com", "A")))[1] == pytest.approx(0.01, abs=0.005)

    with_resolver(servers, body)


def other_id(true: bytes) -> bytes:
    return bytes([true[0] ^ 0xFF]) + true[1:]


def other_question(true: bytes) -> bytes:
    return true.replace(b"\3pbx\7example", b"\3pbx\7examplf")


def other_kind(true: bytes) -> bytes:
    ident, _, _, question, _ = read_question(true)
    return message(ident, question[:-4] + b"\0\x1c\0\1", 0, [], [], 0)


def a_question(true: bytes) -> bytes:
    return true[:2] + bytes([true[2] & 0x7F]) + true[3:]


LIES = {
    "another id": other_id,
    "another name": other_question,
    "another kind": other_kind,
    "a question": a_question,
    "cut off": lambda true: true[:-3],
    "empty": lambda true: b"",
    "header only": lambda true: true[:12],
    "noise": lambda true: true[:2] + bytes(range(256)) * 2,
    "a name that points at itself": lambda true: true[:12] + b"\xc0\x0c" + true[14:],
    "more records than are read": lambda true: true[:6] + b"\x40\0" + true[8:],
    "no question, no error": lambda true: true[:4] + b"\0\0\0\0\0\0\0\0",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_forged_answer_is_passed_over_and_the_true_one_still_taken(lie: Callable[[bytes], bytes]) -> None:
    async def body(resolver: Resolver) -> None:
        assert await timed(resolver) == (GOOD, pytest.approx(0.01, abs=0.005))

    with_resolver({FIRST: zone(wrong=lambda true: [lie(true)])}, body)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_server_that_only_lies_is_a_silent_one(lie: Callable[[bytes], bytes]) -> None:
    async def body(resolver: Resolver) -> None:
        assert await timed(resolver) == (GOOD, pytest.approx(SLOW_S + 0.01, abs=0.005))

    with_resolver({FIRST: zone(instead=lie), SECOND: zone()}, body)


def test_a_record_that_belongs_to_another_name_is_not_taken() -> None:
    """A forged addition to a true answer (cache poisoning)."""
    script = Script({("x.example.com", "A"): (60, ["203.0.113.66"])})
    ident, _, _, question, _ = read_question(message(0, b"\3pbx\7example\3com\0\0\1\0\1", 0, [], [], 0))
    assert ident == 0

    def poisoned(true: bytes) -> bytes:
        other = script._true(0, "x.example.com", "A", question)
        return true[:6] + b"\0\1\0\0\0\0" + question + other[12 + len(question) :]

    async def body(resolver: Resolver) -> None:
        answer = await resolver.resolve(QUESTION)
        assert answer.records == () and not answer.failed
        assert resolver.known(Question("x.example.com", "A")) is None

    with_resolver({FIRST: Script(instead=poisoned)}, body)


# -- aliases ---------------------------------------------------------------------------------
def chain(length: int, **script: object) -> Script:
    links = {(f"c{n}.example.com", "CNAME"): (60, [f"c{n + 1}.example.com"]) for n in range(length)}
    return Script({**links, (f"c{length}.example.com", "A"): (60, ["192.0.2.7"])}, **script)  # type: ignore[arg-type]


@pytest.mark.parametrize("follow", [True, False], ids=["server follows", "server does not"])
def test_aliases_are_followed_to_a_bounded_depth(follow: bool) -> None:
    async def short(resolver: Resolver) -> None:
        assert (await resolver.resolve(Question("c0.example.com", "A"))).records == ("192.0.2.7",)

    async def long(resolver: Resolver) -> None:
        assert (await resolver.resolve(Question("c0.example.com", "A"))).records == ()

    with_resolver({FIRST: chain(5, follow=follow)}, short)
    with_resolver({FIRST: chain(200, follow=follow)}, long)


@pytest.mark.parametrize("follow", [True, False], ids=["server follows", "server does not"])
def test_a_circle_of_aliases_ends(follow: bool) -> None:
    records = {("a.example.com", "CNAME"): (60, ["b.example.com"]), ("b.example.com", "CNAME"): (60, ["a.example.com"])}
    script = Script(records, follow=follow)  # type: ignore[arg-type]

    async def body(resolver: Resolver) -> None:
        answer = await resolver.resolve(Question("a.example.com", "A"))
        assert answer == Answer((), "its DNS entries point at each other in a circle")
        assert len(script.asked) <= 8

    with_resolver({FIRST: script}, body)


# -- time to live --------------------------------------------------------------------------
@pytest.mark.parametrize(("ttl_s", "kept_s"), [(0, 5), (1, 5), (60, 60), (10**6, 86400), (2**31, 5)])
def test_answers_are_fresh_for_their_ttl_within_5_s_and_a_day(ttl_s: int, kept_s: float) -> None:
    """A TTL with its highest bit set counts as 0 (RFC 2181 section 8)."""
    script = zone(ttl_s)

    async def body(resolver: Resolver) -> None:
        await resolver.resolve(QUESTION)
        await asyncio.sleep(kept_s - 0.1)
        assert resolver.known(QUESTION) == GOOD
        await asyncio.sleep(0.2)
        assert resolver.known(QUESTION) is None
        script.records[HOST] = (60, ["192.0.2.99"])
        assert (await resolver.resolve(QUESTION)).records == ("192.0.2.99",)

    with_resolver({FIRST: script}, body)


@pytest.mark.parametrize(("minimum_s", "kept_s"), [(1, 5), (20, 20), (3600, 60), (None, 5)])
@pytest.mark.parametrize("kind", ["A", "SRV"], ids=["no such name", "no such record"])
def test_none_is_kept_for_the_soa_minimum_within_5_and_60_s(kind: str, minimum_s: int | None, kept_s: float) -> None:
    script = Script({("x.example.com", "AAAA"): (60, ["::1"])} if kind == "SRV" else {}, negative_s=minimum_s)  # type: ignore[arg-type]
    question = Question("x.example.com", kind)

    async def body(resolver: Resolver) -> None:
        assert not (await resolver.resolve(question)).failed
        await asyncio.sleep(kept_s - 0.1)
        assert resolver.known(question) is not None
        await asyncio.sleep(0.2)
        assert resolver.known(question) is None

    with_resolver({FIRST: script}, body)


def test_a_stale_answer_serves_while_the_servers_are_out_and_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    servers = {FIRST: zone(), SECOND: zone()}

    async def body(resolver: Resolver) -> None:
        await resolver.resolve(QUESTION)
        await asyncio.sleep(61)
        servers[FIRST].silent = servers[SECOND].silent = {"*"}
        assert await timed(resolver) == (GOOD, pytest.approx(STALE_PATIENCE_S, abs=0.005))
        assert resolver.known(QUESTION) == GOOD  # not even the question is asked again while it runs
        await asyncio.sleep(DEADLINE_S + cache.SILENCE_S)
        assert resolver.known(QUESTION) is None
        assert await timed(resolver) == (GOOD, 0.0)  # and nobody waits again before a server has answered
        await asyncio.sleep(cache.STALE_S)
        assert (await timed(resolver))[0].failed

    with caplog.at_level(logging.INFO):
        with_resolver(servers, body)
    lines = [record.getMessage() for record in caplog.records]
    stays = "sip: pbx.example.com: the name servers do not answer, its last known address stays in use"
    assert lines == [stays, stays]


def test_a_stale_answer_gives_way_to_a_slow_new_one_and_to_none() -> None:
    servers = {FIRST: zone(), SECOND: zone()}

    async def body(resolver: Resolver) -> None:
        await resolver.resolve(QUESTION)
        await asyncio.sleep(61)
        for script in servers.values():
            script.records[HOST] = (60, ["192.0.2.99"])
            script.delay_s = 2.0
        assert (await timed(resolver))[0] == GOOD
        await asyncio.sleep(2.0)
        known = resolver.known(QUESTION)
        assert known is not None and known.records == ("192.0.2.99",)
        await asyncio.sleep(61)
        for script in servers.values():
            script.records.clear()
            script.delay_s = 0.01
        assert await resolver.resolve(QUESTION) == Answer((), "its name server says that there is no such name")

    with_resolver(servers, body)


# -- bounds ----------------------------------------------------------------------------------
def test_many_calls_for_one_name_are_one_question_and_one_may_give_up() -> None:
    script = zone()

    async def body(resolver: Resolver) -> None:
        tasks = [asyncio.create_task(resolver.resolve(QUESTION)) for _ in range(50)]
        await asyncio.sleep(0.005)
        tasks[0].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError) and answers[1:] == [GOOD] * 49
        assert script.asked == [HOST]

    with_resolver({FIRST: script}, body)


def test_questions_in_flight_are_bounded() -> None:
    async def body(resolver: Resolver) -> None:
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        questions = [Question(f"h{n}.example.com", "A") for n in range(MAX_RUNNING + 10)]
        answers = await asyncio.gather(*map(resolver.resolve, questions))
        assert loop.time() - start_s <= DEADLINE_S + 0.01
        assert [a.cause for a in answers[MAX_RUNNING:]] == ["too many names are being looked up"] * 10

    with_resolver({FIRST: zone(silent={"*"})}, body)


def test_memory_is_bounded_and_what_was_not_used_goes_first() -> None:
    async def body(resolver: Resolver) -> None:
        await resolver.resolve(QUESTION)
        for n in range(cache.MAX_ANSWERS - 1):
            await resolver.resolve(Question(f"h{n}.example.com", "A"))
        assert resolver.known(QUESTION) == GOOD
        for n in range(5):
            await resolver.resolve(Question(f"i{n}.example.com", "A"))
        assert resolver.debug()["dns_answers"] == cache.MAX_ANSWERS
        assert resolver.known(QUESTION) == GOOD
        assert resolver.known(Question("h0.example.com", "A")) is None

    with_resolver({FIRST: zone()}, body)


@pytest.mark.parametrize(
    "name",
    ["", ".", "a..b", ".a", "-" * 3, "x" * 64 + ".example.com", "a b.example.com", ("x" * 60 + ".") * 5, "a\\.b"],
)
def test_what_is_no_name_is_never_asked(name: str) -> None:
    script = zone()

    async def body(resolver: Resolver) -> None:
        assert await resolver.resolve(Question(name, "A")) == Answer((), "that is not a name")
        assert script.asked == []

    with_resolver({FIRST: script}, body)


def test_closing_ends_every_question() -> None:
    async def main() -> None:
        resolver = Resolver(NameServers((FIRST,), hosts=None), PipeCarrier({FIRST: zone(silent={"*"})}))
        task = asyncio.create_task(resolver.resolve(QUESTION))
        await asyncio.sleep(0.1)
        resolver.close()
        assert (await task).failed
        await asyncio.sleep(0.1)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(main())
