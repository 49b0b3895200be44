"""Telephones behind NAT: where they are answered, how they are kept reachable, where their audio goes. Stepped time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.nat.pings import is_behind_nat
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Address, Network, Phone, agent_on, header
from tests.sip.test_calls import EMPTY, house, settle

NAT: Address = ("203.0.113.7", 61000)
EVERYBODY = {"trusted_networks": ("0.0.0.0/0",)}


# -- rport ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent_by", "rport", "force", "answered_at"),
    [
        ("192.168.1.20:5060", ";rport", True, NAT),
        ("192.168.1.20:5060", ";rport", False, NAT),
        ("192.168.1.20:5060", "", True, NAT),
        ("192.168.1.20:5060", "", False, (NAT[0], 5060)),
        ("192.168.1.20", "", False, (NAT[0], 5060)),
        (f"{NAT[0]}:5070", "", True, (NAT[0], 5070)),  # listens elsewhere than it sends from; no NAT
        ("phone.example.com:5080", "", True, (NAT[0], 5080)),
    ],
)
def test_where_responses_go(sent_by: str, rport: str, force: bool, answered_at: Address) -> None:
    async def main() -> None:
        network, _, agent, _ = await house(force_rport=force, **EVERYBODY)
        got: list[tuple[Address, bytes]] = []
        for end in (NAT, (NAT[0], 5060), (NAT[0], 5070), (NAT[0], 5080)):
            network.ends[end] = lambda data, source, end=end: got.append((end, data))
        phone = Phone(network, "192.168.1.20", outer=("192.0.2.200", 1))
        text = phone.request("OPTIONS", "sip:10.0.0.1").replace("192.168.1.20:5060;", f"{sent_by};", 1)
        network.send(text.replace(";rport", rport, 1).encode(), NAT, PBX)
        await asyncio.sleep(1)
        ((end, data),) = got
        assert end == answered_at
        via = header(data.decode(), "Via")
        assert (f";received={NAT[0]}" in via) == (not sent_by.startswith(NAT[0]) or bool(rport))
        assert (f";rport={NAT[1]}" in via) == bool(rport)
        await agent.stop()

    run(main())


# -- phones behind NAT ------------------------------------------------------------------------


class NatStore(BindingStore):
    """`count` phones behind NAT and one that is not, registered as 201."""

    def __init__(self, count: int) -> None:
        super().__init__(None)
        self._count = count

    def start(self) -> list[Binding]:
        ends = time.time() + 3600
        near = Binding("201", "sip:201@10.0.0.21:5060", "c", 1, ends, 1.0, "", "10.0.0.21", 5060)
        return [near] + [
            Binding("201", f"sip:201@192.168.1.{n}:5060", "c", 1, ends, 1.0, "", NAT[0], 61000 + n)
            for n in range(self._count)
        ]


@pytest.mark.parametrize(
    ("contact", "source_ip", "transport", "path", "behind"),
    [
        ("sip:201@192.168.1.20", NAT[0], "UDP", "", True),
        ("sip:201@phone.lan", NAT[0], "UDP", "", True),
        (f"sip:201@{NAT[0]}:61000", NAT[0], "UDP", "", False),
        ("sip:201@192.168.1.20", NAT[0], "TCP", "", False),  # its connection keeps the way open
        ("sip:201@192.168.1.20", NAT[0], "UDP", "<sip:203.0.113.7;lr>", False),
        ("sip:201@[2001:DB8::0007]", "2001:db8::7", "UDP", "", False),
        ("sip:201@[fe80::1]", "fe80::1%eth0", "UDP", "", False),
    ],
)
def test_who_counts_as_behind_nat(contact: str, source_ip: str, transport: str, path: str, behind: bool) -> None:
    assert is_behind_nat(Binding("201", contact, "c", 1, 0.0, 1.0, "", source_ip, 5060, transport, path)) == behind


def test_phones_behind_nat_are_pinged_evenly_and_others_not() -> None:
    async def main() -> None:
        network = Network()
        agent = await agent_on(network, Bridge(), store=NatStore(100))
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(99.5)
        pings = [(at, target, data.decode()) for at, s, target, data in network.log if s == PBX]
        assert all(text.startswith("OPTIONS sip:201@192.168.1.") for _, _, text in pings)
        assert Counter(target for _, target, _ in pings) == {(NAT[0], 61000 + n): 4 for n in range(100)}
        a_second = Counter(int(at - began_s) for at, _, _ in pings)
        assert max(a_second.values()) == 4
        host = re.search(r"@([0-9.]+)", pings[0][2].split("\r\n")[0])
        assert host and header(pings[0][2], "Call-ID").endswith(f"@{host.group(1)}")
        await agent.stop()
        count = len(network.log)
        assert await settle(agent) == EMPTY and len(network.log) == count

    run(main())


def test_a_phone_that_stops_answering_pings_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network = Network()
        agent = await agent_on(network, Bridge(), store=NatStore(1), keepalive_s=30.0)
        phone = Phone(network, "192.168.1.0", "201", outer=(NAT[0], 61000))
        for _ in range(3):
            ping = await phone.expect("OPTIONS")
            phone.answer(ping, "404 Not Found", tag="x")  # any answer is one
        await asyncio.sleep(300)
        phone.got.clear()
        ping = await phone.expect("OPTIONS")
        phone.answer(ping, "200 OK", tag="x")
        await asyncio.sleep(1)
        await agent.stop()

    with caplog.at_level(logging.INFO, "firmware.sip.nat"):
        run(main())
    said = [r.getMessage() for r in caplog.records if "192.168" in r.getMessage() or "203.0.113" in r.getMessage()]
    assert said == [
        "sip:201: the phone at 203.0.113.7:61000 does not answer any more",
        "sip:201: the phone at 203.0.113.7:61000 answers again",
    ]


def test_audio_of_a_phone_behind_nat_is_waited_for_and_its_signalling_found_again() -> None:
    async def main() -> None:
        network, bridge, agent, _ = await house(manual=True, **EVERYBODY)
        phone = Phone(network, "192.168.1.20", outer=NAT)
        invite = phone.invite("201")
        phone.send(invite)
        await phone.expect("SIP/2.0 100")
        leg = bridge.arrived[0]
        leg.accept()
        ok = await phone.expect("SIP/2.0 200")
        phone.ack(invite, ok)
        stream = agent._engine.open[leg.endpoint]
        assert stream.remote == ("0.0.0.0", 4000) and stream.signal_ip == NAT[0]
        await asyncio.sleep(1)
        leg.release(Cause.NORMAL_CLEARING)
        bye = await phone.expect("BYE sip:caller@192.168.1.20:5060")
        phone.answer(bye, "200 OK")
        assert await settle(agent) == EMPTY

    run(main())
