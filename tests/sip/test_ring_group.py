"""A ring group of SIP users behind the true agent and exchange: scripted phones, what they get and what the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from firmware.pbx.routes import Extension, RingGroup, Routes
from firmware.sip.settings import SipUser
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from tests.fake_time import run
from tests.pbx.exchange_bench import NotedRecords
from tests.sip.call_house import CountingExchange, JoiningEngine
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

USERS = {number: SipUser(number, f"User {number}", "", "") for number in ("201", "202", "203")}


class GroupHouse:
    """Group 600 of 201 to 203, of whom 203 is not registered; somebody calls whom the network vouches for."""

    def __init__(self, network: Network) -> None:
        self.routes, self.records = Routes(), NotedRecords()
        self.engine = JoiningEngine()
        self.exchange = CountingExchange(self.routes, self.engine, self.records)
        self.phones = [Phone(network, f"10.0.0.2{n}", f"20{n}") for n in (1, 2)]
        self.caller = Phone(network, "10.0.0.9")

    async def start(self, network: Network) -> None:
        store = PresetStore(("201", "10.0.0.21"), ("202", "10.0.0.22"))
        self.agent = await agent_on(network, self.exchange, store=store, engine=self.engine, users=USERS)
        for number in USERS:
            self.routes.add(Extension(number, number, partial(self._leg, number), is_line=False))
        self.routes.add(RingGroup("600", "Sales", ("201", "202", "203")))

    def _leg(self, number: str) -> Leg | Cause:
        return self.agent.call_user(number) or Cause.SUBSCRIBER_ABSENT

    async def over(self) -> None:
        """Nothing is left of any call."""
        assert await settle(self.agent) == EMPTY
        assert not any(self.exchange.debug().values())
        assert set(self.exchange.released.values()) == {1}


async def rung(house: GroupHouse) -> tuple[str, list[str]]:
    """A call to 600: its INVITE, and those that 201 and 202 got."""
    house.caller.send(invite := house.caller.invite("600"))
    got = [await phone.expect("INVITE") for phone in house.phones]
    return invite, got


def play(day: Callable[[GroupHouse, str, list[str]], Awaitable[None]]) -> None:
    """With a house in which somebody has called 600; after it nothing is left of the call."""

    async def main() -> None:
        network = Network()
        house = GroupHouse(network)
        await house.start(network)
        await day(house, *await rung(house))
        await house.over()

    run(main())


def test_the_first_to_answer_has_the_call_and_the_other_misses_none() -> None:
    async def day(house: GroupHouse, invite: str, got: list[str]) -> None:
        assert [header(text, "Max-Breadth") for text in got] == ["30", "30"]
        for phone, text in zip(house.phones, got, strict=True):
            phone.answer(text, "180 Ringing", tag="b")
        await house.caller.expect("SIP/2.0 180")
        first, second = house.phones
        second.answer(got[1], "200 OK", tag="b", body=sdp_of("10.0.0.22"))
        cancel = await first.expect("CANCEL")
        assert header(cancel, "Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
        first.answer(cancel, "200 OK")
        first.answer(got[0], "487 Request Terminated", tag="b")
        house.caller.ack(invite, ok := await house.caller.expect("SIP/2.0 200"))
        await second.expect("ACK")
        assert len(house.engine.joined) == 2
        house.caller.send(house.caller.inside("BYE", invite, ok, 2))
        second.answer(await second.expect("BYE"), "200 OK")

    play(day)


@pytest.mark.parametrize(
    ("first", "second", "heard"),
    [("486 Busy Here", "486 Busy Here", "486"), ("480 Temporarily Unavailable", "486 Busy Here", "486"),
     ("603 Decline", "480 Temporarily Unavailable", "603")],
)  # fmt: skip
def test_one_refuses_and_the_other_rings_on_until_it_refuses_too(first: str, second: str, heard: str) -> None:
    async def day(house: GroupHouse, invite: str, got: list[str]) -> None:
        house.phones[0].answer(got[0], first, tag="b")
        house.phones[1].answer(got[1], "180 Ringing", tag="b")
        await house.caller.expect("SIP/2.0 180")
        house.phones[1].answer(got[1], second, tag="b")
        house.caller.ack_failure(invite, await house.caller.expect(f"SIP/2.0 {heard}"))

    play(day)


def test_the_caller_hangs_up_and_both_stop() -> None:
    async def day(house: GroupHouse, invite: str, got: list[str]) -> None:
        for phone, text in zip(house.phones, got, strict=True):
            phone.answer(text, "180 Ringing", tag="b")
        await house.caller.expect("SIP/2.0 180")
        house.caller.cancel(invite)
        house.caller.ack_failure(invite, await house.caller.expect("SIP/2.0 487"))
        for phone, text in zip(house.phones, got, strict=True):
            cancel = await phone.expect("CANCEL")
            assert "elsewhere" not in cancel
            phone.answer(cancel, "200 OK")
            phone.answer(text, "487 Request Terminated", tag="b")

    play(day)


def test_both_answer_in_the_same_instant_and_one_is_hung_up() -> None:
    async def day(house: GroupHouse, invite: str, got: list[str]) -> None:
        for phone, text in zip(house.phones, got, strict=True):
            phone.answer(text, "200 OK", tag="b", body=sdp_of(phone.address[0]))
        house.caller.ack(invite, ok := await house.caller.expect("SIP/2.0 200"))
        for phone in house.phones:
            await phone.expect("ACK")
        first, second = house.phones
        second.answer(await second.expect("BYE"), "200 OK")
        house.caller.send(house.caller.inside("BYE", invite, ok, 2))
        first.answer(await first.expect("BYE"), "200 OK")

    play(day)
