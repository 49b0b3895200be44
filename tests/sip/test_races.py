"""Random calls over a bad network: whatever is lost, late or doubled, everybody agrees and nothing stays."""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.load import SDP
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY


class Moody:
    """A called phone that rings, answers, refuses or hangs up by dice; resends as a phone does."""

    def __init__(self, network: Network, ip: str, dice: random.Random) -> None:
        self.phone = Phone(network, ip, "201")
        self.phone.react = self.react
        self.dice = dice
        self.final: dict[str, str] = {}
        self.acked: set[str] = set()
        self.ended: set[str] = set()

    def react(self, text: str, _: object) -> None:
        call = header(text, "Call-ID")
        if text.startswith("INVITE") and call not in self.final:
            self.final[call] = self.dice.choice(["200 OK", "200 OK", "486 Busy Here", "480 Away", ""])
            self.phone.answer(text, "180 Ringing", tag=call[:8])
            asyncio.ensure_future(self.decide(text, call))  # noqa: RUF006
        elif text.startswith("CANCEL"):
            self.phone.answer(text, "200 OK")
            if not self.final[call].startswith("2") or call not in self.acked:
                self.final[call] = self.final[call] if call in self.acked else "487 Request Terminated"
        elif text.startswith("ACK"):
            self.acked.add(call)
        elif text.startswith("BYE"):
            self.phone.answer(text, "200 OK")
            self.ended.add(call)

    async def decide(self, invite: str, call: str) -> None:
        await asyncio.sleep(self.dice.uniform(0, 3))
        for _ in range(12):
            status = self.final[call]
            if call in self.acked:
                return
            if status:
                body = sdp_of(self.phone.address[0]) if status.startswith("2") else ""
                self.phone.answer(invite, status, tag=call[:8], body=body)
            await asyncio.sleep(1.5)


async def one_call(caller: Phone, dice: random.Random) -> None:
    """Call, resend, give up or hang up at a random time."""
    invite = caller.invite("201")
    cseq = 2
    patience_s = dice.choice([0.01, 0.5, 2, 5, 20])
    for _ in range(int(patience_s / 0.5) + 1):
        caller.send(invite)
        await asyncio.sleep(min(0.5, patience_s))
        finals = [t for t in caller.got if t[8:9] in "23456" and header(t, "Call-ID") == header(invite, "Call-ID")]
        for final in finals:
            if "INVITE" in header(final, "CSeq"):
                if final[8] == "2":
                    caller.ack(invite, final)
                    await asyncio.sleep(dice.uniform(0, 2))
                    bye = caller.inside("BYE", invite, final, cseq)
                    for _ in range(8):
                        caller.send(bye)
                        await asyncio.sleep(0.5)
                        caller.ack(invite, final)
                else:
                    for _ in range(4):
                        caller.ack_failure(invite, final)
                        await asyncio.sleep(0.3)
                return
    for _ in range(8):
        caller.cancel(invite)
        await asyncio.sleep(0.5)


def test_random_calls_over_a_bad_network_leave_nothing() -> None:
    answered = [0]

    async def main(seed: int) -> None:
        dice = random.Random(seed)
        network, bridge = Network(), Bridge()
        errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
        places = [("201", f"10.0.0.2{n}") for n in range(dice.randint(1, 3))]
        agent = await agent_on(network, bridge, store=PresetStore(*places))
        for _, ip in places:
            Moody(network, ip, dice)
        loss = dice.choice([0, 0.1, 0.3])

        def fate(*_: object) -> list[float]:
            if dice.random() < loss:
                return []
            return [dice.uniform(0.001, 0.4) for _ in range(1 + (dice.random() < 0.1))]

        network.fate = fate
        callers = [Phone(network, f"10.0.1.{n + 1}", f"c{n}") for n in range(6)]
        await asyncio.gather(*(one_call(caller, dice) for caller in callers))
        await asyncio.sleep(70)
        for leg in list(agent._context.legs):  # what the exchange's no-answer timer would do
            leg.release(Cause.NO_ANSWER)
        assert await settle(agent, 150) == EMPTY
        assert not errors, errors[:1]
        released = [entry[1] for entry in bridge.told if entry[0] == "released"]
        assert len(released) == len(set(released)), "one leg_released a leg"
        assert {entry[1] for entry in bridge.told if entry[0] in {"arrived", "answered", "ringing"}} <= set(released)
        answered[0] += bridge.names().count("answered")

    for seed in range(60):
        run(main(seed))
    assert answered[0] > 60


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
