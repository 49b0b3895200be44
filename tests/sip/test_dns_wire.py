"""DNS as octets, judged by dnspython, by mutation, and by the worst answers that can be made."""

from __future__ import annotations

import random
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.sip.dns.answers import Question, Srv
from firmware.sip.dns.wire import UDP_OCTETS, Query, Reply, is_name
from tests.sip.dns_server import labels

NAMES = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){0,5}", fullmatch=True)
KINDS = ["A", "AAAA", "SRV", "NAPTR"]


def values(kind: str) -> st.SearchStrategy[str]:
    """Data of a record in the notation of zone files."""
    number = st.integers(0, 65535)
    if kind == "A":
        return st.ip_addresses(v=4).map(str)
    if kind == "AAAA":
        return st.ip_addresses(v=6).map(str)
    if kind == "SRV":
        return st.builds(lambda p, w, q, t: f"{p} {w} {q} {t}.", number, number, number, NAMES | st.just(""))
    return st.builds(
        lambda o, p, s, t: f'{o} {p} "S" "{s}" "" {t}.', number, number, st.sampled_from(["SIP+D2U", "SIPS+D2T"]), NAMES
    )


def as_text(record: object) -> str:
    """Our record in that notation."""
    if isinstance(record, str):
        return record
    if isinstance(record, Srv):
        return f"{record.priority} {record.weight} {record.port} {record.target.rstrip('.')}."
    return '{} {} "{}" "{}" "{}" {}.'.format(*record)  # type: ignore[misc]


@pytest.mark.parametrize("edns", [True, False])
@given(name=NAMES, kind=st.sampled_from(KINDS))
def test_dnspython_reads_the_questions_as_they_were_meant(name: str, kind: str, edns: bool) -> None:
    read = dns.message.from_wire(Query(Question(name, kind), edns=edns).octets)
    assert read.question[0].to_text() == f"{name}. IN {kind}"
    assert read.flags == dns.flags.RD and read.edns == (0 if edns else -1)
    assert read.payload == (UDP_OCTETS if edns else 0)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_answers_written_by_dnspython_are_read_as_they_were_meant(kind: str, data: st.DataObject) -> None:
    """Compressed names, CNAMEs in front, other records around."""
    name, alias = data.draw(NAMES), data.draw(NAMES.map(lambda n: f"alias-of.{n}"))
    texts = data.draw(st.lists(values(kind), min_size=1, max_size=6, unique=True))
    ttl_s = data.draw(st.integers(0, 2**31 - 1))
    query = Query(Question(alias, kind))
    answer = dns.message.make_response(dns.message.from_wire(query.octets), recursion_available=True)
    answer.answer.append(dns.rrset.from_text(f"{alias}.", ttl_s, "IN", "CNAME", f"{name.upper()}."))
    answer.answer.append(dns.rrset.from_text(f"{name}.", ttl_s, "IN", "TXT", '"beside"'))
    answer.answer.append(dns.rrset.from_text(f"{name}.", ttl_s, "IN", kind, *texts))
    answer.authority.append(dns.rrset.from_text("example.", 5, "IN", "NS", "ns.example."))
    answer.additional.append(dns.rrset.from_text("ns.example.", 5, "IN", "A", "192.0.2.1"))
    reply = query.read(answer.to_wire())
    assert reply is not None and (reply.code, reply.truncated, reply.alias) == ("NOERROR", False, "")
    assert reply.ttl_s == ttl_s
    assert {as_text(record) for record in reply.records} == set(texts)


@pytest.mark.parametrize("code", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
def test_none_is_kept_by_the_soa(code: dns.rcode.Rcode) -> None:
    query = Query(Question("x.example.com", "A"))
    answer = dns.message.make_response(dns.message.from_wire(query.octets))
    answer.set_rcode(code)
    soa = "ns.example.com. root.example.com. 1 7200 3600 86400 42"
    answer.authority.append(dns.rrset.from_text("example.com.", 900, "IN", "SOA", soa))
    assert query.read(answer.to_wire()) == Reply(dns.rcode.to_text(code), truncated=False, ttl_s=42)


@pytest.mark.parametrize("code", ["FORMERR", "SERVFAIL", "NOTIMP", "REFUSED"])
def test_an_error_may_come_without_the_question(code: str) -> None:
    query = Query(Question("x.example.com", "A"))
    octets = query.octets[:2] + struct.pack("!5H", 0x8000 | int(dns.rcode.from_text(code)), 0, 0, 0, 0)
    assert query.read(octets) == Reply(code, truncated=False)


@settings(max_examples=500)
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(KINDS))
def test_a_damaged_answer_is_read_or_passed_over_and_never_more(seed: int, kind: str) -> None:
    chance = random.Random(seed)
    query = Query(Question("x.example.com", kind))
    answer = dns.message.make_response(dns.message.from_wire(query.octets))
    data = {
        "A": "192.0.2.1",
        "AAAA": "::1",
        "SRV": "1 2 3 y.x.example.com.",
        "NAPTR": '1 1 "S" "SIP+D2U" "" y.example.com.',
    }
    answer.answer.append(dns.rrset.from_text("x.example.com.", 60, "IN", "CNAME", "y.example.com."))
    answer.answer.append(dns.rrset.from_text("y.example.com.", 60, "IN", kind, data[kind]))
    octets = bytearray(answer.to_wire())
    for _ in range(chance.randint(1, 6)):
        what = chance.randrange(3)
        place = chance.randrange(2, len(octets))
        if what == 0:
            octets[place] = chance.choice([0, 1, 63, 64, 0xC0, 0xFF, chance.randrange(256)])
        elif what == 1:
            del octets[place : place + chance.randint(1, 5)]
        else:
            octets[place:place] = chance.randbytes(chance.randint(1, 5))
        if len(octets) < 4:
            break
    assert isinstance(query.read(bytes(octets)), Reply | None)


@given(st.binary(max_size=400))
def test_noise_behind_the_right_id_is_never_more_than_passed_over(noise: bytes) -> None:
    query = Query(Question("x.example.com", "SRV"))
    assert isinstance(query.read(query.octets[:2] + noise), Reply | None)


@pytest.mark.parametrize(("kind", "number", "front"), [("A", 1, b""), ("SRV", 33, b"\0" * 6), ("CNAME", 5, b"")])
def test_the_worst_answers_do_not_hold_the_loop(kind: str, number: int, front: bytes) -> None:
    """255 records whose owners and targets all point at a name of 125 labels: 500 ms in a general DNS library.

    In processor time, so that other processes do not count.
    """
    query = Query(Question("x.example.com", kind if kind != "CNAME" else "A"))
    question = query.octets[12 : query.octets.index(b"\0\0\x01" if kind != "SRV" else b"\0\0\x21", 12) + 5]
    long_name, place = b"\1a" * 125 + b"\0", 12 + len(question)
    owner = struct.pack("!H", 0xC000 | place)
    first = long_name + struct.pack("!HHIH", 16, 1, 60, 0)
    data = b"\x0a\0\0\1" if kind == "A" else front + owner
    rest = [owner + struct.pack("!HHIH", number, 1, 60, len(data)) + data for _ in range(255)]
    octets = query.octets[:2] + struct.pack("!5H", 0x8180, 1, 256, 0, 0) + question + first + b"".join(rest)
    took_s: list[float] = []
    for _ in range(3):
        start_s = time.process_time()
        assert query.read(octets) is not None
        took_s.append(time.process_time() - start_s)
    assert min(took_s) < 0.05


def test_a_longer_name_or_a_pointer_forward_or_to_itself_is_passed_over() -> None:
    query = Query(Question("x.example.com", "SRV"))
    head = query.octets[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + labels("x.example.com") + b"\0\x21\0\1"
    place = len(head) + 12 + 6
    good = b"\0\1\0\1\0\5"

    def read(target: bytes) -> Reply | None:
        return query.read(head + b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, 6 + len(target)) + good + target)

    assert read(labels("y.example.com")) is not None
    assert read(b"\1a" * 127 + b"\0") is not None
    assert read(b"\1a" * 128 + b"\0") is None
    for target in (
        struct.pack("!H", 0xC000 | place),
        struct.pack("!H", 0xC000 | place + 2),
        b"\1a\xc0" + bytes([place]),
    ):
        assert read(target) is None
    assert read(b"\x40" + b"a" * 64 + b"\0") is None  # a label of 64
    assert read(labels("y") + b"\0") is None  # more data than the record needs


def test_a_dot_inside_a_label_does_not_make_two() -> None:
    query = Query(Question("x.example.com", "SRV"))
    head = query.octets[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + labels("x.example.com") + b"\0\x21\0\1"
    target = b"\3a.b\7example\0"
    reply = query.read(head + b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, 6 + len(target)) + b"\0\1\0\1\0\5" + target)
    assert reply is not None and isinstance(reply.records[0], Srv)
    assert not is_name(reply.records[0].target)
