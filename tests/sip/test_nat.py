"""Calls through NAT over pipes: which address is told, STUN, pings, rport, where audio goes. Stepped time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from itertools import pairwise

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.nat.networks import audio_way, is_private, networks_of_routes
from firmware.sip.nat.pings import is_behind_nat
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Address, Network, Phone, agent_on, header, sdp_of
from tests.sip.test_calls import EMPTY, house, settle
from tests.sip.test_dns_locate import Zone

PUBLIC_IP = "198.51.100.5"
OUTSIDE = "203.0.113.9"
NAT: Address = ("203.0.113.7", 61000)
STUN: Address = ("192.0.2.3", 3478)
EVERYBODY = {"trusted_networks": ("0.0.0.0/0",)}

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
wg0\t0000080A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t0000100A\t0101A8C0\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


# -- which networks are near ------------------------------------------------------------


def test_our_networks_are_the_routes_without_a_gateway() -> None:
    assert [str(n) for n in networks_of_routes(ROUTES)] == ["192.168.1.0/24", "10.8.0.0/16"]
    assert networks_of_routes("") == []


@pytest.mark.parametrize(
    "ip", ["10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "169.254.1.1", "127.0.0.1", "fe80::1%2"]
)
def test_private_addresses(ip: str) -> None:
    assert is_private(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "172.32.0.1", "203.0.113.7", "100.128.0.1", "2001:db8::1", "phone.lan", ""])
def test_addresses_that_mean_the_same_everywhere(ip: str) -> None:
    assert not is_private(ip)


@pytest.mark.parametrize(
    ("said", "source", "direct", "target", "trusted"),
    [
        ("192.168.1.20", "203.0.113.7", True, "0.0.0.0", "203.0.113.7"),  # behind NAT
        ("192.168.1.20", "203.0.113.7", False, "0.0.0.0", ""),  # behind NAT and proxy: it may speak from anywhere
        ("203.0.113.8", "203.0.113.7", True, "203.0.113.8", "203.0.113.7"),  # an operator's media server
        ("203.0.113.7", "203.0.113.7", True, "203.0.113.7", "203.0.113.7"),
        ("203.0.113.8", "203.0.113.7", False, "203.0.113.8", "203.0.113.7"),
        ("10.0.0.9", "10.0.0.8", True, "10.0.0.9", "10.0.0.8"),  # both in private networks: may well be reachable
        ("127.0.0.1", "10.0.0.8", True, "0.0.0.0", "10.0.0.8"),  # never ourselves for somebody else
        ("127.0.0.1", "127.0.0.1", True, "127.0.0.1", "127.0.0.1"),
        ("fd00::9", "2001:db8::7", True, "0.0.0.0", "2001:db8::7"),
    ],
)
def test_where_audio_goes_first(said: str, source: str, direct: bool, target: str, trusted: str) -> None:
    assert audio_way(said, source, direct=direct) == (target, trusted)


# -- which address is told --------------------------------------------------------------


def test_peers_outside_are_told_the_public_address_and_near_ones_the_local_one() -> None:
    own = OwnAddresses(("10.0.0.1",), local_networks=("198.51.100.128/25",))
    assert own.towards("8.8.8.8") == "10.0.0.1" and own.to_bind("10.0.0.1") == "10.0.0.1"
    own.public = (PUBLIC_IP, 6060)
    assert own.towards("8.8.8.8") == PUBLIC_IP
    assert own.towards(PUBLIC_IP) == PUBLIC_IP
    assert own.to_bind(PUBLIC_IP) == "10.0.0.1"
    for near in ("10.77.0.1", "192.168.9.9", "127.0.0.1", "198.51.100.200"):
        assert own.towards(near) == "10.0.0.1"
    assert own.outer_port(PUBLIC_IP, 5060) == 6060 and own.outer_port("10.0.0.1", 5060) == 5060
    own.public = ("198.51.100.6", 0)
    assert own.towards("8.8.8.8") == "198.51.100.6"
    assert own.outer_port("198.51.100.6", 5060) == 5060


def test_with_a_private_address_outside_only_named_and_connected_networks_are_near() -> None:
    """Behind two routers, or in a container: 192.168.7.5 is the outer one's world."""
    own = OwnAddresses(("172.17.0.2",), local_networks=("172.17.0.0/16",))
    own.public = ("192.168.7.5", 0)
    assert own.towards("192.168.7.40") == "192.168.7.5"
    assert own.towards("172.17.0.9") == "172.17.0.2"
    assert own.towards("127.0.0.1") == "172.17.0.2"


def test_an_advertised_address_is_told_to_everybody() -> None:
    own = OwnAddresses(("0.0.0.0",), "192.0.2.8")
    assert {own.towards(ip) for ip in ("8.8.8.8", "10.0.0.9", "127.0.0.1")} == {"192.0.2.8"}
    assert own.to_bind("192.0.2.8") == "0.0.0.0"


def test_audio_for_peers_in_several_networks_is_received_on_every_card() -> None:
    own = OwnAddresses(("0.0.0.0", "::"))
    assert own.to_bind("10.0.0.1") == "10.0.0.1" and own.to_bind("10.0.0.1", several=True) == "0.0.0.0"
    assert own.to_bind("2001:db8::1", several=True) == "::"


def test_a_call_from_outside_sees_the_public_address_everywhere_and_a_near_one_nowhere() -> None:
    async def main() -> None:
        network, _, agent, _ = await house(("201", "10.0.0.21"), public_address=PUBLIC_IP, **EVERYBODY)
        inside, outside = Phone(network, "10.0.0.21", "201"), Phone(network, OUTSIDE)
        invite = outside.invite("201").replace("10.0.0.1", PUBLIC_IP)
        outside.send(invite)
        rung = await inside.expect("INVITE")
        assert PUBLIC_IP not in rung and "c=IN IP4 10.0.0.1" in rung and "@10.0.0.1:5060>" in header(rung, "Contact")
        inside.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        ok = await outside.expect("SIP/2.0 200")
        assert "10.0.0.1" not in ok
        assert f"c=IN IP4 {PUBLIC_IP}" in ok and header(ok, "Contact") == f"<sip:{PUBLIC_IP}:5060>"
        outside.ack(invite, ok)
        await asyncio.sleep(1)
        inside.send(
            inside.request(
                "BYE", "sip:10.0.0.1", call_id=header(rung, "Call-ID"), cseq=9,
                from_=f"{header(rung, 'To')};tag=b", to=header(rung, "From"),
            )
        )  # fmt: skip
        bye = await outside.expect("BYE")
        assert header(bye, "Via").startswith(f"SIP/2.0/UDP {PUBLIC_IP}:5060;")
        outside.answer(bye, "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_of_several_telephones_each_is_told_the_address_for_its_network() -> None:
    async def main() -> None:
        places = (("201", "10.0.0.21"), ("201", OUTSIDE, 0.5))
        network, _, agent, caller = await house(*places, public_address=PUBLIC_IP, step_ring_s=5.0, **EVERYBODY)
        inside, outside = Phone(network, "10.0.0.21", "201"), Phone(network, OUTSIDE, "201")
        invite = caller.invite("201")
        caller.send(invite)
        near = await inside.expect("INVITE")
        inside.answer(near, "180 Ringing", tag="a")
        inside.answer(await inside.expect("CANCEL"), "200 OK")
        inside.answer(near, "487 Request Terminated", tag="a")
        far = await outside.expect("INVITE")
        for rung, ip in ((near, "10.0.0.1"), (far, PUBLIC_IP)):
            assert re.findall(r" IP4 (\S+)\r", rung) == [ip, ip]
            assert f"@{ip}:5060>" in header(rung, "Contact") and f"UDP {ip}:5060;" in header(rung, "Via")
        assert near.split("o=- ")[1].split()[0] == far.split("o=- ")[1].split()[0]
        outside.answer(far, "200 OK", tag="b", body=sdp_of(OUTSIDE))
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        await asyncio.sleep(1)
        streams = agent._engine.open.values()
        assert {stream.remote for stream in streams} == {("10.0.0.9", 4000), (OUTSIDE, 4000)}
        caller.send(caller.inside("BYE", invite, ok, 2))
        outside.answer(await outside.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


# -- STUN ---------------------------------------------------------------------------------


class StunServer:
    """Answers Binding requests with `mapped`, written here octet by octet; None: with silence."""

    def __init__(self, network: Network, mapped: Address | None, address: Address = STUN) -> None:
        self.network, self.mapped, self.address = network, mapped, address
        self.asked: list[float] = []
        network.ends[address] = self._asked

    def _asked(self, data: bytes, source: Address) -> None:
        self.asked.append(asyncio.get_running_loop().time())
        assert data[:2] == b"\0\1" and data[4:8] == b"\x21\x12\xa4\x42"
        if self.mapped is None:
            return
        port = (self.mapped[1] ^ 0x2112).to_bytes(2, "big")
        octets = bytes(int(a) ^ b for a, b in zip(self.mapped[0].split("."), b"\x21\x12\xa4\x42", strict=True))
        self.network.send(b"\1\1\0\x0c" + data[4:20] + b"\0\x20\0\x08\0\1" + port + octets, self.address, source)


def test_an_address_learnt_by_stun_counts_from_the_next_message_and_changes_are_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        network, _, agent, _ = await house(stun_server="192.0.2.3", **EVERYBODY)
        server = StunServer(network, None)
        outside = Phone(network, OUTSIDE)
        assert agent.public_address() is None
        outside.send(outside.invite("201"))  # no answer yet: calls go on with what is known
        assert "480" in await outside.expect("SIP/2.0 4")
        server.mapped = (PUBLIC_IP, 5060)
        await asyncio.sleep(60)
        assert agent.public_address() == (PUBLIC_IP, 5060, "192.0.2.3")
        server.mapped = ("198.51.100.77", 40000)
        await asyncio.sleep(31)
        transport = agent._context.transports["UDP"]
        assert transport.sent_by(OUTSIDE) == "UDP 198.51.100.77:40000"
        assert transport.contact(OUTSIDE, "201") == "<sip:201@198.51.100.77:40000>"
        assert transport.sent_by("10.0.0.9") == "UDP 10.0.0.1:5060"
        await asyncio.sleep(300)
        await agent.stop()
        asked = len(server.asked)
        await asyncio.sleep(100)
        assert len(server.asked) == asked
        later = server.asked[-5:]
        assert all(24.9 < b - a < 30.1 for a, b in pairwise(later))

    with caplog.at_level(logging.INFO, "firmware.sip.nat"):
        run(main())
    said = [r.getMessage() for r in caplog.records]
    assert len([s for s in said if f"public address is {PUBLIC_IP}" in s]) == 1
    assert len([s for s in said if f"changed from {PUBLIC_IP}:5060 to 198.51.100.77:40000" in s]) == 1


def test_stun_is_only_a_second_opinion_where_the_address_is_set(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, _, agent, _ = await house(stun_server="192.0.2.3:3478", public_address=PUBLIC_IP)
        StunServer(network, ("198.51.100.77", 40000))
        await asyncio.sleep(100)
        assert agent.public_address() == (PUBLIC_IP, 5060, "")
        await agent.stop()

    run(main())
    assert len([r for r in caplog.records if "sees us at 198.51.100.77" in r.getMessage()]) == 1


def test_a_stun_server_is_found_by_name_later_and_elsewhere() -> None:
    async def main() -> None:
        zone = Zone({})
        network, _, agent, _ = await house(stun_server="stun.example.com", dns=zone, **EVERYBODY)
        StunServer(network, (PUBLIC_IP, 5060))
        await asyncio.sleep(30)
        assert agent.public_address() is None and set(zone.asked) <= {("stun.example.com", k) for k in ("A", "AAAA")}
        zone.records[("stun.example.com", "A")] = [STUN[0]]
        await asyncio.sleep(60)
        assert agent.public_address() == (PUBLIC_IP, 5060, "stun.example.com")
        moved = StunServer(network, ("198.51.100.6", 5060), ("192.0.2.4", 3478))
        zone.records[("stun.example.com", "A")] = ["192.0.2.4"]
        await asyncio.sleep(660)
        assert moved.asked and agent.public_address() == ("198.51.100.6", 5060, "stun.example.com")
        await agent.stop()

    run(main())


def test_a_router_with_another_port_for_every_peer_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", OUTSIDE), stun_server="192.0.2.3", **EVERYBODY)
        StunServer(network, (PUBLIC_IP, 40000))
        outside = Phone(network, OUTSIDE, "201")
        await asyncio.sleep(1)
        for port, notices in ((40000, 0), (40123, 1), (40124, 1), (40000, 0)):
            invite = caller.invite("201")
            caller.send(invite)
            rung = await outside.expect("INVITE")
            seen = rung.replace(";rport", f";rport={port};received={PUBLIC_IP}")
            outside.answer(seen, "486 Busy Here", tag="b")
            caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
            assert len([n for n in agent.notices() if "symmetric NAT" in n.en and "NAT simétrico" in n.es]) == notices
        await agent.stop()

    run(main())
    assert len([r for r in caplog.records if "symmetric NAT" in r.getMessage()]) == 1


def test_a_phones_stun_on_the_sip_port_is_answered_and_noise_is_not() -> None:
    async def main() -> None:
        network, _, agent, phone = await house()
        got: list[bytes] = []
        network.ends[NAT] = lambda data, source: got.append(data)
        ask = b"\0\1\0\0\x21\x12\xa4\x42" + bytes(range(12))
        for data in (ask, ask[:19], ask[:3] + b"\4" + ask[4:], b"\1\1\0\0" + ask[4:], b"\0" * 40, b"\r\n\r\n", b""):
            network.send(data, NAT, PBX)
        await asyncio.sleep(1)
        assert got == [b"\1\1\0\x0c" + ask[4:] + b"\0\x20\0\x08\0\1\xcf\x5a\xea\x12\xd5\x45"]
        phone.send(phone.request("OPTIONS", "sip:10.0.0.1"))
        await phone.expect("SIP/2.0 200")
        await agent.stop()

    run(main())


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
