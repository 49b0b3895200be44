"""The rules of RFC 3263 as tables: a zone on one side, the targets in order on the other.

The zone here is a dictionary, so that each row shows all DNS there is; the true resolver and
real name servers are in `test_dns_resolver.py` and `test_dns_servers.py`.
"""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from firmware.sip.dns.answers import Answer, Naptr, Question, Srv
from firmware.sip.dns.locate import DEADLINE_S, GRACE_S, STEP_S, Locator
from firmware.sip.dns.search import Means, Target, in_srv_order
from firmware.sip.messages.status import Refusal
from tests.fake_time import run

NOTHING = Answer((), "its name server knows no such entry")
SILENCE = Answer((), "the name servers do not answer", failed=True)
ALL = Means(("UDP", "TCP", "TLS"), (6, 4))
UDP4 = Means(("UDP",), (4,))


class Zone:
    """What DNS holds: (name, kind) -> records. slow_s: how long an answer takes. at_once: all of it is in memory."""

    def __init__(self, records: dict[tuple[str, str], list[object]], *, at_once: bool = False) -> None:
        self.records = records
        self.at_once = at_once
        self.slow_s: dict[tuple[str, str], float] = {}
        self.asked: list[tuple[str, str]] = []

    def known(self, question: Question) -> Answer | None:
        return self._look(question) if self.at_once else None

    async def resolve(self, question: Question) -> Answer:
        self.asked.append(tuple(question))
        await asyncio.sleep(self.slow_s.get(tuple(question), 0.01))
        return self._look(question)

    def close(self) -> None:
        """Nothing is in flight."""

    def _look(self, question: Question) -> Answer:
        found = self.records.get(tuple(question))
        return Answer(tuple(found)) if found else NOTHING  # type: ignore[arg-type]


def naptr(order: int, preference: int, service: str, replacement: str, flags: str = "S", regexp: str = "") -> Naptr:
    return Naptr(order, preference, flags, service, regexp, replacement)


def find(uri: str, zone: Zone, means: Means = ALL, seed: int = 1) -> list[str]:
    """Targets as "UDP 192.0.2.1:5060" under fake time."""

    async def main() -> list[Target]:
        told: asyncio.Future[list[Target]] = asyncio.get_running_loop().create_future()
        Locator(zone, means, random.Random(seed)).locate(uri, told.set_result)
        return await told

    return [f"{t.transport} {t.ip}:{t.port}" for t in run(main())]


EXAMPLE = {
    ("example.com", "NAPTR"): [
        naptr(50, 50, "SIPS+D2T", "_sips._tcp.example.com"),
        naptr(90, 50, "SIP+D2T", "_sip._tcp.example.com"),
        naptr(100, 50, "SIP+D2U", "_sip._udp.example.com"),
    ],
    ("_sips._tcp.example.com", "SRV"): [Srv(0, 1, 5061, "s1.example.com")],
    ("_sip._tcp.example.com", "SRV"): [Srv(0, 1, 5060, "s1.example.com")],
    ("_sip._udp.example.com", "SRV"): [Srv(2, 0, 5070, "s2.example.com"), Srv(1, 0, 5060, "s1.example.com")],
    ("s1.example.com", "A"): ["192.0.2.1", "192.0.2.11"],
    ("s1.example.com", "AAAA"): ["2001:db8::1"],
    ("s2.example.com", "A"): ["192.0.2.2"],
    ("example.com", "A"): ["192.0.2.99"],
}
ONLY_SRV = {question: records for question, records in EXAMPLE.items() if question[1] != "NAPTR"}
ONLY_ADDRESS = {("example.com", "A"): ["192.0.2.99"], ("example.com", "AAAA"): ["2001:db8::99"]}
REFUSED = {**ONLY_ADDRESS, ("_sip._udp.example.com", "SRV"): [Srv(0, 0, 0, ".")]}

TABLE = [
    # RFC 3263 4.1: NAPTR in its order, what we lack left out; 4.2: SRV by priority; families take turns
    ("sip:101@example.com", EXAMPLE, UDP4, "UDP 192.0.2.1:5060, UDP 192.0.2.11:5060, UDP 192.0.2.2:5070"),
    (
        "sip:example.com",
        EXAMPLE,
        ALL,
        "TLS 2001:db8::1:5061, TLS 192.0.2.1:5061, TLS 192.0.2.11:5061, "
        "TCP 2001:db8::1:5060, TCP 192.0.2.1:5060, TCP 192.0.2.11:5060, "
        "UDP 2001:db8::1:5060, UDP 192.0.2.1:5060, UDP 192.0.2.11:5060, UDP 192.0.2.2:5070",
    ),
    ("sips:example.com", EXAMPLE, ALL, "TLS 2001:db8::1:5061, TLS 192.0.2.1:5061, TLS 192.0.2.11:5061"),
    ("sips:example.com;transport=tcp", EXAMPLE, Means(("TLS",), (4,)), "TLS 192.0.2.1:5061, TLS 192.0.2.11:5061"),
    ("sips:example.com;transport=udp", EXAMPLE, ALL, ""),
    ("sips:example.com", EXAMPLE, UDP4, ""),
    # a transport named: SRV at once, no NAPTR
    ("sip:example.com;transport=TCP", EXAMPLE, Means(("UDP", "TCP"), (4,)), "TCP 192.0.2.1:5060, TCP 192.0.2.11:5060"),
    ("sip:example.com;transport=tls", EXAMPLE, Means(("UDP", "TLS"), (4,)), "TLS 192.0.2.1:5061, TLS 192.0.2.11:5061"),
    ("sip:example.com;transport=tcp", EXAMPLE, UDP4, ""),
    ("sip:example.com;transport=sctp", EXAMPLE, ALL, ""),
    # a port named: addresses only
    ("sip:example.com:5080", EXAMPLE, ALL, "UDP 192.0.2.99:5080"),
    ("sip:example.com:5080;transport=tcp", EXAMPLE, ALL, "TCP 192.0.2.99:5080"),
    ("sips:example.com:5080", EXAMPLE, ALL, "TLS 192.0.2.99:5080"),
    ("sip:example.com.:5080", EXAMPLE, ALL, "UDP 192.0.2.99:5080"),
    # no NAPTR: SRV of every transport; no SRV: addresses and the default port
    (
        "sip:example.com",
        ONLY_SRV,
        Means(("UDP", "TCP"), (4,)),
        "UDP 192.0.2.1:5060, UDP 192.0.2.11:5060, UDP 192.0.2.2:5070, TCP 192.0.2.1:5060, TCP 192.0.2.11:5060",
    ),
    ("sip:example.com", ONLY_ADDRESS, ALL, "UDP 2001:db8::99:5060, UDP 192.0.2.99:5060"),
    ("sip:example.com", ONLY_ADDRESS, Means(("UDP",), (4, 6)), "UDP 192.0.2.99:5060, UDP 2001:db8::99:5060"),
    ("sips:example.com", ONLY_ADDRESS, ALL, "TLS 2001:db8::99:5061, TLS 192.0.2.99:5061"),
    ("sip:example.com;transport=tls", ONLY_ADDRESS, ALL, "TLS 2001:db8::99:5061, TLS 192.0.2.99:5061"),
    # RFC 2782: "." says no, and no address is tried; another transport's record still counts
    ("sip:example.com", REFUSED, UDP4, ""),
    (
        "sip:example.com",
        {**ONLY_SRV, **REFUSED},
        Means(("UDP", "TCP"), (4,)),
        "TCP 192.0.2.1:5060, TCP 192.0.2.11:5060",
    ),
    # maddr takes the place of the host (RFC 3263 4)
    ("sip:example.com;maddr=192.0.2.50", EXAMPLE, ALL, "UDP 192.0.2.50:5060"),
    ("sip:elsewhere.com:5070;maddr=example.com", EXAMPLE, ALL, "UDP 192.0.2.99:5070"),
    # NAPTR of other kinds is passed over: regular expressions, other services, other flags
    (
        "sip:example.com",
        {
            **ONLY_ADDRESS,
            ("example.com", "NAPTR"): [
                naptr(1, 1, "E2U+SIP", "_sip._udp.example.com"),
                naptr(1, 1, "SIP+D2S", "_sip._sctp.example.com"),
                naptr(1, 1, "SIP+D2U", "_sip._udp.example.com", flags="A"),
                naptr(1, 1, "SIP+D2U", "_sip._udp.example.com", regexp="!^.*$!sip:x@example.com!"),
            ],
        },
        UDP4,
        "UDP 192.0.2.99:5060",
    ),
    # NAPTR that leads to another domain; preference orders within one order
    (
        "sip:example.com",
        {
            ("example.com", "NAPTR"): [
                naptr(1, 20, "SIP+D2T", "_sip._tcp.carrier.net"),
                naptr(1, 10, "SIP+D2U", "_sip._udp.carrier.net"),
            ],
            ("_sip._udp.carrier.net", "SRV"): [Srv(0, 0, 5062, "u.carrier.net")],
            ("_sip._tcp.carrier.net", "SRV"): [Srv(0, 0, 5063, "t.carrier.net")],
            ("u.carrier.net", "A"): ["198.51.100.1"],
            ("t.carrier.net", "A"): ["198.51.100.2"],
        },
        ALL,
        "UDP 198.51.100.1:5062, TCP 198.51.100.2:5063",
    ),
    # NAPTR whose SRV is missing: the host's addresses over that transport
    (
        "sip:example.com",
        {**ONLY_ADDRESS, ("example.com", "NAPTR"): [naptr(1, 1, "SIP+D2T", "_sip._tcp.gone.net")]},
        Means(("UDP", "TCP"), (4,)),
        "TCP 192.0.2.99:5060",
    ),
    # SRV: a target without address is passed over, port 0 is not sendable, an address as target is one
    (
        "sip:example.com",
        {
            ("_sip._udp.example.com", "SRV"): [
                Srv(1, 0, 5060, "gone.example.com"),
                Srv(2, 0, 0, "s2.example.com"),
                Srv(3, 0, 5060, "192.0.2.77"),
                Srv(4, 0, 5060, "s2.example.com"),
            ],
            ("s2.example.com", "A"): ["192.0.2.2", "192.0.2.2"],
        },
        UDP4,
        "UDP 192.0.2.77:5060, UDP 192.0.2.2:5060",
    ),
    # addresses nobody can be sent to (a lying or filtering server)
    ("sip:example.com:5060", {("example.com", "A"): ["0.0.0.0", "224.0.0.1", "255.255.255.255"]}, UDP4, ""),
    ("sip:example.com:5060", {("example.com", "A"): ["0.0.0.0", "192.0.2.9"]}, UDP4, "UDP 192.0.2.9:5060"),
    ("sip:nowhere.example", {}, ALL, ""),
    ("sip:127.0.0.1", {}, Means(("UDP",), (6,)), ""),
    ("sip:224.0.0.1", {}, UDP4, ""),
]


@pytest.mark.parametrize(("uri", "records", "means", "wanted"), TABLE, ids=[f"{i}-{r[0]}" for i, r in enumerate(TABLE)])
@pytest.mark.parametrize("at_once", [False, True], ids=["asked", "in memory"])
def test_the_table_of_rfc_3263(
    uri: str, records: dict[tuple[str, str], list[object]], means: Means, wanted: str, at_once: bool
) -> None:
    zone = Zone(records, at_once=at_once)
    assert ", ".join(find(uri, zone, means)) == wanted
    assert not (at_once and zone.asked)


@pytest.mark.parametrize(
    ("uri", "wanted"),
    [
        ("sip:101@192.0.2.1", "UDP 192.0.2.1:5060"),
        ("sip:192.0.2.1:5070;transport=tcp", "TCP 192.0.2.1:5070"),
        ("sip:192.0.2.1;transport=tls", "TLS 192.0.2.1:5061"),
        ("sips:192.0.2.1", "TLS 192.0.2.1:5061"),
        ("sip:[2001:db8::1]", "UDP 2001:db8::1:5060"),
        ("sips:101@[2001:DB8::1]:5062", "TLS 2001:db8::1:5062"),
    ],
)
def test_a_numeric_host_is_told_before_locate_returns_and_nothing_is_asked(uri: str, wanted: str) -> None:
    async def main() -> None:
        zone = Zone({})
        told: list[Target] = []
        lookup = Locator(zone, ALL).locate(uri, told.extend)
        assert [f"{t.transport} {t.ip}:{t.port}" for t in told] == [wanted]
        assert not lookup.pending and not zone.asked
        lookup.cancel()

    run(main())


def test_the_name_for_the_certificate_is_the_hosts_not_one_out_of_dns() -> None:
    async def main() -> None:
        told: asyncio.Future[list[Target]] = asyncio.get_running_loop().create_future()
        Locator(Zone(EXAMPLE), ALL).locate("sips:101@Example.com", told.set_result)
        assert {target.name for target in await told} == {"example.com"}

    run(main())


def test_a_failure_is_an_empty_list_and_one_line_with_host_and_cause(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert find("sip:101@nowhere.example", Zone({}), UDP4) == []
    assert [record.getMessage() for record in caplog.records] == [
        "sip: cannot find nowhere.example: its name server knows no such entry"
    ]
    caplog.clear()
    find("sip:example.com", Zone(REFUSED), UDP4)
    find("sip:example.com;transport=tcp", Zone({}), UDP4)
    assert [record.getMessage() for record in caplog.records] == [
        "sip: cannot find example.com: its DNS entry says that it has no SIP service",
        "sip: cannot find example.com: sip over tcp is not available here",
    ]


@pytest.mark.parametrize(("uri", "status"), [("tel:+34900", 416), ("http://x", 416), ("sip:", 400), ("x", 400)])
def test_what_is_no_sip_uri_is_refused(uri: str, status: int) -> None:
    async def main() -> None:
        with pytest.raises(Refusal) as refused:
            Locator(Zone({}), ALL).locate(uri, lambda targets: None)
        assert refused.value.status == status

    run(main())


def test_a_cancelled_search_tells_nothing_and_leaves_no_task() -> None:
    async def main() -> None:
        told: list[list[Target]] = []
        locator = Locator(Zone(EXAMPLE), ALL)
        lookup = locator.locate("sip:example.com", told.append)
        await asyncio.sleep(0.015)  # in the middle of the second step
        assert lookup.pending
        lookup.cancel()
        await asyncio.sleep(0.001)
        assert not lookup.pending and asyncio.all_tasks() == {asyncio.current_task()}
        locator.locate("sip:example.com", told.append)
        locator.close()
        await asyncio.sleep(10.0)
        assert told == [] and asyncio.all_tasks() == {asyncio.current_task()}

    run(main())


def test_what_failed_comes_last_the_next_time_and_a_pause_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        locator = Locator(Zone(EXAMPLE, at_once=True), UDP4)
        told: list[list[Target]] = []
        locator.locate("sip:example.com", told.append)
        first, *others = told[0]
        locator.targets.mark_bad(first)
        locator.locate("sip:example.com", told.append)
        assert told[1] == [*others, first]
        for target in told[0]:
            locator.targets.mark_bad(target, retry_after_s=20)
        locator.locate("sip:example.com", told.append)
        await asyncio.sleep(20)
        locator.locate("sip:example.com", told.append)
        assert told[2:] == [[], told[0]]

    run(main())
    pause = "sip: cannot find example.com: its servers have asked for a pause (Retry-After)"
    assert [record.getMessage() for record in caplog.records] == [pause]


def took(uri: str, zone: Zone, means: Means) -> tuple[float, int]:
    """(seconds of fake time until told, how many targets)."""

    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[list[Target]] = loop.create_future()
        start_s = loop.time()
        Locator(zone, means).locate(uri, told.set_result)
        count = len(await told)
        return loop.time() - start_s, count

    return run(main())


def test_a_router_that_drops_naptr_and_srv_questions_costs_two_steps_only() -> None:
    zone = Zone(ONLY_ADDRESS)
    zone.slow_s = {("example.com", "NAPTR"): 99.0, ("_sip._udp.example.com", "SRV"): 99.0}
    seconds, count = took("sip:example.com", zone, UDP4)
    assert count == 1
    assert seconds == pytest.approx(2 * STEP_S + 0.01, abs=0.01)


def test_a_server_that_drops_aaaa_delays_an_address_by_the_grace_only() -> None:
    zone = Zone(ONLY_ADDRESS)
    zone.slow_s = {("example.com", "AAAA"): 99.0}
    seconds, count = took("sip:example.com:5060", zone, ALL)
    assert (count, seconds) == (1, pytest.approx(GRACE_S + 0.01, abs=0.01))


def test_silence_ends_at_the_deadline() -> None:
    zone = Zone({})
    names = [("example.com", "NAPTR"), ("_sip._udp.example.com", "SRV"), ("example.com", "A")]
    zone.slow_s = dict.fromkeys(names, 99.0)
    assert took("sip:example.com", zone, UDP4) == (pytest.approx(DEADLINE_S, abs=0.01), 0)
    assert zone.asked == names


def test_srv_weights_share_as_rfc_2782_says() -> None:
    """10,000 draws of weights 0, 1, 3, 6: their shares of first places, within four standard deviations."""
    chance = random.Random(3263)
    records = [Srv(1, weight, 5060, f"w{weight}") for weight in (6, 0, 3, 1)]
    later = Srv(2, 65535, 5060, "later")
    first = {record.target: 0 for record in records}
    for _ in range(10_000):
        ordered = in_srv_order([later, *records], chance)
        assert len(ordered) == 5 and ordered[-1] is later
        first[ordered[0].target] += 1
    shares = {"w0": 1 / 11, "w1": 1 / 11, "w3": 3 / 11, "w6": 6 / 11}  # a draw of 0 to 10: 0 goes to weight 0
    for target, share in shares.items():
        assert abs(first[target] / 10_000 - share) < 4 * (share * (1 - share) / 10_000) ** 0.5


def test_a_zone_without_bounds_gives_a_bounded_list() -> None:
    many = {
        ("_sip._udp.example.com", "SRV"): [Srv(n, 0, 5060, f"s{n}.example.com") for n in range(60)],
        **{(f"s{n}.example.com", "A"): [f"192.0.2.{m}" for m in range(1, 40)] for n in range(60)},
    }
    zone = Zone(many)  # type: ignore[arg-type]
    assert len(find("sip:example.com", zone, UDP4)) == 24
    assert len(zone.asked) <= 10
