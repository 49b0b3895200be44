"""Five telephones that answer, refuse, ring or lose messages in 200 random orders: one call, no ghost ring."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.pairs import Network, Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house


class RandomPhone:
    """Rings or not, and after a while answers, refuses or does nothing; obeys CANCEL in its own time."""

    def __init__(self, network: Network, ip: str, chance: random.Random) -> None:
        self.phone = Phone(network, ip, "201")
        self.phone.react = self._react
        self.ringing = False
        self.talking = False
        self._chance = chance
        self._invite = ""
        self._over = False
        self._last = ("100 Trying", "")

    def _react(self, text: str, _: object) -> None:
        later = asyncio.get_running_loop().call_later
        if text.startswith("INVITE") and self._invite:
            self._say(*self._last)
        elif text.startswith("INVITE"):
            self._invite = text
            if self._chance.random() < 0.8:
                later(self._chance.uniform(0, 0.2), self._ring)
            end = self._chance.choice([self._answer, self._answer, self._decline, self._decline, None])
            if end is not None:
                later(self._chance.choice([0.0, 0.3, self._chance.uniform(0, 30)]), end)
        elif text.startswith("CANCEL"):
            self.phone.answer(text, "200 OK")
            later(self._chance.uniform(0, 0.05), self._terminate)
        elif text.startswith("BYE"):
            self.phone.answer(text, "200 OK")
            self.talking = False

    def _ring(self) -> None:
        if not self._over:
            self.ringing = True
            self._say("180 Ringing")

    def _answer(self) -> None:
        if not self._over:
            self._over, self.ringing, self.talking = True, False, True
            body = sdp_of(self.phone.address[0])
            for delay_s in (0.0, 0.5, 1.5, 3.5):  # until the ACK, which is on its way
                asyncio.get_running_loop().call_later(delay_s, self._say_ok, body)

    def _say_ok(self, body: str) -> None:
        if not any(text.startswith("ACK") for text in self.phone.all):
            self._say("200 OK", body)

    def _decline(self) -> None:
        self._fail(self._chance.choice(["486 Busy Here", "480 Gone", "404 Not Found", "603 Decline", "503 Full"]))

    def _terminate(self) -> None:
        self._fail("487 Request Terminated")

    def _fail(self, status: str) -> None:
        if not self._over:
            self._over, self.ringing = True, False
            self._say(status)

    def _say(self, status: str, body: str = "") -> None:
        self._last = (status, body)
        self.phone.answer(self._invite, status, tag=self.phone.address[0], body=body)


@pytest.mark.parametrize("seed", range(200))
def test_five_phones_in_any_order_make_one_call_and_no_ghost_ring(seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        places = [("201", f"10.0.0.2{n}", chance.choice([1.0, 1.0, 1.0, 0.5])) for n in range(5)]
        network, bridge, agent, caller = await house(*places)
        network.fate = lambda data, source, to: [] if chance.random() < 0.03 else [chance.uniform(0.001, 0.03)]
        phones = [RandomPhone(network, ip, chance) for _, ip, _ in places]
        outcome: list[str] = []
        invite = caller.invite("201")

        def react(text: str, _: object) -> None:
            if text.startswith("SIP/2.0 200") and "INVITE" in header(text, "CSeq"):
                outcome.append(text)
                caller.ack(invite, text)
            elif re.match(r"SIP/2.0 [3-6]", text):
                outcome.append(text)
                caller.ack_failure(invite, text)
            elif text.startswith("BYE"):
                caller.answer(text, "200 OK")

        caller.react = react
        for delay_s in (0.0, 0.5, 1.5, 3.5):
            asyncio.get_running_loop().call_later(delay_s, lambda: None if caller.all else caller.send(invite))
        for at_s in (60.0, 60.5, 61.5):
            asyncio.get_running_loop().call_later(at_s, lambda: None if outcome else caller.cancel(invite))
        await asyncio.sleep(130)
        assert not any(phone.ringing for phone in phones)
        talking = [phone for phone in phones if phone.talking]
        answered = bridge.names().count("answered")
        assert len(talking) == answered <= 1
        assert outcome
        assert all(text.startswith("SIP/2.0 200") == bool(answered) for text in outcome)
        for leg in list(agent._context.legs):
            leg.release(Cause.NORMAL_CLEARING)
        assert await settle(agent, 190) == EMPTY
        assert not any(phone.talking for phone in phones)

    run(main())
