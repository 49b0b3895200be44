"""A scripted name server, written on `struct` alone so that the judge shares no code with the judged.

`Script` turns a question's octets into the octets that come back, each after a delay. It is played
over a pipe on fake time (`PipeCarrier`) or on real sockets (`serving`), UDP and TCP on one port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from firmware.sip.dns.carrier import Server
from firmware.sip.dns.wire import Query, Reply

KINDS = {"A": 1, "CNAME": 5, "SOA": 6, "AAAA": 28, "SRV": 33, "NAPTR": 35}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)


def labels(name: str) -> bytes:
    parts = [part.encode("latin-1") for part in name.strip(".").split(".") if part]
    return b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def text(value: str) -> bytes:
    return bytes([len(value)]) + value.encode("latin-1")


def rdata(kind: str, value: str) -> bytes:
    """From zone file notation: SRV "1 0 5060 s1.example.com", NAPTR '10 10 "S" "SIP+D2U" "" _sip._udp.x'."""
    words = value.split()
    if kind in {"A", "AAAA"}:
        return ipaddress.ip_address(value).packed
    if kind == "CNAME":
        return labels(value)
    if kind == "SRV":
        return struct.pack("!3H", *map(int, words[:3])) + labels(words[3])
    if kind == "NAPTR":
        quoted = b"".join(text(word.strip('"')) for word in words[2:5])
        return struct.pack("!2H", int(words[0]), int(words[1])) + quoted + labels(words[5])
    assert kind == "SOA"  # its minimum alone
    return labels("ns.example.com") + labels("root.example.com") + struct.pack("!5I", 1, 1, 1, 1, int(value))


def record(name: str, kind: str, ttl_s: int, value: str) -> bytes:
    data = rdata(kind, value)
    return labels(name) + struct.pack("!HHIH", KINDS[kind], 1, ttl_s, len(data)) + data


def read_question(octets: bytes) -> tuple[int, str, str, bytes, bool]:
    """(id, name, kind, the question section, whether EDNS is offered)."""
    at, parts = 12, []
    while octets[at]:
        parts.append(octets[at + 1 : at + 1 + octets[at]].decode("latin-1"))
        at += octets[at] + 1
    (kind,) = struct.unpack_from("!H", octets, at + 1)
    name = next(name for name, number in KINDS.items() if number == kind)
    return int.from_bytes(octets[:2], "big"), ".".join(parts), name, octets[12 : at + 5], octets[11] > 0


def message(ident: int, question: bytes, code: int, answers: list[bytes], authority: list[bytes], flags: int) -> bytes:
    counts = struct.pack("!4H", 1 if question else 0, len(answers), len(authority), 0)
    return struct.pack("!HH", ident, 0x8180 | flags | code) + counts + question + b"".join(answers + authority)


TRUNCATED = 0x0200


@dataclass
class Script:
    """records: (name, kind) -> (ttl_s, values). Change the fields while it runs.

    wrong: given the true answer, what is sent before it. silent: kinds that are never answered.
    """

    records: dict[tuple[str, str], tuple[int, list[str]]] = field(default_factory=dict)
    code: int | None = None
    delay_s: float = 0.01
    silent: set[str] = field(default_factory=set)
    negative_s: int | None = 300
    truncate: bool = False
    old: bool = False
    follow: bool = True
    wrong: Callable[[bytes], list[bytes]] | None = None
    instead: Callable[[bytes], bytes] | None = None
    refuse_stream: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    streams: int = 0

    def answer(self, octets: bytes, *, stream: bool) -> tuple[float, list[bytes]]:
        """(delay, messages to send) for a question."""
        ident, name, kind, question, edns = read_question(octets)
        self.asked.append((name, kind))
        self.streams += stream
        if kind in self.silent or "*" in self.silent:
            return self.delay_s, []
        if self.old and edns:
            return self.delay_s, [message(ident, b"", FORMERR, [], [], 0)]
        true = self._true(ident, name, kind, question)
        if self.truncate and not stream:
            return self.delay_s, [message(ident, question, NOERROR, [], [], TRUNCATED)]
        before = self.wrong(true) if self.wrong is not None else []
        return self.delay_s, [*before, self.instead(true) if self.instead is not None else true]

    def _true(self, ident: int, name: str, kind: str, question: bytes) -> bytes:
        if self.code is not None:
            return message(ident, question, self.code, [], [], 0)
        answers: list[bytes] = []
        for _ in range(20):
            if (name, kind) in self.records:
                ttl_s, values = self.records[name, kind]
                answers += [record(name, kind, ttl_s, value) for value in values]
                break
            link = self.records.get((name, "CNAME"))
            if link is None or (answers and not self.follow):
                break
            answers.append(record(name, "CNAME", link[0], link[1][0]))
            name = link[1][0]
        known = any(known == name for known, _ in self.records)
        none = not any(entry == (name, kind) for entry in self.records) and (self.follow or not answers)
        soa = [record("example.com", "SOA", 86400, str(self.negative_s))] if none and self.negative_s else []
        return message(ident, question, NOERROR if known or answers else NXDOMAIN, answers, soa, 0)


class PipeCarrier:
    """Carries questions to the scripts of `servers` on the loop's (fake) time."""

    def __init__(self, servers: dict[Server, Script]) -> None:
        self.servers = servers

    async def datagram(self, server: Server, query: Query) -> Reply:
        delay_s, messages = self._script(server).answer(query.octets, stream=False)
        await asyncio.sleep(delay_s)
        for octets in messages:
            reply = query.read(octets)
            if reply is not None:
                return reply
        await asyncio.Event().wait()
        raise AssertionError

    async def stream(self, server: Server, query: Query) -> Reply:
        script = self._script(server)
        delay_s, messages = script.answer(query.octets, stream=True)
        await asyncio.sleep(delay_s)
        if script.refuse_stream:
            raise ConnectionRefusedError(111, "Connection refused")
        reply = query.read(messages[0])
        assert reply is not None
        return reply

    def _script(self, server: Server) -> Script:
        if server not in self.servers:
            raise ConnectionRefusedError(111, "Connection refused")
        return self.servers[server]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, script: Script) -> None:
        self.script = script

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Server) -> None:
        delay_s, messages = self.script.answer(data, stream=False)
        for octets in messages:
            asyncio.get_running_loop().call_later(delay_s, self.transport.sendto, octets, addr)


@asynccontextmanager
async def serving(script: Script, ip: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """The script on UDP and TCP of one port."""
    loop = asyncio.get_running_loop()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        _, messages = script.answer(await reader.readexactly(length), stream=True)
        for octets in messages:
            writer.write(len(octets).to_bytes(2, "big") + octets)
        writer.close()

    udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(script), local_addr=(ip, port))
    place = udp.get_extra_info("sockname")[:2]
    tcp = None if script.refuse_stream else await asyncio.start_server(connected, *place)
    try:
        yield place
    finally:
        udp.close()
        if tcp is not None:
            tcp.close()
            await tcp.wait_closed()
