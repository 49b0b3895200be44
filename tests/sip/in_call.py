"""A call that stands, for tests of what happens inside it: `Talk.in_` was made by a phone, `Talk.out` by us."""

from __future__ import annotations

import asyncio
from typing import Any

from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Party
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

SDP_TYPE = "Content-Type: application/sdp\r\n"


class Talk:
    """phone: the far end. leg: ours. made: the request and the response that made the dialog. seq: the phone's CSeq."""

    def __init__(self, network: Network, bridge: Bridge, agent: Any, phone: Phone) -> None:
        self.network, self.bridge, self.agent, self.phone = network, bridge, agent, phone
        self.leg: Any = None
        self.seq = 1
        self.remote = ""
        self.local = ""
        self.uri = ""
        self.call_id = ""
        self.made = ("", "")

    @classmethod
    async def in_(cls, headers: str = "", *, body: str | None = None, **settings: Any) -> Talk:
        """A phone calls us. headers: of its INVITE."""
        network, bridge = Network(), Bridge(manual=True)
        talk = cls(network, bridge, await agent_on(network, bridge, **settings), Phone(network, "10.0.0.9"))
        phone = talk.phone
        parts = {"headers": headers} | ({"body": body} if body is not None else {})
        phone.send(invite := phone.invite("201", **parts))
        await phone.expect("SIP/2.0 100")
        talk.leg = bridge.arrived[0]
        talk.leg.accept()
        ok = await phone.expect("SIP/2.0 200")
        phone.ack(invite, ok)
        await asyncio.sleep(0.01)
        talk.made = (invite, ok)
        talk._know(header(invite, "From"), header(ok, "To"), header(ok, "Contact"), header(ok, "Call-ID"))
        return talk

    @classmethod
    async def out(cls, headers: str = "", **settings: Any) -> Talk:
        """We call a phone. headers: of its 200."""
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")), **settings)
        talk = cls(network, bridge, agent, Phone(network, "10.0.0.21", "201"))
        talk.leg = agent.call_user("201")
        talk.leg.place(CallRequest("7", Party("101"), Party("201")))
        invite = await talk.phone.expect("INVITE")
        talk.phone.answer(invite, "200 OK", tag="b", body=sdp_of("10.0.0.21"), headers=headers)
        await talk.phone.expect("ACK")
        talk.made = (invite, "")
        talk.seq = 0
        far = f"{header(invite, 'To')};tag=b"
        talk._know(far, header(invite, "From"), header(invite, "Contact"), header(invite, "Call-ID"))
        return talk

    def _know(self, remote: str, local: str, contact: str, call_id: str) -> None:
        self.remote, self.local, self.call_id = remote, local, call_id
        self.uri = contact.strip("<>")

    @property
    def stream(self) -> Any:
        return self.agent._engine.open[self.leg.endpoint]

    def request(self, method: str, *, headers: str = "", body: str = "", kind: str = SDP_TYPE) -> str:
        """A request of the phone in the dialog, not yet sent."""
        self.seq += method != "ACK"
        return self.phone.request(
            method,
            self.uri,
            from_=self.remote,
            to=self.local,
            call_id=self.call_id,
            cseq=self.seq,
            headers=headers + (kind if body else ""),
            body=body,
        )

    async def ask(self, method: str, **parts: Any) -> str:
        """The final answer to such a request; an INVITE is acknowledged."""
        self.phone.send(text := self.request(method, **parts))
        answer = await self.phone.expect("SIP/2.0 ")
        while answer[8] == "1" or header(answer, "CSeq") != f"{self.seq} {method}":
            answer = await self.phone.expect("SIP/2.0 ")
        if method == "INVITE":
            if answer[8] == "2":
                self.phone.send(self.request("ACK"))
            else:
                self.phone.ack_failure(text, answer)
            await asyncio.sleep(0.01)  # datagrams of one instant may overtake each other
        return answer

    async def over(self) -> None:
        """The phone hangs up; nothing stays."""
        assert (await self.ask("BYE")).startswith("SIP/2.0 200")
        assert await settle(self.agent) == EMPTY

    async def ended(self, reason: str, cause: Cause) -> None:
        """We hang up for this reason."""
        bye = await self.phone.expect("BYE", 4000)
        assert header(bye, "Reason") == reason
        self.phone.answer(bye, "200 OK")
        await asyncio.sleep(0.01)
        assert self.bridge.causes() == [cause]
        assert await settle(self.agent) == EMPTY
