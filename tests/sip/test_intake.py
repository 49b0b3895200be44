"""What is served first when much arrives, what is refused then, and how little is said about it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from firmware.sip.transactions import refusal_log
from firmware.sip.transactions.intake import LATE_S, MOST, begins_something
from firmware.telephony.cause import Cause
from tests.fake_time import run, stall
from tests.sip.pairs import PBX, Phone, header, settle
from tests.sip.test_calls import EMPTY, house


class Slow:
    """Makes the exchange take that long for each new call."""

    def __init__(self, bridge: Any, seconds: float) -> None:
        self.seconds = seconds
        self._arrived = bridge.leg_arrived
        bridge.leg_arrived = self

    def __call__(self, leg: Any) -> None:
        stall(self.seconds)
        self._arrived(leg)


def test_a_bye_overtakes_new_calls_that_wait() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        await asyncio.sleep(1)
        Slow(bridge, 0.01)
        others = [Phone(network, f"10.0.1.{n}", f"c{n}") for n in range(10)]
        for other in others:
            other.send(other.invite("202"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        await asyncio.sleep(0.5)
        texts = [(at_s, text) for at_s, text in network.sent(PBX, "SIP/2.0")]
        bye = next(at_s for at_s, text in texts if "BYE" in header(text, "CSeq"))
        last_100 = max(at_s for at_s, text in texts if text.startswith("SIP/2.0 100"))
        assert bye < last_100 - 0.05, "nine more calls of 10 ms each stood before it"
        for leg in list(agent._context.legs):
            leg.release(Cause.NORMAL_CLEARING)
        assert (await settle(agent, 190))["legs"] == 0

    run(main())


def test_what_comes_while_the_queue_is_late_gets_503_and_a_time_to_try_again(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        slow = Slow(bridge, LATE_S * 0.7)
        for _ in range(10):
            caller.send(caller.invite("201"))
        await asyncio.sleep(LATE_S * 1.5)
        late = [Phone(network, f"10.0.2.{n}", f"late{n}") for n in range(50)]
        for phone in late:
            phone.send(phone.invite("201"))
        await asyncio.sleep(1)
        refusals = [text for phone in late for text in phone.all]
        assert all(text.startswith("SIP/2.0 503") for text in refusals)
        assert 20 <= len(refusals) < 50, "there is no time to answer them all: the rest is dropped"
        waits = {int(header(refused, "Retry-After")) for refused in refusals}
        assert len(waits) > 3 and all(5 <= wait_s < 15 for wait_s in waits)
        slow.seconds = 0.0
        await asyncio.sleep(20)
        caller.send(after := caller.invite("201"))
        await asyncio.sleep(0.1)
        assert header(caller.all[-1], "Call-ID") == header(after, "Call-ID"), "all is served again"
        warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert len(warnings) == 2 and "more arrives than can be served" in warnings[0]
        assert f"{len(refusals)} requests were refused with 503 and {50 - len(refusals)} dropped" in warnings[1]
        await agent.stop(0.1)

    with caplog.at_level(logging.INFO, "firmware.sip"):
        run(main())


def test_a_resent_invite_of_a_call_in_hand_is_never_refused() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        caller.send(first := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        Slow(bridge, LATE_S * 2)
        for _ in range(3):
            caller.send(caller.invite("201"))
        network.fate = lambda data, source, target: [0.0005]
        await asyncio.sleep(0)
        caller.send(first)
        await asyncio.sleep(2)
        mine = [text for text in caller.all if header(text, "Call-ID") == header(first, "Call-ID")]
        assert all(text.startswith("SIP/2.0 100") for text in mine) and len(mine) == 2
        await agent.stop(0.1)

    run(main())


def test_a_cancel_waits_behind_its_invite() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        Slow(bridge, 0.01)
        for _ in range(3):
            caller.send(caller.invite("201"))
        caller.send(last := caller.invite("201"))
        caller.cancel(last)  # at once, without waiting for a provisional response
        await asyncio.sleep(0.2)
        mine = [text.split()[1] for text in caller.all if header(text, "Call-ID") == header(last, "Call-ID")]
        assert mine == ["100", "200", "487"]
        await agent.stop(0.1)

    run(main())


def test_the_queue_is_bounded() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True, max_calls=MOST * 2)
        network.fate = lambda data, source, target: [0.001]
        for _ in range(MOST + 100):
            caller.send(caller.invite("201"))
        await asyncio.sleep(0.5)
        refused = sum(text.startswith("SIP/2.0 503") for text in caller.all)
        assert len(bridge.arrived) + refused == MOST + 100
        assert len(agent._context.transactions.arrivals.intake) == 0
        await agent.stop(0.1)

    run(main())


def test_an_ack_to_a_refusal_is_dropped_at_a_glance() -> None:
    async def main() -> None:
        _, _, agent, caller = await house()
        caller.send(invite := caller.invite("201", hops=0))
        refused = await caller.expect("SIP/2.0 483")
        assert ";tag=refused-" in header(refused, "To")
        caller.ack_failure(invite, refused)
        await asyncio.sleep(0.1)
        assert agent.debug() == EMPTY

    run(main())


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("INVITE sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>\r\n\r\ntag=x tag=y", True),
        ("INVITE sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>;tag=2\r\n\r\n", False),
        ("REGISTER sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>\r\n\r\n", True),
        ("BYE sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>;tag=2\r\n\r\n", False),
        ("SIP/2.0 200 OK\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>;tag=2\r\n\r\n", False),
        ("ACK sip:a SIP/2.0\r\nFrom: <sip:b>;tag=1\r\nTo: <sip:a>\r\n\r\n", False),
    ],
)
def test_what_begins_something_is_seen_at_a_glance(text: str, begins: bool) -> None:
    assert begins_something(text.encode()) is begins


def test_a_flood_of_rubbish_is_told_by_its_number(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        _, _, agent, caller = await house()
        for _ in range(500):
            caller.send(caller.request("DANCE", "sip:x"))
        await asyncio.sleep(3)
        assert sum(text.startswith("SIP/2.0 501") for text in caller.all) == 500
        await agent.stop(0.1)

    with caplog.at_level(logging.INFO, "firmware.sip"):
        run(main())
    lines = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert len(lines) == refusal_log.MOST_A_SECOND + 1
    assert lines[-1].startswith(f"sip: {500 - refusal_log.MOST_A_SECOND} more messages")
