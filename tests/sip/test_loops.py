"""Calls that would run in circles or multiply end soon, with few messages (RFC 3261 16.3, RFC 5393, RFC 5806)."""

from __future__ import annotations

import re

import pytest

from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipUser
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, header, settle
from tests.sip.test_calls import EMPTY, house

BOXES = ("10.0.0.1", "10.0.0.2", "10.0.0.3")
USERS = {user: SipUser(user) for user in ("201", "202")}


async def ring_of_boxes(network: Network, *contacts: tuple[str, float], **settings: object) -> list[SipAgent]:
    """Three boxes; user 201 and 202 of each are "registered" at the next one with every (number, q) of `contacts`."""
    agents = []
    for ip, following in zip(BOXES, BOXES[1:] + BOXES[:1], strict=True):
        places = [(user, following, q, number) for user in USERS for number, q in contacts]
        store = PresetStore(*places)
        agents.append(await agent_on(network, Bridge(), at=(ip, 5060), store=store, users=USERS, **settings))
    return agents


@pytest.mark.parametrize(
    ("contacts", "invites"),
    [
        ([("201", 1.0)], 70),  # every box sends the call on until Max-Forwards is used up
        ([("201", 1.0), ("202", 0.5)], 70),  # a 483 is no reason to try the next contact
        ([("201", 1.0), ("202", 1.0)], 64),  # 60, 30, 15, 7, 3, 1: then there is no breadth left for two
    ],
)
def test_three_boxes_that_forward_to_each_other(contacts: list[tuple[str, float]], invites: int) -> None:
    async def main() -> None:
        network = Network()
        agents = await ring_of_boxes(network, *contacts)
        caller = Phone(network, "10.0.0.9")
        caller.send(invite := caller.invite("201"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 483"))
        sent = sum(len(network.sent((ip, 5060), "INVITE")) for ip in BOXES)
        assert sent <= invites and len(network.log) < 8 * invites
        for agent in agents:
            assert await settle(agent, 140) == EMPTY

    run(main())


def test_three_boxes_whose_telephones_redirect_to_each_other() -> None:
    """Each box follows in good faith; the Diversions it adds are counted by the next."""

    async def main() -> None:
        network = Network()
        agents, rung = [], []
        for number, ip in enumerate(BOXES):
            telephone = Phone(network, f"10.0.0.{21 + number}", "201")
            following = BOXES[(number + 1) % 3]

            def react(text: str, _: object, telephone: Phone = telephone, following: str = following) -> None:
                if text.startswith("INVITE"):
                    rung.append(following)
                    to = header(text, "To") + ";tag=x"
                    same = "".join(f"{name}: {header(text, name)}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
                    place = f"<sip:201@{following}>"
                    answer = f"SIP/2.0 302 Moved\r\n{same}To: {to}\r\nContact: {place}\r\n\r\n"
                    telephone.send(answer, (ip_of(text), 5060))

            telephone.react = react
            store = PresetStore(("201", telephone.address[0]))
            box = await agent_on(network, Bridge(), at=(ip, 5060), store=store, users=USERS, follow_redirects="any")
            agents.append(box)
        caller = Phone(network, "10.0.0.9")
        caller.send(invite := caller.invite("201"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 48"))
        assert len(rung) == 10 and len(network.log) < 150
        for agent in agents:
            assert await settle(agent, 140) == EMPTY

    run(main())


def ip_of(request: str) -> str:
    """Whom an INVITE came from, by its Via."""
    found = re.search(r"UDP ([0-9.]+):", header(request, "Via"))
    assert found
    return found.group(1)


def test_breadth_is_shared_by_those_who_ring_together_and_none_left_is_440() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(
            ("201", "10.0.0.21"), ("201", "10.0.0.22"), ("201", "10.0.0.23", 0.5)
        )
        first, second, low = (Phone(network, f"10.0.0.2{n}", "201") for n in (1, 2, 3))
        caller.send(invite := caller.invite("201", headers="Max-Breadth: 5\r\n"))
        for phone in (first, second):
            text = await phone.expect("INVITE")
            assert header(text, "Max-Breadth") == "2"
            phone.answer(text, "486 Busy Here", tag="b")
        text = await low.expect("INVITE")
        assert header(text, "Max-Breadth") == "5"
        low.answer(text, "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        caller.send(invite := caller.invite("201", headers="Max-Breadth: 1\r\n"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 483"))
        assert bridge.causes()[-1] is Cause.EXCHANGE_ROUTING_ERROR
        caller.send(caller.invite("201", headers="Max-Breadth: 0\r\n"))
        await caller.expect("SIP/2.0 440")
        caller.send(caller.invite("201", headers="Max-Breadth: many\r\n"))
        await caller.expect("SIP/2.0 400")
        assert await settle(agent) == EMPTY

    run(main())


def test_a_call_that_was_sent_on_too_often_is_482_and_others_say_by_whom() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        many = "Diversion: <sip:7@x>;reason=user-busy;counter=8, <tel:+34-91>;counter=2\r\n"
        caller.send(caller.invite("201", headers=many))
        await caller.expect("SIP/2.0 482")
        few = 'Diversion: "Eva" <sip:7@x>;reason=user-busy;counter=4, <tel:+34-91>;reason="a b"\r\nDiversion: <sip:9@x>'
        caller.send(invite := caller.invite("201", headers=few + ";counter=x\r\n"))
        text = await phone.expect("INVITE")
        assert re.findall(r"^Diversion: (.*?)\r$", text, re.MULTILINE) == [
            "<sip:7@10.0.0.1:5060>;reason=user-busy;counter=4",
            "<sip:%2B3491@10.0.0.1:5060>;reason=unknown;counter=1".replace("%2B", "+"),
            "<sip:9@10.0.0.1:5060>;reason=unknown;counter=1",
        ]
        phone.answer(text, "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        caller.send(caller.invite("201", headers="Diversion: <sip:7@x\r\n"))
        await caller.expect("SIP/2.0 400")
        assert await settle(agent) == EMPTY
        assert not [text for _, text in network.sent(PBX, "INVITE") if "counter=8" in text]

    run(main())
