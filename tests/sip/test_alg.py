"""Routers that rewrite SIP are named, phones that write their outer address themselves are not. Stepped time.

A phone registers, calls and answers pings through a router; what stands in its messages is rewritten by a
pattern, by the router or by the phone itself: for us it looks the same, and only the verdict may tell.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipUser
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Address, Network, Phone, agent_on, header, sdp_of

INNER, OUTER = "192.168.178.20", ("203.0.113.7", 61000)
PLACE = {"inner": f"{INNER}:5060", "outer": f"{OUTER[0]}:{OUTER[1]}"}


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


USERS = {user: SipUser(user, "", md5(f"{user}:tipring:pw"), "") for user in ("201", "202")}


@dataclass(frozen=True)
class Pattern:
    """What is rewritten. first: in a phone's first REGISTER. later: in all it sends after. answers: in its responses.

    parts: "Via", "Contact", "Call-ID", "c=", "o=", and "media" for a c= line of its own under m=.
    """

    first: str = ""
    later: str = ""
    answers: str = ""
    fixes_length: bool = True


def always(parts: str, answers: str = "", *, fixes_length: bool = True) -> Pattern:
    return Pattern(parts, parts, answers, fixes_length)


def rewritten(text: str, parts: str, fixes_length: bool) -> str:
    head, _, body = text.partition("\r\n\r\n")
    for name in ("Via", "Contact", "Call-ID"):
        if name in parts:
            head = re.sub(
                rf"^({name}:.*?){re.escape(INNER)}(:5060)?",
                lambda m: m.group(1) + (PLACE["outer"] if m.group(2) else OUTER[0]),
                head,
                flags=re.M,
            )
    for kind in ("c=", "o="):
        if kind in parts:
            body = re.sub(rf"^({kind}.*?){re.escape(INNER)}", rf"\g<1>{OUTER[0]}", body, flags=re.M)
    if "media" in parts:
        body = re.sub(r"^(m=audio.*)$", rf"\1\nc=IN IP4 {OUTER[0]}\r", body, flags=re.M)
    if fixes_length:
        head = re.sub(r"^Content-Length:.*$", f"Content-Length: {len(body)}\r", head, flags=re.M)
    return f"{head.rstrip()}\r\n\r\n{body}"


class NatPhone(Phone):
    """A phone at INNER behind OUTER, in a home network of several."""

    def __init__(self, network: Network, pattern: Pattern, user: str = "201", outer: Address = OUTER) -> None:
        super().__init__(network, INNER, user, outer)
        self.pattern = pattern
        self._begun = False

    def send(self, text: str, target: Address = ("10.0.0.1", 5060)) -> None:
        pattern = self.pattern
        parts = pattern.later if self._begun else pattern.first
        if text.startswith("SIP/2.0"):
            parts = pattern.answers
        self._begun = True
        super().send(rewritten(text, parts, pattern.fixes_length), target)

    async def register(self) -> None:
        call_id = f"{self.new()}@{INNER}"
        self.send(self.request("REGISTER", "sip:10.0.0.1", call_id=call_id, to=f"<sip:{self.user}@10.0.0.1>"))
        refused = await self.expect("SIP/2.0 401")
        challenge = next(line for line in re.findall(r"^WWW-Authenticate: (.*)\r$", refused, re.M) if "MD5" in line)
        nonce = re.search(r'nonce="(\w+)"', challenge)
        assert nonce
        a1, a2 = md5(f"{self.user}:tipring:pw"), md5("REGISTER:sip:10.0.0.1")
        answer = md5(f"{a1}:{nonce.group(1)}:00000001:c:auth:{a2}")
        line = (
            f'Authorization: Digest username="{self.user}", realm="tipring", nonce="{nonce.group(1)}", '
            f'uri="sip:10.0.0.1", response="{answer}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"\r\n'
        )
        to = f"<sip:{self.user}@10.0.0.1>"
        self.send(self.request("REGISTER", "sip:10.0.0.1", call_id=call_id, cseq=2, to=to, headers=line))
        await self.expect("SIP/2.0 200")

    async def call(self, body: str = "") -> None:
        invite = self.invite("300", call_id=f"{self.new()}@{INNER}", body=body or sdp_of(INNER))
        self.send(invite)
        await self.expect("SIP/2.0 4")

    async def answer_a_ping(self) -> None:
        """Only a phone whose Contact shows that it is behind NAT is pinged."""
        if "Contact" not in self.pattern.later:
            self.answer(await self.expect("OPTIONS"), "200 OK", tag="t")


async def start(network: Network, store: BindingStore | None = None) -> SipAgent:
    return await agent_on(network, Bridge(), users=USERS, trusted_networks=("0.0.0.0/0",), store=store)


async def live(phone: NatPhone) -> None:
    """A day in the life of a phone."""
    await phone.register()
    for _ in range(3):
        await phone.call()
        await asyncio.sleep(30)
    await phone.register()
    await phone.call()


def watch(act: Callable[[Network], object], store: BindingStore | None = None) -> list[tuple[str, str]]:
    """The notices (English, Spanish) after `act` has played with an agent on the network."""

    async def main() -> list[tuple[str, str]]:
        network = Network()
        agent = await start(network, store)
        await act(network)  # type: ignore[misc]
        found = [(notice.en, notice.es) for notice in agent.notices()]
        await agent.stop()
        return found

    return run(main())


REWRITING = {
    "Contact only": (always("Contact"), f"it changed Contact but left {INNER}"),
    "Via and Contact": (always("Via Contact"), f"it changed Via, Contact but left {INNER}"),
    "Via, Contact and Call-ID": (always("Via Contact Call-ID"), f"it changed Via, Contact, Call-ID but left {INNER}"),
    "SDP only": (always("c="), f"it changed SDP c= but left {INNER}"),
    "Call-ID": (always("Call-ID"), f"it changed Call-ID but left {INNER}"),
    "SDP without its Content-Length": (always("c= o=", fixes_length=False), "in the SDP but not the Content-Length"),
    "Via, Contact, SDP, no Content-Length": (
        always("Via Contact c=", fixes_length=False), "in the SDP but not the Content-Length",
    ),
    "Call-ID in answers": (always("", "Call-ID"), "answers came back with another Call-ID than"),
}  # fmt: skip

HONEST = {
    "knows nothing": always(""),
    "STUN or outer address everywhere": always("Via Contact Call-ID c= o="),
    "outer address but in Call-ID": always("Via Contact c= o="),
    "outer address in Contact and audio": always("Contact c="),
    "learns its address from our answers": Pattern("", "Via Contact"),
    "learns its Contact only": Pattern("", "Contact"),
    "learns its address, audio by STUN": Pattern("", "Via Contact c= o="),
    "audio by STUN beside the session's address": always("media"),
    "a router that rewrites everything, which does no harm": always("Via Contact Call-ID c= o="),
}


@pytest.mark.parametrize("name", REWRITING)
def test_a_router_that_rewrites_is_named(name: str, caplog: pytest.LogCaptureFixture) -> None:
    pattern, what = REWRITING[name]

    async def act(network: Network) -> None:
        phone = NatPhone(network, pattern)
        await live(phone)
        await phone.answer_a_ping()
        await asyncio.sleep(1)

    with caplog.at_level(logging.WARNING, "firmware.sip.nat"):
        ((en, es),) = watch(act)
    assert en.startswith("The router at 203.0.113.7 rewrites SIP (SIP ALG): ") and what in en and "TLS" in en
    assert es.startswith("El router en 203.0.113.7 reescribe SIP (SIP ALG): ") and "Desactive SIP ALG" in es
    assert [r.getMessage() for r in caplog.records] == [f"sip: {en}"]


@pytest.mark.parametrize("name", HONEST)
def test_a_phone_that_writes_its_outer_address_itself_is_left_alone(name: str) -> None:
    async def act(network: Network) -> None:
        phone = NatPhone(network, HONEST[name])
        await live(phone)
        await phone.answer_a_ping()

    assert watch(act) == []


def test_two_phones_of_one_home_that_differ_are_no_router() -> None:
    async def act(network: Network) -> None:
        await NatPhone(network, always("Via Contact"), "201").register()  # knows its address, has not called yet
        other = NatPhone(network, always(""), "202", (OUTER[0], 61002))
        await live(other)

    assert watch(act) == []


def test_a_learnt_address_that_outlived_our_restart_is_no_router() -> None:
    class Kept(BindingStore):
        def start(self) -> list[Binding]:
            return [Binding("201", f"sip:201@{PLACE['outer']}", "c", 1, time.time() + 900, 1.0, "", *OUTER)]

    async def act(network: Network) -> None:
        await live(NatPhone(network, always("Via Contact")))

    assert watch(act, Kept(None)) == []


def test_a_body_with_an_empty_line_too_many_is_no_router() -> None:
    async def act(network: Network) -> None:
        phone = NatPhone(network, always("Via Contact c= o="))
        await phone.register()
        phone.pattern = always("", fixes_length=False)
        for surplus in ("\r\n", "\0", "\r\n\r\n", "   "):
            phone.send(
                rewritten(phone.invite("300", call_id=f"{phone.new()}@{INNER}"), "Via Contact c= o=", True) + surplus
            )
            await phone.expect("SIP/2.0 4")

    assert watch(act) == []


def test_a_proxy_in_front_of_a_phone_is_no_router() -> None:
    class Proxied(NatPhone):
        def send(self, text: str, target: Address = ("10.0.0.1", 5060)) -> None:
            proxy = f"Via: SIP/2.0/UDP {OUTER[0]}:{OUTER[1]};branch=z9hG4bK{self.new()};rport\r\nVia:"
            super().send(text.replace("Via:", proxy, 1), target)

    async def act(network: Network) -> None:
        await live(Proxied(network, always("")))

    assert watch(act) == []


def test_strangers_cannot_blacken_a_router() -> None:
    async def act(network: Network) -> None:
        phone = NatPhone(network, always("Contact"))
        phone.send(phone.request("REGISTER", "sip:10.0.0.1", to="<sip:201@10.0.0.1>"))
        for _ in range(5):
            await phone.call()

    assert watch(act) == []


def test_our_own_router_is_meant_when_our_own_address_comes_back_changed() -> None:
    async def act(network: Network) -> None:
        phone = NatPhone(network, always(""))
        await phone.register()
        ping = await phone.expect("OPTIONS")
        assert "10.0.0.1:5060" in header(ping, "Via")
        phone.answer(ping.replace("UDP 10.0.0.1:5060", "UDP 198.51.100.5:5060"), "200 OK", tag="t")
        await asyncio.sleep(1)

    ((en, es),) = watch(act)
    assert en.startswith("Our own router rewrites SIP") and "another Via than" in en
    assert es.startswith("Nuestro propio router reescribe SIP")


def test_an_answer_with_other_blanks_and_case_is_no_router() -> None:
    async def act(network: Network) -> None:
        phone = NatPhone(network, always(""))
        await phone.register()
        ping = await phone.expect("OPTIONS")
        for via in ("SIP / 2.0 / UDP 10.0.0.1 : 5060", "SIP/2.0/udp 10.0.0.1"):
            text = ping.replace("SIP/2.0/UDP 10.0.0.1:5060", via).replace(";tag=", " ; TAG = ")
            phone.answer(text, "200 OK")
            ping = await phone.expect("OPTIONS", 60.0)

    assert watch(act) == []


def test_it_is_told_once_a_day_and_gone_when_put_right(caplog: pytest.LogCaptureFixture) -> None:
    async def act(network: Network) -> None:
        agent_phone = NatPhone(network, always("Contact"))
        for _ in range(3):
            await live(agent_phone)
        await asyncio.sleep(86_500)
        agent_phone.pattern = always("")
        await live(agent_phone)

    with caplog.at_level(logging.WARNING, "firmware.sip.nat"):
        assert watch(act) == []
    assert len(caplog.records) == 1


def test_the_memory_is_bounded_whoever_sends_what() -> None:
    async def main() -> None:
        network = Network()
        agent = await start(network)
        for n in range(2000):
            phone = NatPhone(network, always("Contact"), "201", (f"8.{n // 250}.{n % 250}.1", 5060))
            phone.send(phone.invite("300"))
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        assert len(agent._nat._alg._networks) == 256 and agent.notices() == []
        await agent.stop()

    run(main())
