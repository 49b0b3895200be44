"""STUN: messages against the vectors of RFC 5769, the client's schedule, answers to phones. Stepped time."""

from __future__ import annotations

import asyncio
import logging
import random
from itertools import pairwise

import pytest

from firmware.sip.nat.stun import (
    StunError,
    StunMessage,
    binding_answer,
    binding_request,
    mapped_address,
    parse_stun,
)
from firmware.sip.nat.stun_client import StunClient
from firmware.sip.transports.transport import Address
from tests import fake_time

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
IPV4_ANSWER = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
IPV6_ANSWER = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa"
    "a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)
SERVER: Address = ("198.51.100.3", 3478)


def test_the_vectors_of_rfc_5769_are_read() -> None:
    assert mapped_address(parse_stun(IPV4_ANSWER), ID) == ("192.0.2.1", 32853)
    assert mapped_address(parse_stun(IPV6_ANSWER), ID) == ("2001:db8:1234:5678:11:2233:4455:6677", 32853)


@pytest.mark.parametrize("place", [1, 3, 5, 12, 30, 47, 60, len(IPV4_ANSWER) - 1])
def test_one_wrong_octet_is_noticed(place: int) -> None:
    spoiled = bytearray(IPV4_ANSWER)
    spoiled[place] ^= 1
    with pytest.raises(StunError):
        mapped_address(parse_stun(bytes(spoiled)), ID)


def test_any_octets_are_a_message_or_an_error() -> None:
    dice = random.Random(8489)
    for _ in range(20_000):
        data = bytearray(dice.choice([IPV4_ANSWER, IPV6_ANSWER, binding_request(ID)]))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            found = parse_stun(bytes(data[: dice.randrange(len(data) + 1)]))
            binding_answer(found, ("192.0.2.9", 5060))
            mapped_address(found, found.transaction[4:])
        except StunError:
            continue


@pytest.mark.parametrize("source", [("203.0.113.7", 61000), ("2001:db8::7", 5060)])
def test_a_phone_is_told_where_its_packets_come_from(source: Address) -> None:
    request = parse_stun(binding_request(ID))
    assert request.is_request
    answer = binding_answer(request, source)
    assert answer[-8:-4] == b"\x80\x28\0\x04"
    assert mapped_address(parse_stun(answer), ID) == source


def test_a_phone_of_rfc_3489_gets_the_plain_address() -> None:
    old = b"\0\x01\0\x08" + bytes(range(16)) + b"\0\x03\0\x04\0\0\0\0"
    answer = binding_answer(parse_stun(old), ("203.0.113.7", 0x1234))
    assert answer == b"\x01\x01\0\x0c" + bytes(range(16)) + b"\0\x01\0\x08\0\x01\x12\x34\xcb\0\x71\x07"


def test_an_attribute_that_must_be_understood_is_refused_by_number() -> None:
    request = b"\0\x01\0\x08\x21\x12\xa4\x42" + ID + b"\0\x24\0\x04\x6e\0\x01\xff"
    answer = parse_stun(binding_answer(parse_stun(request), ("203.0.113.7", 5060)))
    assert answer.kind == 0x0111 and dict(answer.attributes)[0x000A] == b"\0\x24"
    with pytest.raises(StunError, match="420"):
        mapped_address(answer, ID)


class Rig:
    """A client whose requests are kept with their times, and what it learnt."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes, Address]] = []
        self.learnt: list[Address] = []
        self.asked = asyncio.Event()
        self.client = StunClient("stun.example:3478", self._send, self.learnt.append)
        self.began_s = asyncio.get_running_loop().time()

    def _send(self, octets: bytes, address: Address) -> None:
        self.sent.append((asyncio.get_running_loop().time() - self.began_s, octets, address))
        self.asked.set()

    def answer(self, mapped: Address, *, number: int = -1, source: Address = SERVER) -> None:
        request = parse_stun(self.sent[number][1])
        self.client.answer_arrived(parse_stun(binding_answer(request, mapped)), source)

    @property
    def times(self) -> list[float]:
        return [round(at, 3) for at, _, _ in self.sent]


def test_requests_are_resent_by_the_standards_schedule_and_then_anew(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        rig = Rig()
        rig.client.start(SERVER)
        await asyncio.sleep(100)
        assert rig.times[:8] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 39.5]
        assert len({octets for _, octets, _ in rig.sent[:7]}) == 1 and rig.sent[7][1] != rig.sent[6][1]
        rig.answer(("203.0.113.5", 5060))
        assert rig.learnt == [("203.0.113.5", 5060)]
        rig.client.stop()
        count = len(rig.sent)
        await asyncio.sleep(100)
        assert len(rig.sent) == count

    with caplog.at_level(logging.INFO):
        fake_time.run(main())
    told = [r.getMessage() for r in caplog.records]
    assert [t for t in told if "does not answer" in t] == [told[0]] and told[1].endswith("answers again")


def test_an_answer_is_followed_by_the_next_question_after_25_to_30_s() -> None:
    async def main() -> None:
        rig = Rig()
        rig.client.start(SERVER)
        for round_ in range(20):
            await rig.asked.wait()
            rig.asked.clear()
            rig.answer(("203.0.113.5", 5060 + round_))
        waits = [b - a for a, b in pairwise(rig.times)]
        assert all(25 <= wait < 30.2 for wait in waits) and len(set(waits)) > 10
        assert rig.learnt[-1] == ("203.0.113.5", 5079)
        rig.client.stop()

    fake_time.run(main())


def test_forged_and_late_answers_teach_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        rig.client.start(SERVER)
        wrong_id = StunMessage(0x0101, b"\x21\x12\xa4\x42" + bytes(12), parse_stun(IPV4_ANSWER).attributes)
        rig.client.answer_arrived(wrong_id, SERVER)
        rig.answer(("6.6.6.6", 6), source=("198.51.100.4", 3478))
        assert rig.learnt == []
        rig.answer(("203.0.113.5", 5060))
        rig.answer(("6.6.6.6", 6))
        assert rig.learnt == [("203.0.113.5", 5060)]
        rig.client.stop()

    fake_time.run(main())
