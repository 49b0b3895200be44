"""Which address of ours a peer is told: near or outside, set or learnt by STUN. Over pipes, in stepped time."""

from __future__ import annotations

import asyncio
import logging
import re
from itertools import pairwise

import pytest

from firmware.sip.nat.networks import audio_way, is_private, networks_of_routes
from firmware.sip.transports.own_addresses import OwnAddresses
from tests.fake_time import run
from tests.sip.pairs import PBX, Address, Network, Phone, header, sdp_of
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
        ("::1", "fd00::8", True, "0.0.0.0", "fd00::8"),
        ("fd00::9", "2001:db8::7", True, "0.0.0.0", "2001:db8::7"),
        ("127.0.0.1", "::1", True, "127.0.0.1", ""),  # audio of another family than signalling
        ("127.0.0.1", "2001:db8::7", True, "0.0.0.0", ""),
        ("192.168.1.20", "fd00::8", True, "192.168.1.20", ""),
        ("192.168.1.20", "2001:db8::7", True, "0.0.0.0", ""),
        ("203.0.113.7", "2001:db8::7", True, "203.0.113.7", ""),
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
