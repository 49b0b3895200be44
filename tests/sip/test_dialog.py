"""Dialogs: route sets, targets and where requests go; binding targets behind NAT; shedding load."""

from __future__ import annotations

import asyncio
import re

import pytest

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.transports.hop import next_hop
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, PipeTransport, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

SOURCE = ("203.0.113.7", 40000)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:a@203.0.113.7", ("203.0.113.7", 5060)),
        ("sip:a@203.0.113.7:5070", ("203.0.113.7", 5070)),
        ("sip:a@198.51.100.1:5070", ("198.51.100.1", 5070)),
        ("sip:a@100.64.0.9:5070", SOURCE),
        ("sip:a@8.8.8.8:5070", ("8.8.8.8", 5070)),
        ("sip:a@192.168.1.5:5060", SOURCE),
        ("sip:a@phone.example.com", SOURCE),
        ("sip:a@[::1]:5060", SOURCE),
        ("sip:a@255.255.255.255", SOURCE),
        ("sip:a@224.0.1.75", SOURCE),
        ("sip:a@0.0.0.0", SOURCE),
    ],
)
def test_where_requests_go(uri: str, address: tuple[str, int]) -> None:
    transport = PipeTransport(Network(), None, PBX)
    assert next_hop(uri, transport, SOURCE) == (transport, address)


def test_a_loose_route_set_is_followed_in_order_by_the_answering_side() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        proxy = Phone(network, "10.0.0.50")
        routes = "Record-Route: <sip:10.0.0.50;lr>, <sip:10.0.0.51;lr>\r\n"
        invite = caller.invite("201", headers=routes)
        caller.send(invite)
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        assert re.findall(r"^Record-Route: (.*?)\r$", ok, re.MULTILINE) == [
            "<sip:10.0.0.50;lr>",
            "<sip:10.0.0.51;lr>",
        ]
        caller.ack(invite, ok)
        await asyncio.sleep(0.1)
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        bye = await proxy.expect("BYE sip:caller@10.0.0.9:5060 SIP/2.0")
        assert re.findall(r"^Route: (.*?)\r$", bye, re.MULTILINE) == ["<sip:10.0.0.50;lr>", "<sip:10.0.0.51;lr>"]
        assert header(bye, "To") == header(invite, "From") and header(bye, "From") == header(ok, "To")
        proxy.answer(bye, "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_a_strict_route_takes_the_request_uri_and_the_calling_side_reverses() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone, proxy = Phone(network, "10.0.0.21", "201"), Phone(network, "10.0.0.50")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        routes = "Record-Route: <sip:10.0.0.51;lr>\r\nRecord-Route: <sip:10.0.0.50>\r\n"
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"), headers=routes)
        ack = await proxy.expect("ACK sip:10.0.0.50 SIP/2.0")
        assert re.findall(r"^Route: (.*?)\r$", ack, re.MULTILINE) == ["<sip:10.0.0.51;lr>", "<sip:201@10.0.0.21:5060>"]
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        caller.send(caller.inside("BYE", invite, ok, 2))
        proxy.answer(await proxy.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_a_reinvite_moves_the_target() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        again = caller.inside("INVITE", invite, ok, 2, body=sdp_of("10.0.0.77"))
        again = again.replace("@10.0.0.9:5060>\r\nCon", "@10.0.0.77:5060>\r\nContent-Type: application/sdp\r\nCon")
        caller.send(again)
        caller.ack(again, await caller.expect("SIP/2.0 200"))
        await asyncio.sleep(0.1)
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        assert agent.debug()["dialogs"] == 0
        assert network.sent(PBX, "BYE sip:caller@10.0.0.77:5060")

    run(main())


def test_a_phone_behind_nat_is_rung_where_it_registered_from() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        store = PresetStore()
        place = Binding(
            "201", "sip:201@192.168.1.5:5060;line=7?Route=%3Csip:evil%3E", "c", 1, 4e9, 1.0, "", "1.2.3.4", 41000
        )
        store.start = lambda: [place]  # type: ignore[method-assign]
        agent = await agent_on(network, bridge, store=store)
        caller, phone = Phone(network, "10.0.0.9"), Phone(network, "1.2.3.4", "201")
        network.ends[("1.2.3.4", 41000)] = network.ends.pop(phone.address)
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE sip:201@192.168.1.5:5060;line=7 SIP/2.0")
        assert "evil" not in rung
        phone.answer(rung, "603 Decline", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 603"))
        assert await settle(agent) == EMPTY

    run(main())


def test_too_much_work_is_refused_with_retry_after_while_calls_go_on() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True, max_calls=1)
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        caller.send(caller.invite("201"))
        assert header(await caller.expect("SIP/2.0 503"), "Retry-After")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        caller.send(caller.inside("BYE", invite, ok, 2))
        await caller.expect("SIP/2.0 200")
        assert await settle(agent) == EMPTY

    run(main())


def test_media_events_find_their_leg() -> None:
    from firmware.media.events import FLASH, DigitHeard, MediaTimeout, SourceRefused

    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        leg = bridge.arrived[0]
        leg.accept()
        caller.ack(invite, await caller.expect("SIP/2.0 200"))
        await asyncio.sleep(0.1)
        assert not agent.media_event(DigitHeard(999, "5", "rtp", 80))
        assert agent.media_event(DigitHeard(leg.endpoint, "5", "rtp", 80))
        assert agent.media_event(SourceRefused(leg.endpoint, "6.6.6.6", 6))
        assert ("digit", leg, "5") in bridge.told
        assert agent.media_event(DigitHeard(leg.endpoint, FLASH, "rtp", 80))
        assert bridge.told[-1] == ("flashed", leg)
        leg.send_digit("7", 90)
        assert ("digit", "7", 90) in agent._engine.open[leg.endpoint].calls
        assert agent.media_event(MediaTimeout(leg.endpoint))
        caller.answer(await caller.expect("BYE"), "200 OK")
        assert bridge.causes() == [Cause.RECOVERY_ON_TIMER]
        assert await settle(agent) == EMPTY

    run(main())
