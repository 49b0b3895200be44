"""IPv6 and IPv4 side by side: SIP on UDP and TCP, and audio through the true engine, over ::1 and 127.0.0.1."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.media.engine import Engine
from firmware.sip.agent import SipAgent
from firmware.sip.transports.hop import next_hop
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.transport import host_text
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, PipeTransport, header, sdp_of
from tests.sip.stream_phone import StreamPhone, idle, stream_house, until
from tests.sip.test_agent_with_sipp import HERE, inf

BOTH = {"listen_ip": "127.0.0.1", "listen_ip6": "::1"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        first = min(probe.getsockname()[1], 64000)
    engine = Engine(rtp_ports=range(first, first + 60))
    engine.start()
    yield engine
    engine.stop()


async def sipp(agent: SipAgent, kind: str, folder: Path, *arguments: str) -> None:
    """Run sipp against the agent over IPv6. kind: sipp's, such as t1."""
    port = agent.port_of("TCP" if kind.startswith("t") else "UDP")
    process = await asyncio.create_subprocess_exec(
        "sipp", f"[::1]:{port}", "-i", "[::1]", "-t", kind, "-nostdin", "-timeout", "10", "-timeout_error", *arguments,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode(errors="replace")[-3000:]


@pytest.mark.parametrize("kind", ["u1", "t1"])
def test_sipp_registers_and_calls_over_ipv6(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge, "::1", trusted_networks=())
        users = ("-inf", str(inf(tmp_path, "pw")))
        await sipp(agent, kind, tmp_path, "-sf", str(HERE / "register.xml"), *users, "-m", "1")
        (registration,) = agent.registrations()
        assert registration.source.startswith("[::1]:")
        await sipp(agent, kind, tmp_path, "-sf", str(HERE / "uac_digest.xml"), "-s", "600", *users, "-m", "20")
        assert bridge.names().count("released") == 20 and idle(agent)
        await agent.stop()

    asyncio.run(main())


def test_addresses_stand_in_brackets_where_a_port_may_follow_and_nowhere_else() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(echo=True), "::1")
        phone = await StreamPhone(agent, ip="::1").connect()
        _, ok = await phone.call("600")
        port = agent.port_of("TCP")
        assert re.search(r"SIP/2.0/TCP \[::1\]:\d+;branch=.*;rport=\d+;received=::1$", header(ok, "Via"))
        assert header(ok, "Contact") == f"<sip:[::1]:{port};transport=tcp>"
        assert "c=IN IP6 ::1\r\n" in ok and re.search(r"^o=\S+ \d+ \d+ IN IP6 ::1\r$", ok, re.MULTILINE)
        await agent.stop(0.0)

    asyncio.run(main())


@pytest.mark.parametrize("listen", [BOTH, {"listen_ip": "0.0.0.0", "listen_ip6": "::"}])
def test_both_families_share_one_port_number(listen: dict[str, str]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **listen)
        for ip in ("127.0.0.1", "::1"):
            phone = StreamPhone(agent, ip=ip)
            await phone.connect()
            phone.send(phone.request("OPTIONS", "sip:pbx"))
            await phone.expect("SIP/2.0 200")
        assert len({place.port for place in agent.listening() if place.transport == "TCP"}) == 1
        assert agent.listening()[0].addresses == [listen["listen_ip"], f"[{listen['listen_ip6']}]"]
        await agent.stop()

    asyncio.run(main())


def audio_socket(ip: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((ip, 0))
    sock.setblocking(False)
    return sock


def audio_place(sdp: str) -> tuple[str, int]:
    """Where the house receives audio."""
    connection, port = re.search(r"^c=IN IP[46] (\S+)\r", sdp, re.MULTILINE), re.search(r"^m=audio (\d+)", sdp, re.M)
    assert connection and port
    return connection.group(1), int(port.group(1))


async def heard(sender: socket.socket, place: tuple[str, int], listener: socket.socket) -> bytes:
    """The audio of the first packet that gets from `sender` through the house to `listener`."""
    loop = asyncio.get_running_loop()
    for number in range(200):
        packet = struct.pack("!BBHII", 0x80, 8, number, 160 * number, 7) + bytes([number % 250 + 1]) * 160
        await loop.sock_sendto(sender, packet, place)
        try:
            async with asyncio.timeout(0.05):
                return (await loop.sock_recv(listener, 2048))[12:]
        except TimeoutError:
            continue
    raise AssertionError("nothing was heard")


@pytest.mark.parametrize(
    ("ip", "audio_ip", "other_ip"),
    [
        ("::1", "::1", "::1"),
        ("::1", "::1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1", "::1"),
        ("::1", "127.0.0.1", "::1"),
        ("127.0.0.1", "::1", "127.0.0.1"),
    ],
)
def test_audio_flows_between_phones_of_any_family(engine: Engine, ip: str, audio_ip: str, other_ip: str) -> None:
    """audio_ip: a caller's audio need not be of the family of its signalling (RFC 6157 4.1); PJSIP calls like that."""

    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge, engine=engine, **BOTH)
        caller = await StreamPhone(agent, ip=ip).connect()
        phone = await StreamPhone(agent, "201", ip=other_ip).connect()
        await phone.register()
        with audio_socket(audio_ip) as ear, audio_socket(other_ip) as other_ear:
            caller.send(invite := caller.invite("201", body=sdp_of(audio_ip, port=ear.getsockname()[1])))
            rung = await phone.expect("INVITE")
            phone.answer(rung, "200 OK", tag="b", body=sdp_of(other_ip, port=other_ear.getsockname()[1]))
            caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
            await phone.expect("ACK")
            calling, called = bridge.arrived[0], bridge.told[1][1]
            engine.join(calling.endpoint, called.endpoint)
            assert audio_place(ok)[0] == audio_ip and audio_place(rung)[0] == other_ip
            assert await heard(ear, audio_place(ok), other_ear)
            assert await heard(other_ear, audio_place(rung), ear)
            caller.send(caller.inside("BYE", invite, ok, 2))
            phone.answer(await phone.expect("BYE"), "200 OK")
            await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_audio_of_a_family_we_do_not_listen_on_is_not_acceptable_here() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(echo=True), "::1")
        phone = await StreamPhone(agent, ip="::1").connect()
        phone.send(phone.invite("600", body=sdp_of("127.0.0.1")))
        await phone.expect("SIP/2.0 488")
        assert idle(agent)
        await agent.stop()

    asyncio.run(main())


SOURCE = ("2001:db8::7", 40000)
DUAL: Any = OwnAddresses(("0.0.0.0", "::"))
ONLY_4: Any = OwnAddresses(("0.0.0.0",))


@pytest.mark.parametrize(
    ("uri", "source", "own", "address"),
    [
        ("sip:a@[2001:db8::7]:5070", SOURCE, DUAL, ("2001:db8::7", 5070)),
        ("sip:a@[2001:0DB8:0::7]", SOURCE, DUAL, ("2001:db8::7", 5060)),
        ("sip:a@[2a00:1450::5]:5070", SOURCE, DUAL, ("2a00:1450::5", 5070)),
        ("sip:a@[fd00::5]:5070", SOURCE, DUAL, SOURCE),  # of a private network that is not the source's
        ("sip:a@[::]:5070", SOURCE, DUAL, SOURCE),
        ("sip:a@[ff02::1]:5070", SOURCE, DUAL, SOURCE),
        ("sip:a@[fe80::9]:5070", ("fe80::9%eth0", 40000), DUAL, ("fe80::9%eth0", 5070)),
        ("sip:a@8.8.8.8", SOURCE, DUAL, ("8.8.8.8", 5060)),
        ("sip:a@[2a00:1450::5]", ("203.0.113.7", 40000), ONLY_4, ("203.0.113.7", 40000)),
    ],
)
def test_where_requests_go(uri: str, source: tuple[str, int], own: Any, address: tuple[str, int]) -> None:
    transport = PipeTransport(Network(), None, ("2001:db8::1", 5060))
    transport.own = own
    assert next_hop(uri, transport, source).address == address


def test_zones_of_link_local_addresses_stay_in_the_house() -> None:
    assert host_text("fe80::9%eth0") == "[fe80::9]"
