"""Calls to any SIP URI, the door for trunks: finding servers, failing over, challenges, redirections elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

import pytest

from firmware.sip.accounts.signer import Credentials
from firmware.sip.agent import SipAgent
from firmware.sip.dns.answers import Srv
from firmware.sip.messages.status import Refusal
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY
from tests.sip.test_dns_locate import Zone
from tests.sip.test_redirections import answer_302

OPERATOR = "sip:+34911234567@operator.example.com"
ZONE: dict[tuple[str, str], list[Any]] = {
    ("_sip._udp.operator.example.com", "SRV"): [Srv(1, 1, 5060, "a.example.com"), Srv(2, 1, 5060, "b.example.com")],
    ("a.example.com", "A"): ["10.0.0.71"],
    ("b.example.com", "A"): ["10.0.0.72"],
}
US = Credentials("customer", "geheim")


class Site:
    """An agent, the operator's two servers, and a leg placed by `call`."""

    def __init__(self, network: Network, bridge: Bridge, agent: SipAgent) -> None:
        self.network = network
        self.bridge = bridge
        self.agent = agent
        self.first, self.second = Phone(network, "10.0.0.71", "op"), Phone(network, "10.0.0.72", "op")

    @classmethod
    async def open(cls, **settings: Any) -> Site:
        network, bridge = Network(), Bridge(manual=True)
        settings.setdefault("dns", Zone(ZONE))
        agent = await agent_on(network, bridge, **settings)
        return cls(network, bridge, agent)

    def call(self, uri: str = OPERATOR, credentials: Credentials | None = US) -> Leg:
        leg = self.agent.call_uri(uri, credentials)
        assert leg is not None
        leg.place(CallRequest("1", Party("201", "Ana"), Party("+34911234567")))
        return leg

    async def hang_up(self, phone: Phone, leg: Leg) -> None:
        leg.release(Cause.NORMAL_CLEARING)
        phone.answer(await phone.expect("BYE"), "200 OK")

    async def nothing_left(self) -> None:
        assert await settle(self.agent, 140) == EMPTY


def signed_for(text: str, password: str = "geheim", *, header_name: str = "Proxy-Authorization") -> dict[str, str]:
    """The parameters of the credentials in `text`, after proof that they are right for it; computed here on its own."""
    value = header(text, header_name)
    found = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', value)}
    h = hashlib.sha256 if found["algorithm"] == "SHA-256" else hashlib.md5

    def hashed(*what: str) -> str:
        return h(":".join(what).encode()).hexdigest()

    method, uri = text.split()[:2]
    method = "INVITE" if method == "ACK" else method
    assert found["username"] == "customer" and found["uri"] == (uri if method != "INVITE" else found["uri"])
    ha1, ha2 = hashed("customer", found["realm"], password), hashed(method, found["uri"])
    assert found["response"] == hashed(ha1, found["nonce"], found["nc"], found["cnonce"], found["qop"], ha2)
    return found


def challenge(nonce: str, *, stale: bool = False, name: str = "Proxy-Authenticate", realm: str = "op") -> str:
    late = ",stale=true" if stale else ""
    return "".join(
        f'{name}: Digest realm="{realm}",nonce="{nonce}",algorithm={algorithm},qop="auth"{late}\r\n'
        for algorithm in ("SHA-256", "MD5")
    )


def test_a_call_to_an_operator_is_found_signed_answered_and_ended() -> None:
    async def main() -> None:
        site = await Site.open()
        leg = site.call()
        op = site.first
        plain = await op.expect(f"INVITE {OPERATOR} SIP/2.0")
        assert "Authorization" not in plain and header(plain, "To").startswith("<sip:")
        op.answer(plain, "407 Proxy Authentication Required", tag="c", headers=challenge("n1"))
        ack = await op.expect("ACK")
        assert "Authorization" not in ack
        signed = await op.expect(f"INVITE {OPERATOR} SIP/2.0")
        for name in ("Call-ID", "From", "To", "Contact"):
            assert header(signed, name) == header(plain, name)
        assert header(signed, "CSeq") == "2 INVITE" and header(signed, "Via") != header(plain, "Via")
        found = signed_for(signed)
        assert found["algorithm"] == "SHA-256" and found["nc"] == "00000001"
        op.answer(signed, "183 Session Progress", tag="d", body=sdp_of("10.0.0.71"))
        op.answer(signed, "200 OK", tag="d", body=sdp_of("10.0.0.71"))
        ack = await op.expect("ACK")
        assert header(ack, "Proxy-Authorization") == header(signed, "Proxy-Authorization")  # RFC 3261 22.1
        assert header(ack, "CSeq") == "2 ACK"
        leg.release(Cause.NORMAL_CLEARING)
        bye = await op.expect("BYE")
        assert signed_for(bye)["nc"] == "00000002" and header(bye, "CSeq") == "3 BYE"
        op.answer(bye, "200 OK")
        assert site.bridge.names() == ["progress", "answered", "released"]
        await site.nothing_left()

    run(main())


def test_a_wrong_password_stops_after_one_try_and_a_stale_nonce_does_not() -> None:
    async def main() -> None:
        site = await Site.open()
        site.call()
        op = site.first
        op.answer(await op.expect("INVITE"), "407 x", tag="1", headers=challenge("n1"))
        op.answer(await op.expect("INVITE"), "407 x", tag="2", headers=challenge("n2", stale=True))
        third = await op.expect("INVITE")
        assert signed_for(third)["nonce"] == "n2" and header(third, "CSeq") == "3 INVITE"
        op.answer(third, "407 x", tag="3", headers=challenge("n3"))
        await site.nothing_left()
        assert len(site.network.sent(PBX, "INVITE")) == 3
        assert site.bridge.causes() == [Cause.CALL_REJECTED]
        site.bridge.told.clear()
        site.call(credentials=Credentials("customer", "falsch"))
        op.answer(await op.expect("INVITE"), "401 x", tag="4", headers=challenge("m1", name="WWW-Authenticate"))
        second = await op.expect("INVITE")
        signed_for(second, "falsch", header_name="Authorization")
        op.answer(second, "401 x", tag="5", headers=challenge("m2", name="WWW-Authenticate"))
        await site.nothing_left()
        assert len(site.network.sent(PBX, "INVITE")) == 5

    run(main())


def test_two_proxies_may_each_want_credentials() -> None:
    async def main() -> None:
        site = await Site.open()
        leg = site.call()
        op = site.first
        op.answer(await op.expect("INVITE"), "407 x", tag="1", headers=challenge("n1", realm="edge"))
        again = await op.expect("INVITE")
        assert signed_for(again)["realm"] == "edge"
        op.answer(again, "407 x", tag="2", headers=challenge("n2", realm="core"))
        third = await op.expect("INVITE")
        realms = re.findall(r'^Proxy-Authorization: .*realm="(\w+)"', third, re.MULTILINE)
        assert realms == ["edge", "core"]
        op.answer(third, "200 OK", tag="3", body=sdp_of("10.0.0.71"))
        await op.expect("ACK")
        await site.hang_up(op, leg)
        await site.nothing_left()

    run(main())


def test_without_credentials_a_challenge_is_a_refusal() -> None:
    async def main() -> None:
        site = await Site.open()
        site.call(credentials=None)
        site.first.answer(await site.first.expect("INVITE"), "407 x", tag="1", headers=challenge("n1"))
        await site.nothing_left()
        assert len(site.network.sent(PBX, "INVITE")) == 1
        assert [entry[1].sip_status for entry in site.bridge.told if entry[0] == "released"] == [407]

    run(main())


def test_a_challenge_after_we_hung_up_is_not_answered() -> None:
    async def main() -> None:
        site = await Site.open()
        leg = site.call()
        invite = await site.first.expect("INVITE")
        leg.release(Cause.NORMAL_CLEARING)
        site.first.answer(invite, "407 x", tag="1", headers=challenge("n1"))
        await site.first.expect("ACK")
        await site.nothing_left()
        assert len(site.network.sent(PBX, "INVITE")) == 1

    run(main())


async def talking(site: Site, **settings: Any) -> tuple[Leg, str]:
    leg = site.call()
    op = site.first
    op.answer(await op.expect("INVITE"), "407 x", tag="1", headers=challenge("n1"))
    invite = await op.expect("INVITE")
    op.answer(invite, "200 OK", tag="2", body=sdp_of("10.0.0.71"), headers="Allow: INVITE, ACK, BYE, UPDATE\r\n")
    await op.expect("ACK")
    return leg, invite


def test_a_bye_with_a_nonce_that_is_too_old_is_sent_again() -> None:
    async def main() -> None:
        site = await Site.open()
        leg, _ = await talking(site)
        op = site.first
        leg.release(Cause.NORMAL_CLEARING)
        op.answer(await op.expect("BYE"), "407 x", headers=challenge("n9", stale=True))
        bye = await op.expect("BYE")
        found = signed_for(bye)
        assert found["nonce"] == "n9" and found["nc"] == "00000001" and header(bye, "CSeq") == "4 BYE"
        assert header(bye, "Reason") == "Q.850;cause=16"
        op.answer(bye, "407 x", headers=challenge("n10"))
        await site.nothing_left()
        assert len(site.network.sent(PBX, "BYE")) == 2

    run(main())


def test_a_session_refresh_with_a_nonce_that_is_too_old_is_sent_again_and_the_call_lives_on() -> None:
    async def main() -> None:
        site = await Site.open(session_expires_s=90)
        leg, _ = await talking(site)
        op = site.first
        op.answer(await op.expect("UPDATE", 100), "407 x", headers=challenge("n2", stale=True))
        update = await op.expect("UPDATE")
        assert signed_for(update)["nonce"] == "n2"
        op.answer(update, "200 OK", headers="Session-Expires: 90;refresher=uac\r\n")
        await asyncio.sleep(1)
        assert not site.bridge.causes()
        await site.hang_up(op, leg)
        await site.nothing_left()

    run(main())


@pytest.mark.parametrize("failure", ["503 Service Unavailable", "silence", "unreachable"])
def test_the_next_server_is_tried_when_one_fails_and_first_next_time(failure: str) -> None:
    async def main() -> None:
        site = await Site.open()
        transport = site.agent._context.transports["UDP"]
        send = transport.send
        if failure == "unreachable":
            transport.send = lambda data, to: to[0] != "10.0.0.71" and send(data, to)  # type: ignore[method-assign]
        leg = site.call()
        if failure[0] == "5":
            site.first.answer(await site.first.expect("INVITE"), failure, tag="1")
        invite = await site.second.expect("INVITE")
        assert invite.startswith(f"INVITE {OPERATOR} SIP/2.0")
        site.second.answer(invite, "200 OK", tag="2", body=sdp_of("10.0.0.72"))
        await site.second.expect("ACK")
        await site.hang_up(site.second, leg)
        tried = len(site.first.all)
        leg = site.call()
        site.second.answer(await site.second.expect("INVITE"), "486 Busy Here", tag="3")
        await site.nothing_left()
        assert len(site.first.all) == tried

    run(main())


def test_a_server_that_says_when_to_come_back_is_left_alone_until_then() -> None:
    async def main() -> None:
        site = await Site.open()
        for phone in (site.first, site.second):
            phone.react = lambda text, _, phone=phone: (
                phone.answer(text, "503 Full", tag="x", headers="Retry-After: 120 (lunch);duration=60\r\n")
                if text.startswith("INVITE")
                else None
            )
        site.call()
        await asyncio.sleep(1)
        assert [len(site.network.sent(PBX, f"{m}")) for m in ("INVITE",)] == [2]
        site.call()
        await asyncio.sleep(60)
        assert len(site.network.sent(PBX, "INVITE")) == 2, "nobody is asked before the time"
        assert site.bridge.causes() == [Cause.INTERWORKING, Cause.NETWORK_OUT_OF_ORDER]
        await asyncio.sleep(61)
        site.call()
        await asyncio.sleep(1)
        assert len(site.network.sent(PBX, "INVITE")) == 4
        await site.nothing_left()

    run(main())


def test_a_host_that_cannot_be_found_and_a_call_that_ends_before_it_is() -> None:
    async def main() -> None:
        zone = Zone(ZONE)
        zone.slow_s[("operator.example.com", "NAPTR")] = 3.0
        site = await Site.open(dns=zone)
        site.call("sip:a@nowhere.example.com")
        await asyncio.sleep(6)
        assert site.bridge.causes() == [Cause.NETWORK_OUT_OF_ORDER]
        leg = site.call()
        assert site.agent.debug()["lookups"] == 1
        leg.release(Cause.NORMAL_CLEARING)
        await site.nothing_left()
        assert not site.network.log

    run(main())


def test_an_address_is_called_at_once_and_what_is_no_address_is_refused() -> None:
    async def main() -> None:
        site = await Site.open()
        site.call("sip:600@10.0.0.72:5060;user=phone?Subject=x")
        invite = await site.second.expect("INVITE sip:600@10.0.0.72:5060;user=phone SIP/2.0")
        site.second.answer(invite, "486 Busy Here", tag="1")
        for bad in ("tel:600", "http://x", "sip:", "600"):
            with pytest.raises(Refusal):
                site.agent.call_uri(bad)
        await site.nothing_left()

    run(main())


# -- redirections to other houses ------------------------------------------------------------
async def redirecting(policy: str) -> tuple[Site, Phone, Phone, str]:
    """User 201's telephone rings; (site, telephone, caller, the INVITE that rings)."""
    network, bridge = Network(), Bridge()
    agent = await agent_on(
        network, bridge, dns=Zone(ZONE), follow_redirects=policy, store=PresetStore(("201", "10.0.0.21"))
    )
    site = Site(network, bridge, agent)
    ana, caller = Phone(network, "10.0.0.21", "201"), Phone(network, "10.0.0.9")
    caller.send(caller.invite("201", call_id="x"))
    return site, ana, caller, await ana.expect("INVITE")


def test_where_the_settings_allow_it_a_call_is_sent_on_anywhere_but_without_credentials() -> None:
    async def main() -> None:
        site, ana, caller, rung = await redirecting("any")
        answer_302(ana, rung, f"<{OPERATOR}>;q=0.5, <sip:7@10.0.0.80>;q=0.9, <sip:8@nowhere.example.com>;q=0.9")
        near = Phone(site.network, "10.0.0.80", "7")
        first = await near.expect("INVITE sip:7@10.0.0.80 SIP/2.0")
        near.answer(first, "486 Busy Here", tag="n")
        sent_on = await site.first.expect(f"INVITE {OPERATOR} SIP/2.0")
        assert header(sent_on, "Diversion") == "<sip:201@10.0.0.1:5060>;reason=unconditional;counter=1"
        site.first.answer(sent_on, "407 x", tag="1", headers=challenge("n1"))
        await caller.expect("SIP/2.0 486")
        assert len(site.network.sent(PBX, f"INVITE {OPERATOR}")) == 1
        await site.nothing_left()

    run(main())


def test_a_caller_who_hangs_up_while_the_new_place_is_looked_up_leaves_nothing_behind() -> None:
    async def main() -> None:
        site, ana, caller, rung = await redirecting("any")
        answer_302(ana, rung, f"<{OPERATOR}>")
        await ana.expect("ACK")
        await asyncio.sleep(0.005)
        assert site.agent.debug()["lookups"] == 1
        for leg in list(site.agent._context.legs):
            leg.release(Cause.NORMAL_CLEARING)
        await caller.expect("SIP/2.0 4")
        await site.nothing_left()
        assert not site.first.all

    run(main())


def test_by_default_a_telephone_cannot_make_us_call_elsewhere() -> None:
    async def main() -> None:
        for policy in ("users", "no"):
            site, ana, caller, rung = await redirecting(policy)
            answer_302(ana, rung, f"<{OPERATOR}>")
            await caller.expect("SIP/2.0 480")
            await site.nothing_left()
            assert not site.first.all and not site.agent._context.locator._names.asked

    run(main())
