"""Who is rung, in which order, and what the caller hears when nobody takes the call (RFC 3261 16.6, 16.7)."""

from __future__ import annotations

import asyncio

import pytest

from firmware.sip.calls.failures import best_of, failure_of
from firmware.sip.calls.targets import MAX_TARGETS, Target, TargetSet, Way
from firmware.sip.transports.hop import Hop
from firmware.telephony.cause import CAUSES, Cause
from tests.fake_time import run
from tests.sip.pairs import PBX, Network, Phone, PipeTransport, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

PIPE = PipeTransport(Network(), lambda transport, data, source: None, ("10.0.0.8", 5060))


def target(name: str, q: float = 1.0) -> Target:
    return Target(name, (Way(f"sip:{name}@h", Hop(PIPE, ("10.0.0.9", 5060))),), q)


def names(group: list[Target]) -> list[str]:
    return [each.number for each in group]


def test_equal_q_is_one_group_and_lower_q_comes_later() -> None:
    targets = TargetSet([target("low", 0.1), target("a"), target("mid", 0.5), target("b")])
    assert names(targets.next_group()) == ["a", "b"]
    assert names(targets.next_group()) == ["mid"]
    assert targets
    assert names(targets.next_group()) == ["low"]
    assert not targets and targets.next_group() == []


def test_what_is_put_first_goes_before_the_rest_and_nothing_is_tried_twice() -> None:
    targets = TargetSet([target("a"), target("low", 0.1)])
    targets.next_group()
    assert not targets.put_first([target("a"), target("low")])
    assert targets.put_first([target("c", 0.2), target("d", 0.7), target("a")])
    assert names(targets.next_group()) == ["d"]
    assert names(targets.next_group()) == ["c"]
    assert names(targets.next_group()) == ["low"]
    targets = TargetSet(target(str(n)) for n in range(MAX_TARGETS + 5))
    assert len(targets.next_group()) == MAX_TARGETS


@pytest.mark.parametrize(
    ("statuses", "best"),
    [
        ([480, 486, 404], 486),
        ([603, 486], 603),
        ([604, 600], 600),
        ([503, 404], 404),
        ([408, 480], 480),
        ([407, 480], 480),
        ([401, 408], 401),
        ([302, 503, 480], 480),
        ([415, 404], 415),
        ([404, 403], 403),
        ([500, 488], 488),
        ([430, 500], 500),
    ],
)
def test_the_best_of_several_failures(statuses: list[int], best: int) -> None:
    for order in (statuses, statuses[::-1]):
        assert best_of([failure_of(status, None) for status in order]).status == best


@pytest.mark.parametrize(
    ("status", "answer"),
    [(486, 486), (480, 480), (408, 408), (404, 404), (500, 500), (503, 500), (302, 480), (482, 483)],
)
def test_what_one_failure_is_to_the_caller(status: int, answer: int) -> None:
    """503 of a telephone would look like our own overload (RFC 3261 16.7 step 6)."""
    assert CAUSES[failure_of(status, None).cause].sip == answer


def test_phones_of_lower_q_ring_when_those_above_were_rung_long_enough() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(
            ("201", "10.0.0.21", 1.0), ("201", "10.0.0.22", 1.0), ("201", "10.0.0.23", 0.5), step_ring_s=12.0
        )
        high, twin, low = (Phone(network, f"10.0.0.2{n}", "201") for n in (1, 2, 3))
        caller.send(invite := caller.invite("201"))
        rung = [await phone.expect("INVITE") for phone in (high, twin)]
        began_s = asyncio.get_running_loop().time()
        for phone, text in zip((high, twin), rung, strict=True):
            phone.answer(text, "180 Ringing", tag="b")
        later = await low.expect("INVITE")
        assert 11.9 < asyncio.get_running_loop().time() - began_s < 12.1
        for phone, text in zip((high, twin), rung, strict=True):
            cancel = await phone.expect("CANCEL")
            assert "elsewhere" not in cancel
            phone.answer(cancel, "200 OK")
            phone.answer(text, "487 Request Terminated", tag="b")
        low.answer(later, "200 OK", tag="c", body=sdp_of("10.0.0.23"))
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        low.answer(await low.expect("BYE"), "200 OK")
        assert bridge.names().count("ringing") == 1
        assert await settle(agent, 140) == EMPTY

    run(main())


def test_phones_of_lower_q_ring_at_once_when_all_above_refused() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21", 1.0), ("201", "10.0.0.22", 0.5))
        high, low = Phone(network, "10.0.0.21", "201"), Phone(network, "10.0.0.22", "201")
        caller.send(invite := caller.invite("201"))
        began_s = asyncio.get_running_loop().time()
        high.answer(await high.expect("INVITE"), "486 Busy Here", tag="b")
        later = await low.expect("INVITE")
        assert asyncio.get_running_loop().time() - began_s < 1
        low.answer(later, "480 Temporarily Unavailable", tag="c")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert bridge.causes()[0] is Cause.USER_BUSY
        assert await settle(agent) == EMPTY

    run(main())


def test_a_phone_lifted_just_as_its_time_is_up_still_has_the_call() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21", 1.0), ("201", "10.0.0.22", 0.5))
        high, low = Phone(network, "10.0.0.21", "201"), Phone(network, "10.0.0.22", "201")
        caller.send(invite := caller.invite("201"))
        rung = await high.expect("INVITE")
        high.answer(rung, "180 Ringing", tag="b")
        other = await low.expect("INVITE")
        low.answer(other, "180 Ringing", tag="c")
        high.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        high.answer(await high.expect("CANCEL"), "200 OK")
        await high.expect("ACK")
        cancel = await low.expect("CANCEL")
        assert "elsewhere" in cancel
        low.answer(cancel, "200 OK")
        low.answer(other, "487 Request Terminated", tag="c")
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        high.answer(await high.expect("BYE"), "200 OK")
        assert bridge.names().count("answered") == 1
        assert await settle(agent) == EMPTY

    run(main())


def test_a_refusal_for_all_phones_stops_the_others_and_tries_nobody_else() -> None:
    async def main() -> None:
        for status in ("600 Busy Everywhere", "603 Decline", "604 Does Not Exist Anywhere"):
            network, _, agent, caller = await house(
                ("201", "10.0.0.21"), ("201", "10.0.0.22"), ("201", "10.0.0.23", 0.5)
            )
            first, second, low = (Phone(network, f"10.0.0.2{n}", "201") for n in (1, 2, 3))
            caller.send(invite := caller.invite("201"))
            rung = await second.expect("INVITE")
            second.answer(rung, "180 Ringing", tag="r")
            first.answer(await first.expect("INVITE"), status, tag="b")
            caller.ack_failure(invite, await caller.expect(f"SIP/2.0 {status}"))
            second.answer(await second.expect("CANCEL"), "200 OK")
            second.answer(rung, "487 Request Terminated", tag="r")
            assert await settle(agent) == EMPTY
            assert not low.all

    run(main())


def test_a_phone_that_rings_for_ever_is_given_up_and_news_of_it_buys_time() -> None:
    """Timer C (RFC 3261 16.8): 181 s after the last 101 to 199; a CANCEL that is never obeyed ends 32 s later."""

    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        began_s = asyncio.get_running_loop().time()
        phone.answer(rung, "180 Ringing", tag="b")
        await asyncio.sleep(100)
        phone.answer(rung, "100 Trying")  # no news
        phone.answer(rung, "180 Ringing", tag="b")
        await asyncio.sleep(50)
        phone.answer(rung, "100 Trying")
        await phone.expect("CANCEL", 200)
        assert 280.9 < asyncio.get_running_loop().time() - began_s < 281.2
        caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
        assert bridge.causes()[0] is Cause.NO_ANSWER
        await asyncio.sleep(31)
        assert agent.debug()["client"] == 2  # the INVITE, and its CANCEL that nobody answers
        assert await settle(agent) == EMPTY

    run(main())


def test_a_phone_that_only_ever_tries_is_given_up_too() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "100 Trying")
        await phone.expect("CANCEL", 200)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 480"))
        assert await settle(agent, 140) == EMPTY

    run(main())


def test_a_late_180_after_our_cancel_brings_no_second_cancel() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        phone.answer(await phone.expect("CANCEL"), "200 OK")
        phone.answer(rung, "180 Ringing", tag="b")
        phone.answer(rung, "487 Request Terminated", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert await settle(agent) == EMPTY
        assert len(network.sent(PBX, "CANCEL")) == 1

    run(main())
