"""IPv6 addresses in every place of a message: the torture messages of RFC 5118, and calls between IPv6 hosts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.messages.headers import parse_via, split_host_port
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri, same_uri
from firmware.sip.settings import SipSettings
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.pairs import USERS, Address, Network, PipeTransport, header, settle
from tests.sip.stream_phone import StreamPhone, stream_house
from tests.sip.test_calls import EMPTY

TORTURE = Path(__file__).parent / "rfc5118"

# file: the status that is right for a house that trusts the sender but wants a password for REGISTER
VERDICTS = {
    "ipv4-mapped-ipv6": 488,  # G.726 and video only, which we do not speak; no fault in the message
    "ipv6-bad": 400,
    "ipv6-bug-abnf-3-colons": 400,
    "ipv6-correct-abnf-2-colons": 200,
    "ipv6-good": 401,
    "ipv6-in-sdp": 488,
    "mult-ip-in-header": 481,
    "mult-ip-in-sdp": 100,
    "port-ambiguous": 401,
    "port-unambiguous": 401,
    "via-received-param-no-delim": 200,
    "via-received-param-with-delim": 481,
}
HOUSES = {"ipv4": ("192.0.2.1", "192.0.2.9"), "ipv6": ("2001:db8::10", "2001:db8::9:1")}
"""Our address and the sender's."""
SENT_BY_PORTS = (6050, 19823)
"""Where two of the messages want their answer."""


class Sender:
    """A raw peer at an address of either family. ports: where else it listens."""

    def __init__(self, network: Network, address: Address, house: Address, *ports: int) -> None:
        self.network, self.address, self.house = network, address, house
        self.got: list[str] = []
        for port in (address[1], *ports):
            network.ends[address[0], port] = lambda data, source: self.got.append(data.decode("latin-1"))

    def send(self, data: bytes | str) -> None:
        self.network.send(data.encode() if isinstance(data, str) else data, self.address, self.house)

    def options(self) -> str:
        place = f"[{self.address[0]}]" if ":" in self.address[0] else self.address[0]
        return (
            f"OPTIONS sip:house SIP/2.0\r\nVia: SIP/2.0/UDP {place};branch=z9hG4bKalive;rport\r\nMax-Forwards: 70\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:house>\r\nCall-ID: alive\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )


async def house_at(family: str) -> tuple[SipAgent, Bridge, Sender]:
    ours, theirs = HOUSES[family]
    network, bridge = Network(), Bridge(manual=True)
    settings = SipSettings(listen_ip=ours, trusted_networks=("192.0.2.0/24", "2001:db8::/32"))
    agent = SipAgent(
        settings,
        USERS,
        FakeEngine(),
        bridge,
        BindingStore(None),
        open_transport=lambda receiver: PipeTransport(network, receiver, (ours, 5060)),
    )
    await agent.start()
    return agent, bridge, Sender(network, (theirs, 5060), (ours, 5060), *SENT_BY_PORTS)


@pytest.mark.parametrize("family", HOUSES)
@pytest.mark.parametrize("name", VERDICTS)
def test_torture_message(name: str, family: str) -> None:
    wanted = VERDICTS[name]
    if name == "mult-ip-in-sdp" and family == "ipv6":
        wanted = 488  # its audio is on IPv4, where a house of IPv6 alone cannot send

    async def main() -> None:
        agent, bridge, sender = await house_at(family)
        sender.send((TORTURE / f"{name}.dat").read_bytes())
        await asyncio.sleep(0.1)
        assert [int(text[8:11]) for text in sender.got] == [wanted]
        assert len(bridge.arrived) == (wanted == 100)
        sender.got.clear()
        sender.send(sender.options())
        await asyncio.sleep(0.1)
        assert [text[:12] for text in sender.got] == ["SIP/2.0 200 "]
        for leg in bridge.arrived:
            leg.release(Cause.USER_BUSY)
        assert await settle(agent) == EMPTY
        assert not agent.registrations()

    run(main())


def test_torture_covers_every_file() -> None:
    assert {file.stem for file in TORTURE.glob("*.dat")} == set(VERDICTS)


@pytest.mark.parametrize("received", ["2001:db8::9:255", "[2001:db8::9:255]"])
def test_a_peers_received_parameter_is_read_with_and_without_brackets(received: str) -> None:
    via = parse_via(f"SIP/2.0/UDP [2001:db8::9:1]:6050;received={received};branch=z9hG4bKas3")
    assert (via.host, via.port, via.branch) == ("[2001:db8::9:1]", 6050, "z9hG4bKas3")


def test_our_received_parameter_has_no_brackets_and_only_stands_where_it_says_something() -> None:
    via = parse_via("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1")
    assert via.received_from("2001:db8::9:1", 5060) == "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1"
    assert via.received_from("2001:db8::7", 5060).endswith(";received=2001:db8::7")
    asked = parse_via("SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK1;rport")
    assert asked.received_from("2001:db8::9:1", 5062).endswith(";rport=5062;received=2001:db8::9:1")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[2001:DB8::1]", ("[2001:db8::1]", 0)),
        ("[2001:db8::1]:5070", ("[2001:db8::1]", 5070)),
        ("[::ffff:192.0.2.1]:1", ("[::ffff:192.0.2.1]", 1)),
        ("[::]", ("[::]", 0)),
        ("192.0.2.1:5060", ("192.0.2.1", 5060)),
    ],
)
def test_host_and_port(text: str, place: tuple[str, int]) -> None:
    assert split_host_port(text) == place


@pytest.mark.parametrize(
    "text",
    ["2001:db8::1", "[2001:db8::1", "2001:db8::1]", "[]", "[:]", "[2001:db8:::1]", "[1.2.3.4]", "[::1]5060", "[::1]:",
     "[::1]:0", "[::1]:65536", "[::1%eth0]", "[::g]", "[[::1]]", "[::1]:5060:5060", "[1:2:3:4:5:6:7:8:9]", "host:"],
)  # fmt: skip
def test_what_is_no_host_and_port(text: str) -> None:
    for read in (lambda: split_host_port(text), lambda: parse_uri(f"sip:a@{text}"),
                 lambda: parse_via(f"SIP/2.0/UDP {text};branch=z9hG4bK1")):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            read()
        assert refused.value.status == 400


def test_equal_addresses_are_equal_however_they_are_written() -> None:
    assert same_uri(parse_uri("sip:a@[2001:DB8:0::1]"), parse_uri("sip:a@[2001:db8::0:1]"))
    assert same_uri(parse_uri("sip:[::ffff:192.0.2.1]"), parse_uri("sip:[::FFFF:c000:0201]"))
    assert not same_uri(parse_uri("sip:a@[2001:db8::1]"), parse_uri("sip:a@[2001:db8::2]"))


INVITE = (
    "INVITE sip:201@[2001:db8::10] SIP/2.0\r\nVia: SIP/2.0/UDP [2001:DB8:0::9:1]:5060;branch=z9hG4bK7;rport\r\n"
    "Record-Route: <sip:[2001:db8::77]:5070;lr>, <sip:[2001:db8::78];lr>\r\n"
    "From: <sip:eva@[2001:db8::9:1]>;tag=e\r\nTo: <sip:201@[2001:db8::10]>\r\nCall-ID: six\r\nCSeq: 1 INVITE\r\n"
    "Max-Forwards: 70\r\nContact: <sip:eva@[2001:db8::9:1]:5066>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"
)
SDP = (
    "v=0\r\no=eva 1 1 IN IP6 2001:db8::9:1\r\ns=\r\nc=IN IP6 2001:db8::9:1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
)  # fmt: skip


def test_a_call_between_ipv6_hosts_with_ipv6_everywhere() -> None:
    async def main() -> None:
        agent, bridge, sender = await house_at("ipv6")
        proxy = Sender(sender.network, ("2001:db8::77", 5070), sender.house)
        sender.send(INVITE.format(length=len(SDP), body=SDP))
        await asyncio.sleep(0.1)
        bridge.arrived[0].accept()
        await asyncio.sleep(0.1)
        ok = sender.got[-1]
        assert ok.startswith("SIP/2.0 200 ")
        assert header(ok, "Via").startswith("SIP/2.0/UDP [2001:db8:0::9:1]:5060;branch=z9hG4bK7;rport=5060")
        assert "Record-Route: <sip:[2001:db8::77]:5070;lr>\r\nRecord-Route: <sip:[2001:db8::78];lr>\r\n" in ok
        assert header(ok, "Contact") == "<sip:[2001:db8::10]:5060>"
        assert ok.count(" IN IP6 2001:db8::10\r\n") == 1 and "c=IN IP6 2001:db8::10\r\n" in ok
        ack = ok.partition("Contact:")[0].replace("SIP/2.0 200 OK", "ACK sip:[2001:db8::10]:5060 SIP/2.0")
        sender.send(ack.replace("1 INVITE", "1 ACK").replace("z9hG4bK7", "z9hG4bK8") + "Content-Length: 0\r\n\r\n")
        await asyncio.sleep(0.1)
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        await asyncio.sleep(0.1)
        (bye,) = proxy.got
        assert bye.startswith("BYE sip:eva@[2001:db8::9:1]:5066 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::10]:5060;")
        assert "Route: <sip:[2001:db8::77]:5070;lr>\r\nRoute: <sip:[2001:db8::78];lr>\r\n" in bye
        head = "".join(f"{line}\r\n" for line in bye.split("\r\n") if line.startswith(("Via", "From", "To", "C")))
        proxy.send(f"SIP/2.0 200 OK\r\n{head}\r\n")
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize("name", VERDICTS)
def test_torture_message_over_tcp(name: str) -> None:
    """The same verdicts on a stream: answered on its connection whatever the Via says, then an OPTIONS."""

    async def main() -> None:
        bridge = Bridge(manual=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        phone.send((TORTURE / f"{name}.dat").read_bytes().decode("latin-1"))
        await asyncio.sleep(0.1)
        assert [int(text[8:11]) for text in phone.all] == [VERDICTS[name]]
        phone.send(phone.request("OPTIONS", "sip:pbx"))
        await phone.expect("SIP/2.0 200", 1.0)
        for leg in bridge.arrived:
            leg.release(Cause.USER_BUSY)
        phone.hang_up()
        await asyncio.sleep(70)
        counts = agent.debug()
        assert counts["legs"] == counts["dialogs"] == counts["client"] == counts["server"] == 0
        await agent.stop()

    run(main())
