"""The resolver over real sockets of loopback, and the files that say whom to ask."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from firmware.sip.dns.answers import Answer, Question
from firmware.sip.dns.carrier import MAX_STREAM_OCTETS, Server
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import Resolver
from tests.sip.dns_server import Script, read_question, serving

HOST = ("pbx.example.com", "A")
QUESTION = Question(*HOST)
GOOD = Answer(("192.0.2.1",))


def zone(**script: object) -> Script:
    return Script({HOST: (60, ["192.0.2.1"])}, delay_s=0.0, **script)  # type: ignore[arg-type]


def ask(question: Question, *servers: Server) -> Awaitable[Answer]:
    return Resolver(NameServers(servers, hosts=None)).resolve(question)


def test_a_question_and_its_answer_over_udp_and_over_ipv6() -> None:
    async def main() -> None:
        async with serving(zone()) as first, serving(zone(), "::1") as second:
            assert await ask(QUESTION, first) == GOOD
            assert await ask(QUESTION, second) == GOOD
            assert await ask(QUESTION, ("::1%lo", second[1])) == GOOD

    asyncio.run(main())


def test_a_cut_off_answer_comes_whole_over_tcp() -> None:
    many = [f"192.0.2.{n}" for n in range(1, 201)]
    script = Script({HOST: (60, many)}, truncate=True, delay_s=0.0)

    async def main() -> None:
        async with serving(script) as server:
            assert (await ask(QUESTION, server)).records == tuple(many)
        assert script.streams == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\0",
        b"\0\x40" + b"x" * 10,
        b"\0\x05wrong",
        (MAX_STREAM_OCTETS + 1).to_bytes(2, "big") + bytes(MAX_STREAM_OCTETS + 1),
    ],
    ids=["ends at once", "ends in the length", "ends in the answer", "no answer to this", "too long"],
)
def test_a_bad_tcp_answer_sends_us_to_the_next_server(octets: bytes) -> None:
    async def bad(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(octets)
        writer.close()

    async def main() -> None:
        async with serving(zone(truncate=True, refuse_stream=True)) as first, serving(zone()) as second:
            tcp = await asyncio.start_server(bad, *first)
            assert await ask(QUESTION, first, second) == GOOD
            tcp.close()
            await tcp.wait_closed()

    asyncio.run(main())


def test_ids_and_ports_cannot_be_foretold() -> None:
    """40 questions: hardly an id or a port twice, and neither counts up."""
    seen: list[tuple[int, int]] = []

    class Listening(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Server) -> None:
            seen.append((read_question(data)[0], addr[1]))
            self.transport.sendto(zone().answer(data, stream=False)[1][0], addr)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Listening, local_addr=("127.0.0.1", 0))
        for _ in range(40):
            assert await ask(QUESTION, transport.get_extra_info("sockname")) == GOOD
        transport.close()

    asyncio.run(main())
    for numbers in zip(*seen, strict=True):
        assert len(set(numbers)) > 35
        assert sum(later > earlier for earlier, later in pairwise(numbers)) < 35


def test_the_right_answer_from_the_wrong_address_is_not_taken() -> None:
    """A forger who even knows id and port, and is quicker than the server."""
    lie = Script({HOST: (60, ["203.0.113.66"])})

    class Forged(asyncio.DatagramProtocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: Server) -> None:
            for forger in forgers:
                forger.sendto(lie.answer(data, stream=False)[1][0], addr)
            self.transport.sendto(zone().answer(data, stream=False)[1][0], addr)

    forgers = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Forged, local_addr=("127.0.0.1", 0))
        server = transport.get_extra_info("sockname")
        forgers[0].bind(("127.0.0.1", 0))  # another port
        forgers[1].bind(("127.0.0.2", server[1]))  # another address
        assert await ask(QUESTION, server) == GOOD
        transport.close()

    try:
        asyncio.run(main())
    finally:
        for forger in forgers:
            forger.close()


def test_a_flood_of_nonsense_sends_us_to_the_next_server() -> None:
    def flood(true: bytes) -> list[bytes]:
        return [bytes([true[0] ^ n]) + true[1:] for n in range(1, 101)]

    async def main() -> None:
        async with serving(zone(wrong=flood)) as first, serving(zone()) as second:
            assert await ask(QUESTION, first, second) == GOOD

    asyncio.run(main())


def test_no_descriptor_is_left_behind() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    silent_script = zone(silent={"*"})

    async def is_waiting() -> bool:
        return bool(silent_script.asked)

    async def main() -> None:
        async with serving(zone(truncate=True)) as server, serving(silent_script) as silent:
            before = descriptors()
            assert await ask(QUESTION, server) == GOOD
            resolver = Resolver(NameServers((silent,), hosts=None))
            task = asyncio.create_task(resolver.resolve(QUESTION))
            await until(is_waiting)
            assert descriptors() > before
            resolver.close()
            await task
            await until(lambda: asyncio.sleep(0, descriptors() == before))

    asyncio.run(main())


# -- files -------------------------------------------------------------------------------------
async def until(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while True:
            if await what():
                return
            await asyncio.sleep(0.05)


def test_resolv_conf_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    servers = NameServers(resolv_conf=path, hosts=None)

    async def main() -> None:
        resolver = Resolver(servers)
        assert await resolver.resolve(QUESTION) == Answer((), "no name server is known", failed=True)
        assert resolver.known(QUESTION) is not None
        path.write_text(
            "# made by hand\nsearch example.com\nnameserver 127.0.0.200 # dead\nnameserver fe80::1%lo\n"
            "nameserver not-an-address\nnameserver\noptions ndots:5\nnameserver ::1\nnameserver 127.0.0.203\n"
        )
        await until(servers.look)
        assert servers.servers == (("127.0.0.200", 53), ("fe80::1%lo", 53), ("::1", 53))
        path.unlink()
        await until(servers.look)
        assert servers.servers == ()

    asyncio.run(main())


def test_other_name_servers_end_what_rests_on_a_failure(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "resolv.conf"
        resolver = Resolver(NameServers(resolv_conf=path, hosts=None))
        first, second = QUESTION, Question("b.example.com", "A")
        await resolver.resolve(first)
        assert resolver.known(first) is not None
        path.write_text("nameserver 127.0.0.200\n")

        async def gone() -> bool:
            await resolver.resolve(second._replace(name=f"n{asyncio.get_running_loop().time():.3f}.example".lower()))
            return resolver.known(first) is None

        await until(gone)

    asyncio.run(main())


HOSTS = """
127.0.0.1   localhost
192.0.2.10  Trunk.Example.com trunk   # written by the installer
2001:db8::10 trunk.example.com.
192.0.2.11  trunk.example.com
not-an-ip   broken.example.com
192.0.2.12
"""


@pytest.mark.parametrize(
    ("name", "kind", "wanted"),
    [
        ("trunk.example.com", "A", ("192.0.2.10", "192.0.2.11")),
        ("trunk.example.com", "AAAA", ("2001:db8::10",)),
        ("trunk", "A", ("192.0.2.10",)),
        ("trunk", "AAAA", ()),
        ("trunk.example.com", "NAPTR", ()),
        ("_sip._udp.trunk.example.com", "SRV", ()),
        ("localhost", "A", ("127.0.0.1",)),
        ("pbx.localhost", "AAAA", ("::1",)),
        ("d3adbeef.invalid", "A", ()),
    ],
)
def test_what_is_written_down_asks_nobody(name: str, kind: str, wanted: tuple[str, ...], tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_bytes(HOSTS.encode() + b"\xff\xfe\n" * 10)
    script = zone()

    async def main() -> None:
        async with serving(script) as server:
            answer = await Resolver(NameServers((server,), hosts=hosts)).resolve(Question(name, kind))
            assert answer.records == wanted and not answer.failed
            assert bool(answer.cause) != bool(wanted)
        assert script.asked == []

    asyncio.run(main())


def test_what_is_not_written_down_is_asked(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(HOSTS)

    async def main() -> None:
        async with serving(zone()) as server:
            resolver = Resolver(NameServers((server,), hosts=hosts))
            assert await resolver.resolve(QUESTION) == GOOD
            assert (await resolver.resolve(Question("broken.example.com", "A"))).records == ()

    asyncio.run(main())
