"""Two or more SIP ends joined by a pipe with patterns of loss, order and delay.

`Network` carries datagrams between addresses on the loop's (fake) time. An end is a SipAgent
(`agent_on`) or a `Phone`, a scripted peer that sends raw text and shares no code with the stack.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings, SipUser
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.transport import Transport, host_text
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine

Address = tuple[str, int]


class Network:
    """fate(data, source, target) -> list of delays in s at which copies arrive; [] loses the datagram."""

    def __init__(self) -> None:
        self.fate: Callable[[bytes, Address, Address], list[float]] = lambda data, source, target: [0.001]
        self.ends: dict[Address, Callable[[bytes, Address], None]] = {}
        self.log: list[tuple[float, Address, Address, bytes]] = []

    def send(self, data: bytes, source: Address, target: Address) -> None:
        loop = asyncio.get_running_loop()
        self.log.append((loop.time(), source, target, data))
        for delay_s in self.fate(data, source, target):
            loop.call_later(delay_s, self._deliver, data, source, target)

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        if target in self.ends:
            self.ends[target](data, source)

    def sent(self, source: Address, start: str) -> list[tuple[float, str]]:
        """What `source` sent that begins with `start`: (time, text)."""
        found = [(at, data.decode("latin-1")) for at, s, _, data in self.log if s == source]
        return [(at, text) for at, text in found if text.startswith(start)]


class PipeTransport(Transport):
    name = "UDP"

    def __init__(self, network: Network, receiver: Any, address: Address, reliable: bool = False) -> None:
        super().__init__(OwnAddresses(address[:1]))
        self._network = network
        self.address = address
        self.port = address[1]
        self.reliable = reliable
        self.refuse = False
        network.ends[address] = lambda data, source: receiver(self, data, source)

    def send(self, data: bytes, address: Address) -> bool:
        if self.refuse:
            return False
        self._network.send(data, self.address, address)
        return True

    def contact_place(self, remote_ip: str) -> str:
        ip = self.local_ip(remote_ip)
        return f"{host_text(ip)}:{self.told_port(ip)}"

    def told_port(self, told_ip: str) -> int:
        return self.own.outer_port(told_ip, self.port)

    def close(self) -> None:
        self._network.ends.pop(self.address, None)


PBX: Address = ("10.0.0.1", 5060)
USERS = {
    # passwords "one" and "two"
    "201": SipUser("201", "Ana", "", ""),
    "202": SipUser("202", "Luis", "", ""),
}


async def agent_on(network: Network, bridge: Bridge, **settings: Any) -> SipAgent:
    """A started agent at PBX or `at`; every network is trusted and users have no password unless told."""
    at = settings.pop("at", PBX)
    users = settings.pop("users", USERS)
    engine = settings.pop("engine", None) or FakeEngine()
    store = settings.pop("store", None) or BindingStore(None)
    reliable = settings.pop("reliable", False)
    names = settings.pop("dns", None)
    settings.setdefault("trusted_networks", ("10.0.0.0/8",))
    agent = SipAgent(
        SipSettings(listen_ip=at[0], **settings),
        users,
        engine,
        bridge,
        store,
        open_transport=lambda receiver: PipeTransport(network, receiver, at, reliable),
        names=names,
    )
    bridge.agent = agent
    await agent.start()
    return agent


class Phone:
    """A scripted peer: sends text, keeps what it gets. ip is also its user's host. kind: as in Via.

    outer: where its packets come from and go to when a NAT router stands before it.
    """

    kind = "UDP"

    def __init__(self, network: Network, ip: str, user: str = "caller", outer: Address | None = None) -> None:
        self.network = network
        self.address: Address = (ip, 5060)
        self.outer = outer or self.address
        self.user = user
        self.got: deque[str] = deque()
        self.all: list[str] = []
        self._waiter: asyncio.Future[None] | None = None
        self._serial = random.Random(ip)
        self.react: Callable[[str, Address], None] | None = None
        network.ends[self.outer] = self._receive

    @property
    def place(self) -> str:
        """Host and port as in a URI."""
        ip, port = self.address
        return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

    @property
    def contact(self) -> str:
        params = "" if self.kind == "UDP" else f";transport={self.kind.lower()}"
        return f"<sip:{self.user}@{self.place}{params}>"

    def _receive(self, data: bytes, source: Address) -> None:
        text = data.decode("latin-1")
        self.all.append(text)
        if self.react is not None:
            self.react(text, source)
            return
        self.got.append(text)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def send(self, text: str, target: Address = PBX) -> None:
        self.network.send(text.encode("latin-1"), self.outer, target)

    async def expect(self, start: str, timeout_s: float = 40.0, *, skip: bool = True) -> str:
        """The next message that begins with `start`; others are dropped if skip."""
        async with asyncio.timeout(timeout_s):
            while True:
                while self.got:
                    text = self.got.popleft()
                    if text.startswith(start):
                        return text
                    assert skip, f"wanted {start!r}, got {text!r}"
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter

    def new(self) -> str:
        return f"{self._serial.getrandbits(48):012x}"

    def request(self, method: str, uri: str, **parts: Any) -> str:
        """A request's text. parts: call_id, cseq, to, from_, branch, headers, body, hops."""
        body = parts.get("body", "")
        cseq = parts.get("cseq", 1)
        return (
            f"{method} {uri} SIP/2.0\r\n"
            f"Via: SIP/2.0/{self.kind} {self.place};branch=z9hG4bK{parts.get('branch') or self.new()};rport\r\n"
            f"Max-Forwards: {parts.get('hops', 70)}\r\n"
            f"From: {parts.get('from_') or f'<sip:{self.user}@pbx>;tag=f{self.user}'}\r\n"
            f"To: {parts.get('to') or f'<{uri}>'}\r\n"
            f"Call-ID: {parts.get('call_id') or self.new()}\r\n"
            f"CSeq: {cseq} {parts.get('cseq_method', method)}\r\n"
            f"Contact: {self.contact}\r\n"
            f"{parts.get('headers', '')}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def invite(self, number: str, **parts: Any) -> str:
        parts.setdefault("body", sdp_of(self.address[0]))
        parts["headers"] = parts.get("headers", "") + ("Content-Type: application/sdp\r\n" if parts["body"] else "")
        return self.request("INVITE", f"sip:{number}@10.0.0.1", **parts)

    def answer(self, request: str, status: str, *, tag: str = "", body: str = "", headers: str = "") -> None:
        """Respond to a received request."""
        to = header(request, "To")
        if tag and "tag=" not in to:
            to += f";tag={tag}"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            f"SIP/2.0 {status}\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
            f"Contact: {self.contact}\r\n{headers}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def ack(self, invite: str, ok: str, *, body: str = "") -> None:
        """ACK a 2xx."""
        kind = "Content-Type: application/sdp\r\n" if body else ""
        number = header(invite, "CSeq").split()[0]
        target = re.search(r"<(.*?)>", header(ok, "Contact"))
        assert target
        self.send(
            self.request(
                "ACK",
                target.group(1),
                to=header(ok, "To"),
                from_=header(invite, "From"),
                call_id=header(invite, "Call-ID"),
                cseq=number,
                headers=kind,
                body=body,
            )
        )

    def ack_failure(self, invite: str, failure: str) -> None:
        """ACK a 3xx to 6xx, in the INVITE's transaction."""
        self.send(
            f"ACK {invite.split()[1]} SIP/2.0\r\nVia: {header(invite, 'Via')}\r\nFrom: {header(invite, 'From')}\r\n"
            f"To: {header(failure, 'To')}\r\nCall-ID: {header(invite, 'Call-ID')}\r\n"
            f"CSeq: {header(invite, 'CSeq').split()[0]} ACK\r\nContent-Length: 0\r\n\r\n"
        )

    def cancel(self, invite: str) -> str:
        text = (
            f"CANCEL {invite.split()[1]} SIP/2.0\r\nVia: {header(invite, 'Via')}\r\nFrom: {header(invite, 'From')}\r\n"
            f"To: {header(invite, 'To')}\r\nCall-ID: {header(invite, 'Call-ID')}\r\n"
            f"CSeq: {header(invite, 'CSeq').split()[0]} CANCEL\r\nContent-Length: 0\r\n\r\n"
        )
        self.send(text)
        return text

    def inside(self, method: str, invite: str, ok: str, cseq: int, **parts: Any) -> str:
        """A request of the caller in the dialog of its INVITE."""
        target = re.search(r"<(.*?)>", header(ok, "Contact"))
        assert target
        parts.setdefault("to", header(ok, "To"))
        return self.request(
            method, target.group(1), from_=header(invite, "From"), call_id=header(invite, "Call-ID"), cseq=cseq, **parts
        )


def header(text: str, name: str) -> str:
    """A header's value in raw text."""
    found = re.search(rf"^{name}: *(.*?)\r$", text, re.MULTILINE)
    assert found, f"no {name} in {text!r}"
    return found.group(1)


def sdp_of(ip: str, *, port: int = 4000, direction: str = "", codecs: str = "8 0 101") -> str:
    way = f"a={direction}\r\n" if direction else ""
    net = "IP6" if ":" in ip else "IP4"
    return (
        f"v=0\r\no=- 1 1 IN {net} {ip}\r\ns=-\r\nc=IN {net} {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {codecs}\r\n"
        f"a=rtpmap:101 telephone-event/8000\r\n{way}"
    )


async def settle(agent: SipAgent, seconds: float = 70.0) -> dict[str, int]:
    """Let every timer run out and return the counts."""
    await asyncio.sleep(seconds)
    return agent.debug()


class PresetStore(BindingStore):
    """Registrations that are simply there: (user, ip), and if need be q and the user part of the contact."""

    def __init__(self, *places: tuple[Any, ...]) -> None:
        super().__init__(None)
        self._places = places

    def start(self) -> list[Binding]:
        return [_binding(*place) for place in self._places]


def _binding(user: str, ip: str, q: float = 1.0, contact_user: str = "") -> Binding:
    contact = f"sip:{contact_user or user}@{ip}:5060"
    return Binding(user, contact, "c", 1, time.time() + 3600, q, "", ip, 5060)
