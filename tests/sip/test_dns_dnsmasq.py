"""The same against dnsmasq: an operator's entries as a real server writes them, its move, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.sip.dns.answers import Question
from firmware.sip.dns.locate import Locator
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import Resolver
from firmware.sip.dns.search import Means, Target
from tests.interop.processes import Process, eventually, free_port

ENTRIES = [
    "--naptr-record=op.test,20,10,S,SIP+D2T,,_sip._tcp.op.test",
    "--naptr-record=op.test,10,10,S,SIP+D2U,,_sip._udp.op.test",
    "--srv-host=_sip._udp.op.test,backup.op.test,5062,2,0",
    "--srv-host=_sip._udp.op.test,front.op.test,5061,1,0",
    "--srv-host=_sip._tcp.op.test,backup.op.test,5063,1,0",
    "--srv-host=_sip._udp.none.test,,0,0,0",
    "--cname=alias.test,front.op.test",
    "--host-record=backup.op.test,192.0.2.2",
    "--host-record=many.test," + "192.0.2.1",
]
MANY = [f"--host-record=many.test,198.51.100.{n}" for n in range(1, 101)]


@contextmanager
def dnsmasq(folder: Path, port: int, *entries: str) -> Iterator[Process]:
    """On 127.0.0.1:port, for all of .test; answers may be kept 1 s, which we stretch to 5."""
    argv = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts",
        "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}", "--local=/test/", "--local-ttl=1",
        "--log-facility=-", "--user=", *entries,
    ]  # fmt: skip
    log = folder / "dnsmasq.log"
    starts = log.read_text().count("started, version") if log.exists() else 0
    process = Process("dnsmasq", argv, log)
    try:
        eventually("dnsmasq listens", lambda: process.output().count("started, version") > starts)
        yield process
    finally:
        process.stop()


class Calls:
    def __init__(self, port: int) -> None:
        self.resolver = Resolver(NameServers((("127.0.0.1", port),), hosts=None))
        self.locator = Locator(self.resolver, Means(("UDP", "TCP"), (6, 4)))

    async def find(self, uri: str) -> list[str]:
        told: asyncio.Future[list[Target]] = asyncio.get_running_loop().create_future()
        self.locator.locate(uri, told.set_result)
        return [f"{t.transport} {t.ip}:{t.port}" for t in await told]

    async def until(self, uri: str, wanted: list[str], timeout_s: float) -> None:
        """Call until `uri` leads to `wanted`."""
        async with asyncio.timeout(timeout_s):
            while True:
                if await self.find(uri) == wanted:
                    return
                await asyncio.sleep(0.1)


def front(ip: str, ip6: str) -> str:
    return f"--host-record=front.op.test,{ip},{ip6}"


def servers(ip: str, ip6: str) -> list[str]:
    return [f"UDP {ip6}:5061", f"UDP {ip}:5061", "UDP 192.0.2.2:5062", "TCP 192.0.2.2:5063"]


FRONT = Question("front.op.test", "A")
BEFORE, AFTER = ("192.0.2.1", "2001:db8::1"), ("192.0.2.9", "2001:db8::9")


def running(body: Callable[[Calls], Awaitable[None]], port: int) -> None:
    async def main() -> None:
        calls = Calls(port)
        await body(calls)
        calls.locator.close()

    asyncio.run(main())


def test_what_dnsmasq_says_is_understood(tmp_path: Path) -> None:
    port = free_port()

    async def body(calls: Calls) -> None:
        assert await calls.find("sip:front.op.test:5080") == ["UDP 2001:db8::1:5080", "UDP 192.0.2.1:5080"]
        assert await calls.find("sip:101@op.test") == servers(*BEFORE)
        assert await calls.find("sip:op.test;transport=tcp") == ["TCP 192.0.2.2:5063"]
        assert await calls.find("sip:alias.test:5060") == ["UDP 2001:db8::1:5060", "UDP 192.0.2.1:5060"]
        assert await calls.find("sip:backup.op.test") == ["UDP 192.0.2.2:5060"]
        assert await calls.find("sip:none.test;transport=udp") == []
        assert await calls.find("sip:nobody.test") == []
        many = await calls.find("sip:many.test:5060")  # does not fit in a datagram: TCP
        assert len(many) == len(set(many)) == 24

    with dnsmasq(tmp_path, port, *ENTRIES, *MANY, front(*BEFORE)):
        running(body, port)


def test_an_operator_that_moves_is_found_and_one_whose_dns_ends_is_kept(tmp_path: Path) -> None:
    port = free_port()

    async def body(calls: Calls) -> None:
        with dnsmasq(tmp_path, port, *ENTRIES, front(*BEFORE)):
            assert await calls.find("sip:op.test") == servers(*BEFORE)
        with dnsmasq(tmp_path, port, *ENTRIES, front(*AFTER)):
            await calls.until("sip:op.test", servers(*AFTER), 60)
        assert await calls.find("sip:op.test") == servers(*AFTER)
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.05)
                if calls.resolver.known(FRONT) is None:
                    break
        assert await calls.find("sip:op.test") == servers(*AFTER)

    running(body, port)
