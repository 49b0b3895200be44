"""Redirections are followed by rule: to our own users unless the settings say otherwise (RFC 3261 8.1.3.4, 16.7)."""

from __future__ import annotations

import asyncio
import re

import pytest

from firmware.sip.settings import SipUser
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Diversion, Journey
from tests.fake_time import run
from tests.sip.pairs import Network, Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

USERS = {str(user): SipUser(str(user)) for user in range(201, 210)}
ANA, LUIS = ("201", "10.0.0.21"), ("202", "10.0.0.22")


def test_a_redirection_to_another_user_rings_that_user_and_says_who_sent_the_call_on() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(ANA, LUIS)
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        caller.send(invite := caller.invite("201"))
        ana.answer(await ana.expect("INVITE"), "302 Moved", tag="a", headers="Contact: <sip:202@10.0.0.1>\r\n")
        await ana.expect("ACK")
        text = await luis.expect("INVITE sip:202@10.0.0.22:5060")
        assert header(text, "Diversion") == "<sip:201@10.0.0.1:5060>;reason=unconditional;counter=1"
        assert header(text, "To") == "<sip:201@10.0.0.1:5060>"
        luis.answer(text, "200 OK", tag="b", body=sdp_of("10.0.0.22"))
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        luis.answer(await luis.expect("BYE"), "200 OK")
        assert bridge.names().count("answered") == 1
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        ("<tel:202>", "unconditional"),
        ("<sip:202@tipring>", "unconditional"),
        ("<sips:202@10.0.0.1:5060>;q=0.3", "unconditional"),
        ("<sip:202@pbx.example.com>", "unconditional"),
        ("<sip:202@10.0.0.1>\r\nDiversion: <sip:201@x>;reason=do-not-disturb", "do-not-disturb"),
    ],
)
def test_the_forms_that_name_a_user_of_ours(contact: str, reason: str) -> None:
    async def main() -> None:
        network, _, agent, caller = await house(ANA, LUIS, domains=("pbx.example.com",))
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        caller.send(invite := caller.invite("201"))
        rung = await ana.expect("INVITE")
        answer_302(ana, rung, contact)
        text = await luis.expect("INVITE")
        assert f";reason={reason};" in header(text, "Diversion")
        luis.answer(text, "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert await settle(agent) == EMPTY

    run(main())


def answer_302(phone: Phone, request: str, *contacts: str, status: str = "302 Moved") -> None:
    """Only the given Contacts, not the phone's own one."""
    to = header(request, "To") + ";tag=moved"
    lines = "".join(f"Contact: {contact}\r\n" for contact in contacts)
    phone.send(
        f"SIP/2.0 {status}\r\nVia: {header(request, 'Via')}\r\nFrom: {header(request, 'From')}\r\nTo: {to}\r\n"
        f"Call-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n{lines}Content-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("contacts", "settings"),
    [
        (["<sip:202@10.0.0.1>"], {"follow_redirects": "no"}),
        (["<sip:900123456@evil.example.com>"], {}),
        (["<sip:202@10.0.0.1:5090>"], {}),  # another box behind our address
        (["<sip:202@10.0.0.22>"], {}),  # Luis's telephone, but past his registration
        (["<sip:999@10.0.0.1>"], {}),  # nobody
        (["<sip:201@10.0.0.1>"], {}),  # back to itself
        (["<http://evil>", "<mailto:a@b>", "<urn:service:sos>", "not an address at all <"], {}),
        (['"open <sip:202@10.0.0.1>'], {}),
        ([], {}),
    ],
)
def test_what_is_not_followed_is_a_failure(contacts: list[str], settings: dict[str, str]) -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(ANA, LUIS, **settings)
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        caller.send(invite := caller.invite("201"))
        answer_302(ana, await ana.expect("INVITE"), *contacts)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
        assert bridge.causes()[0] is Cause.SUBSCRIBER_ABSENT
        assert not luis.all and sum(text.startswith("INVITE") for text in ana.all) == 1
        assert await settle(agent) == EMPTY

    run(main())


def test_use_proxy_and_alternative_service_are_failures() -> None:
    async def main() -> None:
        for status in ("305 Use Proxy", "380 Alternative Service"):
            network, _, agent, caller = await house(ANA, LUIS)
            ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
            caller.send(invite := caller.invite("201"))
            answer_302(ana, await ana.expect("INVITE"), "<sip:202@10.0.0.1>", status=status)
            caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
            assert not luis.all
            assert await settle(agent) == EMPTY

    run(main())


def test_several_contacts_are_tried_by_q() -> None:
    async def main() -> None:
        users = ("202", "10.0.0.22"), ("203", "10.0.0.23"), ("204", "10.0.0.24")
        network, _, agent, caller = await house(ANA, *users, users=USERS)
        ana = Phone(network, ANA[1], "201")
        two, three, four = (Phone(network, ip, user) for user, ip in users)
        caller.send(invite := caller.invite("201"))
        rung = await ana.expect("INVITE")
        answer_302(ana, rung, "<sip:202@10.0.0.1>;q=0.1, <sip:203@10.0.0.1>;q=0.9", "<tel:204>;q=0.9",
                   status="300 Multiple Choices")  # fmt: skip
        for phone in (three, four):
            text = await phone.expect("INVITE")
            assert header(text, "Max-Breadth") == "30"
            assert not two.all
            phone.answer(text, "486 Busy Here", tag="b")
        two.answer(await two.expect("INVITE"), "480 Gone", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert await settle(agent) == EMPTY

    run(main())


def test_users_who_forward_to_each_other_are_each_rung_once() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(ANA, LUIS)
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        caller.send(invite := caller.invite("201"))
        answer_302(ana, await ana.expect("INVITE"), "<tel:202>")
        answer_302(luis, await luis.expect("INVITE"), "<tel:201>")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
        assert [sum(text.startswith("INVITE") for text in phone.all) for phone in (ana, luis)] == [1, 1]
        assert await settle(agent) == EMPTY

    run(main())


def test_a_chain_of_more_than_five_ends() -> None:
    async def main() -> None:
        users = [(str(201 + n), f"10.0.0.{21 + n}") for n in range(8)]
        network, _, agent, caller = await house(*users, users=USERS)
        rung: list[str] = []

        def phone_of(user: str, ip: str) -> None:
            phone = Phone(network, ip, user)

            def react(text: str, _: object) -> None:
                if text.startswith("INVITE"):
                    rung.append(user)
                    answer_302(phone, text, f"<tel:{int(user) + 1}>")
                    if len(rung) == 5:
                        counts = [int(n) for n in re.findall(r"Diversion: .*counter=(\d)", text)]
                        assert counts == [1, 1, 1, 1]

            phone.react = react

        for user, ip in users:
            phone_of(user, ip)
        caller.send(invite := caller.invite("201"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
        assert rung == ["201", "202", "203", "204", "205", "206"]
        assert await settle(agent) == EMPTY

    run(main())


def test_a_caller_who_gives_up_during_a_redirection_leaves_nothing_behind() -> None:
    async def main() -> None:
        network: Network
        network, bridge, agent, caller = await house(ANA, LUIS)
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        caller.send(invite := caller.invite("201"))
        answer_302(ana, await ana.expect("INVITE"), "<tel:202>")
        text = await luis.expect("INVITE")
        luis.answer(text, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        luis.answer(await luis.expect("CANCEL"), "200 OK")
        luis.answer(text, "487 Request Terminated", tag="b")
        assert bridge.causes()[0] is Cause.NORMAL_CLEARING
        assert await settle(agent) == EMPTY

    run(main())


def test_a_number_that_is_no_telephone_of_ours_is_handed_to_the_exchange() -> None:
    """A line of the house, say; with the call's history, so that it cannot go in a circle."""

    async def main() -> None:
        network, bridge, agent, caller = await house(ANA, LUIS)
        ana, luis = Phone(network, ANA[1], "201"), Phone(network, LUIS[1], "202")
        bridge.lines.add("101")
        before = "Diversion: <sip:300@x>;reason=user-busy;counter=1\r\nMax-Breadth: 8\r\n"
        caller.send(invite := caller.invite("201", headers=before))
        answer_302(
            ana, await ana.expect("INVITE"), "<sip:101@10.0.0.1>;q=0.9, <sip:300@10.0.0.1>;q=0.8, <tel:202>;q=0.1"
        )
        began_s = asyncio.get_running_loop().time()
        rung = await luis.expect("INVITE")
        assert 19.9 < asyncio.get_running_loop().time() - began_s < 20.1, "the line has its time to answer"
        (diverted,) = [entry for entry in bridge.told if entry[0] == "diverted"]
        mine, earlier = Diversion("201", "unconditional"), Diversion("300", "user-busy")
        assert diverted[2:] == ("101", Journey(8, (mine, earlier)))
        luis.answer(rung, "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert await settle(agent) == EMPTY

    run(main())
