"""No part of a call asks the system for a name, and no call waits for those who do ask (REL-05).

Python tells every look-up to an audit hook, those hidden in `sendto` and `connect` too. The peers
here put host names wherever SIP allows one; they speak raw text over real sockets.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import Resolver
from firmware.sip.dns.search import Target
from firmware.sip.settings import SipSettings
from tests.interop.name_lookups import tell
from tests.sip.dns_server import Script, serving
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.pairs import USERS, header

_heard: list[tuple[str, str]] | None = None
_hooked = False


def _hear(event: str, host: str) -> None:
    if _heard is not None:
        _heard.append((event, host))


@contextmanager
def look_ups() -> Iterator[list[tuple[str, str]]]:
    """Every (event, host name) that Python asks the system for meanwhile."""
    global _heard, _hooked
    if not _hooked:
        tell(_hear)
        _hooked = True
    _heard = heard = []
    try:
        yield heard
    finally:
        _heard = None


class NamedPhone(asyncio.DatagramProtocol):
    """A telephone that calls itself by names. It rings and answers by itself and keeps what it gets."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.got: asyncio.Queue[str] = asyncio.Queue()
        self.port = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode()
        self.got.put_nowait(text)
        if text.startswith("INVITE"):
            self.reply(text, "180 Ringing", addr)
            self.reply(text, "200 OK", addr, self.sdp())
        elif text.startswith("BYE"):
            self.reply(text, "200 OK", addr)

    def sdp(self) -> str:
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio 4000 RTP/AVP 8\r\nc=IN IP4 127.0.0.1\r\n"
        )

    def common(self, body: str) -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"Contact: <sip:phone@{self.host}>\r\nRecord-Route: <sip:proxy.{self.host};lr>\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def reply(self, request: str, status: str, addr: tuple[str, int], body: str = "") -> None:
        copied = "".join(f"{name}: {header(request, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
        text = f"SIP/2.0 {status}\r\n{copied}To: {header(request, 'To')};tag=x\r\n{self.common(body)}"
        self.transport.sendto(text.encode(), addr)

    def request(self, method: str, uri: str, agent: SipAgent, extra: str = "", body: str = "", call: str = "1") -> None:
        text = (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.host};branch=z9hG4bK{method}{call};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:caller@{self.host}>;tag=f\r\nTo: <{uri}>{extra}\r\n"
            f"Call-ID: {call}@{self.host}\r\nCSeq: {1 + (method == 'BYE')} {method}\r\n{self.common(body)}"
        )
        self.transport.sendto(text.encode(), ("127.0.0.1", agent.udp_port))

    async def expect(self, start: str) -> str:
        async with asyncio.timeout(10):
            while not (text := await self.got.get()).startswith(start):
                pass
            return text


async def named_phone(host: str) -> NamedPhone:
    _, phone = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NamedPhone(host), local_addr=("127.0.0.1", 0)
    )
    return phone


class NamedStore(BindingStore):
    """202 is registered at a name, from the port of `phone`."""

    def __init__(self, phone: NamedPhone) -> None:
        super().__init__(None)
        self._phone = phone

    def start(self) -> list[Binding]:
        contact = f"sip:202@{self._phone.host}"
        return [Binding("202", contact, "c", 1, time.time() + 3600, 1.0, "", "127.0.0.1", self._phone.port)]


class House:
    """An agent on loopback, a caller and a registered phone, all real sockets; dns: who is asked for names."""

    async def start(self, dns: tuple[str, int]) -> House:
        self.caller = await named_phone("caller.example.test")
        self.phone = await named_phone("phone.example.test")
        self.bridge = Bridge()
        self.agent = SipAgent(
            SipSettings(listen_ip="127.0.0.1", udp_port=0, tcp_port=None, trusted_networks=("127.0.0.0/8",)),
            USERS,
            FakeEngine(),
            self.bridge,
            NamedStore(self.phone),
            names=Resolver(NameServers((dns,), hosts=None)),
        )
        self.bridge.agent = self.agent
        await self.agent.start()
        return self

    async def call(self, number: str) -> None:
        """The caller calls the phone, which answers; the caller hangs up."""
        self.caller.request("INVITE", "sip:202@pbx.example.test", self.agent, body=self.caller.sdp(), call=number)
        ok = await self.caller.expect("SIP/2.0 200")
        target, tag = re.search("<(.*)>", header(ok, "Contact")), header(ok, "To").partition(";")[2]
        assert target
        self.caller.request("ACK", target[1], self.agent, f";{tag}", call=number)
        await self.phone.expect("ACK")
        self.caller.request("BYE", target[1], self.agent, f";{tag}", call=number)
        await self.phone.expect("BYE")
        await self.caller.expect("SIP/2.0 200")

    async def stop(self) -> None:
        await self.agent.stop()
        self.caller.transport.close()
        self.phone.transport.close()


def test_the_hook_hears_every_way_of_asking_for_a_name() -> None:
    with look_ups() as heard, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for ask in (
            lambda: socket.getaddrinfo("localhost", 1),
            lambda: socket.gethostbyname("localhost"),
            lambda: sock.sendto(b"", ("localhost", 1)),
            lambda: sock.connect(("localhost", 1)),
            lambda: sock.connect(("127.0.0.1", 1)),
            lambda: socket.getaddrinfo("127.0.0.1", 1),
        ):
            ask()
    asked = ["socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.connect"]
    assert heard == [(event, "localhost") for event in asked]


def test_no_call_asks_the_system_for_a_name_whatever_names_its_messages_hold() -> None:
    async def main() -> None:
        script = Script({("op.example.test", "A"): (60, ["192.0.2.1"])}, delay_s=0.0)
        async with serving(script) as dns:
            with look_ups() as heard:
                house = await House().start(dns)
                house.caller.request("OPTIONS", "sip:pbx.example.test", house.agent)
                await house.caller.expect("SIP/2.0 200")
                for n in range(3):
                    await house.call(str(n))
                told: asyncio.Future[list[Target]] = asyncio.get_running_loop().create_future()
                house.agent._context.locator.locate("sip:op.example.test", told.set_result)
                assert [target.ip for target in await told] == ["192.0.2.1"]
                await house.stop()
            assert heard == []
        assert {name for name, _ in script.asked} == {"op.example.test", "_sip._udp.op.example.test"}

    asyncio.run(main())


@pytest.mark.parametrize("silent", [{"*"}, {"A"}], ids=["dead", "dead half way"])
def test_local_calls_are_made_while_every_look_up_still_waits(silent: set[str]) -> None:
    """60 searches wait for a server that never answers; 20 calls begin and end before the first of them gives up."""

    async def main() -> None:
        async with serving(Script(silent=silent, delay_s=0.0)) as dns:
            house = await House().start(dns)
            told: list[list[Target]] = []
            lookups = [house.agent._context.locator.locate(f"sip:op{n}.example.test", told.append) for n in range(60)]
            for n in range(20):
                await house.call(str(n))
            assert told == [] and all(lookup.pending for lookup in lookups)
            assert house.agent.debug()["lookups"] == 60
            await house.stop()
            assert house.bridge.names().count("answered") == 20
            for _ in range(5):  # rounds of the loop in which the cancelled searches end
                await asyncio.sleep(0)
            assert house.agent.debug()["lookups"] == 0 and told == []

    asyncio.run(main())
