"""Messages that cross, come twice, late or never: the table of races, each as one ladder on fake time.

Also of this table, told where the rest of their subject is: CANCEL against 200 on both sides, merged INVITE 482,
CANCEL for nothing 481, a 200 never acknowledged, BYE before the answer (`test_calls.py`); re-INVITE against
re-INVITE and UPDATE, 491 (`test_session_timer.py`, `test_early_dialogs.py`). Races of any kind and order by dice:
`test_state_model.py`.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from typing import Any

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.load import SDP
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

CALLER, CALLED = "10.0.0.9", "10.0.0.21"


class Talk:
    """A house, a caller and a called phone; `up` takes them as far as the answer."""

    def __init__(self) -> None:
        self.network, self.bridge = Network(), Bridge()
        self.caller, self.phone = Phone(self.network, CALLER), Phone(self.network, CALLED, "201")
        self.agent: Any = None

    async def ring(self) -> None:
        self.agent = await agent_on(self.network, self.bridge, store=PresetStore(("201", CALLED)))
        self.invite = self.caller.invite("201")
        self.caller.send(self.invite)
        self.rung = await self.phone.expect("INVITE")

    async def answer(self) -> None:
        """The phone answers and gets its ACK; the caller has the 200 and says nothing yet."""
        self.phone.answer(self.rung, "200 OK", tag="b", body=sdp_of(CALLED))
        await self.phone.expect("ACK")
        self.ok = await self.caller.expect("SIP/2.0 200")

    async def up(self) -> None:
        await self.ring()
        await self.answer()
        self.caller.ack(self.invite, self.ok)

    def lose(self, source: str, start: bytes, copies: int) -> None:
        """The next `copies` datagrams of `source` that begin with `start` are lost."""
        left = [copies]

        def fate(data: bytes, sender: tuple[str, int], target: tuple[str, int]) -> list[float]:
            if left[0] and sender[0] == source and data.startswith(start):
                left[0] -= 1
                return []
            return [0.001]

        self.network.fate = fate

    async def leaves_nothing(self) -> bool:
        return await settle(self.agent, 190) == EMPTY

    def phone_bye(self) -> str:
        """BYE by the called phone."""
        return self.phone.request(
            "BYE", "sip:10.0.0.1", from_=f"{header(self.rung, 'To')};tag=b", to=header(self.rung, "From"),
            call_id=header(self.rung, "Call-ID"), cseq=1,
        )  # fmt: skip


def test_bye_instead_of_the_ack_ends_the_call_and_the_resending() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.ring()
        await talk.answer()
        await asyncio.sleep(1.2)
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 2))
        assert header(await talk.caller.expect("SIP/2.0 200", skip=True), "CSeq")
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        sent = len(talk.network.sent(PBX, "SIP/2.0 200"))
        await asyncio.sleep(40)
        assert len(talk.network.sent(PBX, "SIP/2.0 200")) == sent, "nothing is sent again after BYE"
        assert talk.bridge.causes() == [Cause.NORMAL_CLEARING] * 2
        assert await talk.leaves_nothing()

    run(main())


def test_byes_that_cross_are_both_answered_and_end_one_call_once() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.up()
        await asyncio.sleep(5)
        talk.network.fate = lambda data, source, target: [0.2]
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 2))
        await asyncio.sleep(0.1)
        talk.phone.send(talk.phone_bye())
        assert header(await talk.caller.expect("SIP/2.0 200"), "CSeq") == "2 BYE"
        bye = await talk.phone.expect("BYE")
        # The house knew the call no more: it had hung up by then (RFC 3261 15.1.2).
        assert header(await talk.phone.expect("SIP/2.0 481"), "CSeq") == "1 BYE"
        talk.phone.answer(bye, "481 Gone")
        assert talk.bridge.causes() == [Cause.NORMAL_CLEARING] * 2
        assert await talk.leaves_nothing()

    run(main())


def test_a_lost_ack_is_sent_again_for_every_copy_of_the_200() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.ring()
        talk.lose("10.0.0.1", b"ACK", 2)
        talk.phone.answer(talk.rung, "200 OK", tag="b", body=sdp_of(CALLED))
        for _ in range(2):
            await asyncio.sleep(0.5)
            talk.phone.answer(talk.rung, "200 OK", tag="b", body=sdp_of(CALLED))
        await talk.phone.expect("ACK")
        acks = [text for _, text in talk.network.sent(PBX, "ACK")]
        assert len(acks) == 3 and len(set(acks)) == 1, "three times the same ACK"
        talk.ok = await talk.caller.expect("SIP/2.0 200")
        talk.caller.ack(talk.invite, talk.ok)
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 2))
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        assert await talk.leaves_nothing()

    run(main())


def test_a_lost_200_is_sent_again_by_t1_doubling_to_t2() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.ring()
        talk.lose("10.0.0.1", b"SIP/2.0 200", 4)
        talk.phone.answer(talk.rung, "200 OK", tag="b", body=sdp_of(CALLED))
        talk.ok = await talk.caller.expect("SIP/2.0 200")
        times = [at_s for at_s, _ in talk.network.sent(PBX, "SIP/2.0 200")]
        assert [round(at_s - times[0], 3) for at_s in times] == [0.0, 0.5, 1.5, 3.5, 7.5]
        talk.caller.ack(talk.invite, talk.ok)
        await asyncio.sleep(30)
        assert len(talk.network.sent(PBX, "SIP/2.0 200")) == 5
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 2))
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        assert await talk.leaves_nothing()

    run(main())


def test_a_200_that_comes_after_timer_b_is_acknowledged_and_hung_up() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.ring()
        refused = await talk.caller.expect("SIP/2.0 408", timeout_s=33)
        talk.caller.ack_failure(talk.invite, refused)
        await asyncio.sleep(5)
        talk.phone.answer(talk.rung, "200 OK", tag="b", body=sdp_of(CALLED))
        await talk.phone.expect("ACK")
        talk.phone.answer(await talk.phone.expect("BYE", skip=False), "200 OK")
        assert "answered" not in talk.bridge.names()
        assert await talk.leaves_nothing()

    run(main())


def test_a_phone_that_rings_after_timer_b_is_cancelled() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.ring()
        talk.caller.ack_failure(talk.invite, await talk.caller.expect("SIP/2.0 408", timeout_s=33))
        talk.phone.answer(talk.rung, "180 Ringing", tag="b")
        cancel = await talk.phone.expect("CANCEL")
        talk.phone.answer(cancel, "200 OK")
        talk.phone.answer(talk.rung, "487 Request Terminated", tag="b")
        await talk.phone.expect("ACK", skip=False)
        assert "ringing" not in talk.bridge.names()
        assert await talk.leaves_nothing()

    run(main())


def test_a_cancel_that_overtakes_its_invite_is_481_and_works_when_sent_again() -> None:
    async def main() -> None:
        talk = Talk()
        talk.agent = await agent_on(talk.network, talk.bridge, store=PresetStore(("201", CALLED)))
        invite = talk.caller.invite("201")
        talk.caller.cancel(invite)
        await talk.caller.expect("SIP/2.0 481")
        talk.caller.send(invite)
        rung = await talk.phone.expect("INVITE")
        talk.phone.answer(rung, "180 Ringing", tag="b")
        await talk.caller.expect("SIP/2.0 180")
        talk.caller.cancel(invite)
        talk.caller.ack_failure(invite, await talk.caller.expect("SIP/2.0 487"))
        talk.phone.answer(await talk.phone.expect("CANCEL"), "200 OK")
        talk.phone.answer(rung, "487 Request Terminated", tag="b")
        assert await talk.leaves_nothing()

    run(main())


def test_a_reinvite_that_meets_our_bye_is_481() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.up()
        await asyncio.sleep(5)
        talk.network.fate = lambda data, source, target: [0.2]
        talk.phone.send(talk.phone_bye())
        await asyncio.sleep(0.3)
        hold = talk.caller.inside("INVITE", talk.invite, talk.ok, 2, body=sdp_of(CALLER, direction="sendonly"),
                                  headers="Content-Type: application/sdp\r\n")  # fmt: skip
        talk.caller.send(hold)
        gone = await talk.caller.expect("SIP/2.0 481")
        talk.caller.ack_failure(hold, gone)
        bye = next(text for text in talk.caller.all if text.startswith("BYE"))
        talk.caller.answer(bye, "200 OK")
        assert talk.bridge.causes() == [Cause.NORMAL_CLEARING] * 2
        assert await talk.leaves_nothing()

    run(main())


def test_an_old_request_that_arrives_late_is_500_and_changes_nothing() -> None:
    async def main() -> None:
        talk = Talk()
        await talk.up()
        await asyncio.sleep(1)
        talk.caller.send(talk.caller.inside("OPTIONS", talk.invite, talk.ok, 5))
        await talk.caller.expect("SIP/2.0 200")
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 4))
        await talk.caller.expect("SIP/2.0 500")
        assert "released" not in talk.bridge.names(), "a BYE older than what was answered is void (RFC 3261 12.2.2)"
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 6))
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        assert await talk.leaves_nothing()

    run(main())


def test_everything_twice_makes_one_call() -> None:
    async def main() -> None:
        talk = Talk()
        talk.network.fate = lambda data, source, target: [0.001, 0.003]
        await talk.up()
        assert len(talk.bridge.arrived) == 1
        await asyncio.sleep(1)
        talk.caller.send(talk.caller.inside("BYE", talk.invite, talk.ok, 2))
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        await asyncio.sleep(1)
        assert talk.bridge.names().count("answered") == 1 and len(talk.bridge.causes()) == 2
        assert len(set(text for _, text in talk.network.sent(PBX, "INVITE"))) == 1
        assert await talk.leaves_nothing()

    run(main())


def test_no_object_of_a_call_outlives_its_timers() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(record=False)
        agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")))
        caller, phone = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.21", "201")

        def react(text: str, _: object) -> None:
            if text.startswith("INVITE"):
                phone.answer(text, "180 Ringing", tag="b")
                phone.answer(text, "200 OK", tag="b", body=SDP)
            elif text.startswith("BYE"):
                phone.answer(text, "200 OK")

        phone.react = react
        for _ in range(100):
            caller.send(invite := caller.invite("201"))
            caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
            caller.send(caller.inside("BYE", invite, ok, 2))
            await caller.expect("SIP/2.0 200")
        assert await settle(agent, 190) == EMPTY
        gc.collect()
        kinds = Counter(type(thing).__name__ for thing in gc.get_objects())
        for kind in ("CallingLeg", "CalledLeg", "Branch", "Dialog", "ClientTransaction", "ServerTransaction", "Timer"):
            assert kinds[kind] == 0, kind
        assert kinds["Request"] <= 2 and kinds["Response"] <= 2
        assert agent._context.timers.size == 0

    run(main())
