"""Requests too large for a datagram go by TCP first, and by UDP when the peer takes none (RFC 3261 18.1.1)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.agent import SipAgent
from firmware.sip.messages.compose import Outgoing
from firmware.sip.transactions.size_switch import LARGE_OCTETS
from firmware.sip.transports.hop import Hop
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Phone, header
from tests.sip.stream_phone import StreamPhone, stream_house, until


class Datagrams(asyncio.DatagramProtocol):
    """A UDP peer on a port of loopback that answers everything with 200, unless it is to be deaf."""

    def __init__(self) -> None:
        self.got: list[str] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        text = data.decode()
        self.got.append(text)
        lines = "".join(f"{name}: {header(text, name)}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
        self.transport.sendto(f"SIP/2.0 200 OK\r\n{lines}Content-Length: 0\r\n\r\n".encode(), address)


class User:
    def __init__(self) -> None:
        self.told: list[int] = []

    def responded(self, _: object, response: Any) -> None:
        self.told.append(response.status)

    def unanswered(self, _: object, status: int) -> None:
        self.told.append(status)


async def both_ends(agent: SipAgent, *, tcp: bool) -> tuple[StreamPhone, Datagrams]:
    """A peer that listens on UDP and, if `tcp`, on TCP of the same port."""
    phone = await StreamPhone(agent).listen()
    phone.react = lambda text, _: phone.answer(text, "200 OK")
    if not tcp:
        phone.stop_listening()
    _, peer = await asyncio.get_running_loop().create_datagram_endpoint(Datagrams, local_addr=phone.address)
    return phone, peer


async def ask(agent: SipAgent, address: tuple[str, int], octets: int, uri: str = "sip:x@127.0.0.1") -> list[int]:
    """Send an OPTIONS of about `octets` to `address` over UDP, and what became of it."""
    user = User()
    texts = Phone.new
    padding = f"Subject: {'x' * (octets - 300)}\r\n"
    question = Outgoing("OPTIONS", uri, from_line="<sip:pbx@x>;tag=1", to_line="<sip:x@x>",
                        call_id=texts(StreamPhone(agent)), cseq=1, headers=padding)  # fmt: skip
    agent._context.transactions.request(question, *Hop(agent._context.transports["UDP"], address), user)
    await until(lambda: user.told)
    return user.told


def registered(address: tuple[str, int]) -> Binding:
    return Binding("201", f"sip:201@{address[0]}:{address[1]}", "c", 1, time.time() + 99, 1.0, "", *address)


@pytest.mark.parametrize(
    ("size_switch", "octets", "uri", "is_registered", "by_tcp"),
    [
        ("auto", LARGE_OCTETS + 200, "sip:x@127.0.0.1", False, True),
        ("auto", LARGE_OCTETS + 200, "sip:x@127.0.0.1", True, False),
        ("auto", LARGE_OCTETS - 200, "sip:x@127.0.0.1", False, False),
        ("auto", LARGE_OCTETS + 200, "sip:x@127.0.0.1;transport=udp", False, False),
        ("always", LARGE_OCTETS + 200, "sip:x@127.0.0.1", True, True),
        ("never", LARGE_OCTETS + 200, "sip:x@127.0.0.1", False, False),
    ],
)
def test_a_large_request_goes_by_tcp(
    size_switch: str, octets: int, uri: str, is_registered: bool, by_tcp: bool
) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), size_switch=size_switch)
        phone, peer = await both_ends(agent, tcp=True)
        if is_registered:
            agent._registrar.load([registered(phone.address)])
        assert await ask(agent, phone.address, octets, uri) == [200]
        assert (len(phone.all), len(peer.got)) == ((1, 0) if by_tcp else (0, 1))
        for text in phone.all:
            assert header(text, "Via").startswith(f"SIP/2.0/TCP 127.0.0.1:{agent.port_of('TCP')};")
        await agent.stop()

    asyncio.run(main())


def test_a_peer_without_tcp_gets_it_by_udp_and_is_not_tried_again() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge())
        phone, peer = await both_ends(agent, tcp=False)
        for turn in (1, 2):
            assert await ask(agent, phone.address, LARGE_OCTETS + 200) == [200]
            assert len(peer.got) == turn
            assert header(peer.got[-1], "Via").startswith(f"SIP/2.0/UDP 127.0.0.1:{agent.udp_port};")
        assert agent._context.transactions.waiting == 0
        await agent.stop()

    asyncio.run(main())


def test_the_branch_stays_the_same_and_lost_datagrams_are_sent_again() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge())
        phone, peer = await both_ends(agent, tcp=False)
        deaf, answer = [], peer.datagram_received

        def lose_the_first(data: bytes, address: tuple[str, int]) -> None:
            deaf.append(data.decode())
            if len(deaf) > 1:
                answer(data, address)

        peer.datagram_received = lose_the_first  # type: ignore[method-assign]
        assert await ask(agent, phone.address, LARGE_OCTETS + 200) == [200]
        assert deaf[0] == deaf[1]
        await agent.stop()

    asyncio.run(main())
