"""The stepped house with exchange lines and a SIP phone, 201, on a network without sockets.

The phone is scripted (`sip/pairs.py`); agent, exchange and media streams are true.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from firmware.pbx.routes import Extension
from firmware.sip.agent import SipAgent
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from tests.sip.fuzz_scripts import credentials
from tests.sip.fuzz_world import user_with_password
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of
from tests.stepped_trunks import TrunkHouse

PHONE_IP = "10.0.0.21"


class SipHouse(TrunkHouse):
    """Calls from outside ring 201. `attach` before anything else, inside the loop."""

    phone: Phone
    agent: SipAgent

    def __init__(self, *args: Any, **wanted: Any) -> None:
        wanted["options"] = {"target": "201", **wanted.get("options", {})}
        super().__init__(*args, **wanted)

    async def attach(self) -> None:
        network = Network()
        self.phone = Phone(network, PHONE_IP, "201")
        self.agent = await agent_on(
            network,
            self.exchange,  # type: ignore[arg-type]
            store=PresetStore(("201", PHONE_IP)),
            engine=_Streams(self),
            users={"201": user_with_password("201")},
        )
        self.routes.add(Extension("201", "Luis", self._make_leg, is_line=False))

    def _make_leg(self) -> Leg | Cause:
        return self.agent.call_user("201") or Cause.SUBSCRIBER_ABSENT

    async def told(self, start: str, most_ms: int) -> str:
        """The next message of the house to the phone that begins so."""
        await self.until(start, lambda: any(text.startswith(start) for text in self.phone.got), most_ms)
        return await self.phone.expect(start)

    async def sip_answers(self) -> None:
        """A call from outside that the phone answers."""
        self.office.ring()
        invite = await self.told("INVITE", 3000)
        self.phone.answer(invite, "180 Ringing", tag="b")
        await self.pass_ms(500)
        self.phone.answer(invite, "200 OK", tag="b", body=sdp_of(PHONE_IP))
        await self.told("ACK", 4000)
        await self.until("talking", lambda: self.state("fxo1") == "talking", 4000)

    async def sip_calls_out(self) -> None:
        """A call of the phone that somebody outside answers."""
        self.phone.send(invite := self.phone.invite("05"))
        challenge = await self.told("SIP/2.0 407", 200)
        self.phone.ack_failure(invite, challenge)
        signed = credentials(challenge, "INVITE", "sip:05@10.0.0.1")
        self.phone.send(invite := self.phone.invite("05", cseq=2, call_id=header(invite, "Call-ID"), headers=signed))
        await self.until("it rings there", lambda: self.office.stage.value == "ringback", 15_000)
        await self.pass_ms(2000)
        self.office.answer()
        if not self.office.habits.answer_reversal:
            self.office.say(np.random.default_rng(1).normal(0, 2500, 2400).astype(np.int16))
        ok = await self.told("SIP/2.0 200", 9000)
        assert header(ok, "CSeq").endswith("INVITE")
        self.phone.ack(invite, ok)


class _Streams:
    """The house's engine as the agent sees it: its streams have an address of this machine."""

    def __init__(self, house: SipHouse) -> None:
        self._engine = house._engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def open_stream(self, local_ip: str) -> Any:
        return self._engine.open_stream("127.0.0.1")
