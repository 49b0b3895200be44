"""A scripted SIP phone on a real TCP or TLS connection, which shares no code with the stack, and a house for it.

`StreamPhone` builds its texts as `pairs.Phone` does, and may listen on its Contact's port too, so
that the house can connect to it. `stream_house` is an agent on free loopback ports.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import ssl
from collections.abc import Callable
from typing import Any

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.load import USERS, credentials, field
from tests.sip.pairs import Network, Phone

_LENGTH = re.compile(rb"^Content-Length *: *(\d+)", re.MULTILINE | re.IGNORECASE)
_NOWHERE = Network()
_serials = itertools.count()


async def stream_house(bridge: Bridge, ip: str = "127.0.0.1", **settings: Any) -> SipAgent:
    """A started agent on UDP and TCP; callers are trusted unless told otherwise."""
    places = {"listen_ip": "", "listen_ip6": ip} if ":" in ip else {"listen_ip": ip}
    chosen: dict[str, Any] = {
        "udp_port": 0,
        "tcp_port": 0,
        "trusted_networks": ("127.0.0.0/8", "::1/128"),
        **places,
        **settings,
    }
    users = chosen.pop("users", USERS)
    engine = chosen.pop("engine", None) or FakeEngine()
    names = chosen.pop("names", None)
    agent = SipAgent(SipSettings(**chosen), users, engine, bridge, BindingStore(None), names=names)
    bridge.agent = agent
    await agent.start()
    return agent


class StreamPhone(Phone):
    """user calls and registers by `kind` ("TCP" or "TLS"). Contact is where `listen` listens, if it was called."""

    def __init__(self, agent: SipAgent, user: str = "caller", *, kind: str = "TCP", ip: str = "127.0.0.1") -> None:
        super().__init__(_NOWHERE, ip, user)
        _NOWHERE.ends.clear()
        self._serial = random.Random(next(_serials))  # many share an address
        self.kind = kind
        self.there = (ip, agent.port_of(kind))
        self.closed = asyncio.Event()
        self.pongs = 0
        self.accepted = 0
        self._writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self, context: ssl.SSLContext | None = None, name: str | None = None) -> StreamPhone:
        self.closed = asyncio.Event()
        reader, self._writer = await asyncio.open_connection(*self.there, ssl=context, server_hostname=name)
        if self._server is None:
            self.address = self._writer.get_extra_info("sockname")[:2]
        self._keep(self._read(reader, self.closed))
        return self

    async def listen(self, context: ssl.SSLContext | None = None) -> StreamPhone:
        """Take connections too; the newest is the one that is answered on."""
        self._server = await asyncio.start_server(self._accept, self.address[0], 0, ssl=context)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writer = writer
        self._keep(self._read(reader, asyncio.Event()))

    def stop_listening(self) -> None:
        assert self._server is not None
        self._server.close()

    def hang_up(self) -> None:
        """Close the connection."""
        assert self._writer is not None
        self._writer.close()

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, reader: asyncio.StreamReader, closed: asyncio.Event) -> None:
        held = b""
        try:
            while piece := await reader.read(65536):
                held += piece
                while held:
                    if held.startswith(b"\r\n"):
                        self.pongs += 1
                        held = held[2:]
                        continue
                    head, end, rest = held.partition(b"\r\n\r\n")
                    length = _LENGTH.search(head)
                    size = int(length.group(1)) if length else 0
                    if not end or len(rest) < size:
                        break
                    self._receive(head + end + rest[:size], self.there)
                    held = rest[size:]
        except OSError:
            pass
        closed.set()

    # -- texts ---------------------------------------------------------------------------
    def send(self, text: str, target: object = None) -> None:
        assert self._writer is not None
        self._writer.write(text.encode("latin-1"))

    async def send_in_pieces(self, text: str, size: int = 1) -> None:
        """Each piece is a segment of its own."""
        assert self._writer is not None
        octets = text.encode("latin-1")
        for at in range(0, len(octets), size):
            self._writer.write(octets[at : at + size])
            await asyncio.sleep(0)

    async def register(self, expires_s: int = 300) -> str:
        """With digest; returns the 200."""
        call_id = self.new()
        uri = "sip:tipring"
        to = f"<sip:{self.user}@tipring>"
        plain = f"Expires: {expires_s}\r\n"
        self.send(self.request("REGISTER", uri, to=to, call_id=call_id, headers=plain))
        challenge = field(await self.expect("SIP/2.0 401"), "WWW-Authenticate")
        if "MD5" not in challenge:
            challenge = re.sub("algorithm=[^,]*", "algorithm=MD5", challenge)
        line = credentials(challenge, "REGISTER", uri, self.user, "Authorization")
        self.send(self.request("REGISTER", uri, to=to, call_id=call_id, cseq=2, headers=line + plain))
        return await self.expect("SIP/2.0 200")

    async def call(self, number: str) -> tuple[str, str]:
        """Call, acknowledge; (INVITE, 200)."""
        invite = self.invite(number)
        self.send(invite)
        ok = await self.expect("SIP/2.0 200")
        self.ack(invite, ok)
        return invite, ok


async def until(true: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def idle(agent: SipAgent) -> bool:
    """No call is left (transactions may linger for their 32 s)."""
    counts = agent.debug()
    return counts["legs"] == counts["dialogs"] == counts["streams"] == 0
