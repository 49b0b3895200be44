"""An operator moves, and its DNS fails, while calls go on: the whole of locating on one clock (SIP-25, REL-06)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from firmware.sip.dns.locate import Locator
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import STALE_PATIENCE_S, Resolver
from firmware.sip.dns.search import Means, Target
from tests.fake_time import run
from tests.sip.dns_server import REFUSED, SERVFAIL, PipeCarrier, Script

SERVERS = (("192.0.2.53", 53), ("192.0.2.54", 53))
TTL_S = 30


def operator(*ips: str) -> dict[tuple[str, str], tuple[int, list[str]]]:
    """NAPTR, SRV and one host for each address, the first with the best priority."""
    zone: dict[tuple[str, str], tuple[int, list[str]]] = {
        ("op.example", "NAPTR"): (TTL_S, ['10 10 "S" "SIP+D2U" "" _sip._udp.op.example']),
        ("_sip._udp.op.example", "SRV"): (TTL_S, [f"{n} 0 5060 h{n}.op.example" for n in range(len(ips))]),
    }
    for n, ip in enumerate(ips):
        zone[f"h{n}.op.example", "A"] = (TTL_S, [ip])
    return zone


class Trunk:
    """Locates once a second, as calls would, and keeps (at, addresses, how long it took)."""

    def __init__(self) -> None:
        self.scripts = {server: Script(operator("192.0.2.1", "192.0.2.2")) for server in SERVERS}
        resolver = Resolver(NameServers(SERVERS, hosts=None), PipeCarrier(self.scripts))
        self.locator = Locator(resolver, Means(("UDP",), (4,)))
        self.seen: list[tuple[float, list[str], float]] = []

    async def call_for(self, seconds: int) -> list[tuple[float, list[str], float]]:
        """One call a second; (seconds since the first, addresses, seconds it took)."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        found: list[tuple[float, list[str], float]] = []
        for _ in range(seconds):
            at_s = loop.time()
            told: asyncio.Future[list[Target]] = loop.create_future()
            self.locator.locate("sip:+34900@op.example", told.set_result)
            ips = [target.ip for target in await told]
            found.append((at_s - start_s, ips, loop.time() - at_s))
            await asyncio.sleep(max(0.0, at_s + 1 - loop.time()))
        return found

    def each(self, change: Callable[[Script], None]) -> None:
        for script in self.scripts.values():
            change(script)


def moved_after(calls: list[tuple[float, list[str], float]], ips: list[str]) -> float:
    """When calls went to `ips`, for good."""
    old = [at_s for at_s, found, _ in calls if found != ips]
    return old[-1] + 1 if old else 0.0


def test_a_new_address_and_a_new_server_are_used_within_the_ttl_and_most_calls_ask_nothing() -> None:
    async def main() -> None:
        trunk = Trunk()
        first = await trunk.call_for(100)
        assert all(ips == ["192.0.2.1", "192.0.2.2"] for _, ips, _ in first)
        assert sum(took_s > 0 for _, _, took_s in first) <= 4  # the first, and one each TTL
        trunk.each(lambda script: script.records.update(operator("198.51.100.7", "192.0.2.2", "198.51.100.8")))
        moved = await trunk.call_for(100)
        assert moved_after(moved, ["198.51.100.7", "192.0.2.2", "198.51.100.8"]) <= TTL_S + 1

    run(main())


BREAKS: dict[str, Callable[[Script], None]] = {
    "refuses": lambda script: setattr(script, "code", REFUSED),
    "has failed": lambda script: setattr(script, "code", SERVFAIL),
    "is silent": lambda script: script.silent.add("*"),
    "takes 6 s": lambda script: setattr(script, "delay_s", 6.0),
    "answers nonsense": lambda script: setattr(script, "instead", lambda true: true[:4] + b"\xff" * 20),
}


@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS)
def test_no_call_fails_while_dns_is_out_and_the_trunk_comes_back_by_itself(breaks: Callable[[Script], None]) -> None:
    async def main() -> None:
        trunk = Trunk()
        await trunk.call_for(10)
        trunk.each(breaks)
        out = await trunk.call_for(600)
        assert all(ips == ["192.0.2.1", "192.0.2.2"] for _, ips, _ in out)
        late = [took_s for _, _, took_s in out if took_s > 0.1]
        assert len(late) <= 1 and sum(late) <= STALE_PATIENCE_S + 0.01  # one call learns that it is out
        for server in SERVERS:
            trunk.scripts[server] = Script(operator("198.51.100.7"))
        back = await trunk.call_for(120)
        assert moved_after(back, ["198.51.100.7"]) < 62

    run(main())


def test_a_server_that_fails_is_skipped_and_comes_back_without_dns() -> None:
    async def main() -> None:
        trunk = Trunk()
        await trunk.call_for(1)
        trunk.locator.targets.mark_bad(Target("UDP", "192.0.2.1", 5060, "op.example"))
        calls = await trunk.call_for(60)
        assert calls[0][1] == ["192.0.2.2", "192.0.2.1"]
        assert moved_after(calls, ["192.0.2.1", "192.0.2.2"]) == pytest.approx(30, abs=1)

    run(main())
