"""What our own INVITE gets before the answer: reliable responses, forks of a proxy, UPDATE, 199 (RFC 3262 4)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from firmware.media.offer_answer import OfferAnswer
from firmware.sip.calls.branch import Branch
from firmware.sip.calls.offer_exchange import OfferExchange
from firmware.sip.calls.targets import Target, Way
from firmware.sip.messages.compose import Outgoing
from firmware.sip.transports.hop import Hop
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Party
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

SDP_TYPE = "Content-Type: application/sdp\r\n"


class Rung:
    """A called leg on its own and the far end it rings."""

    def __init__(self, network: Network, bridge: Bridge, agent: Any, phone: Phone, leg: Any) -> None:
        self.network, self.bridge, self.agent, self.phone, self.leg = network, bridge, agent, phone, leg
        self.invite = ""

    @classmethod
    async def begin(cls) -> Rung:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")))
        phone = Phone(network, "10.0.0.21", "201")
        leg = agent.call_user("201")
        leg.place(CallRequest("7", Party("101"), Party("201")))
        rung = cls(network, bridge, agent, phone, leg)
        rung.invite = await phone.expect("INVITE")
        return rung

    @property
    def stream(self) -> Any:
        return self.agent._engine.open[self.leg.endpoint]

    def reliable(self, status: str, tag: str, rseq: int, *, headers: str = "", body: str = "") -> None:
        lines = f"Require: 100rel\r\nRSeq: {rseq}\r\n{headers}"
        self.phone.answer(self.invite, status, tag=tag, headers=lines, body=body)

    async def pracked(self, rack: str, tag: str) -> str:
        """The PRACK we send; answered 200."""
        prack = await self.phone.expect("PRACK")
        assert header(prack, "RAck") == rack and header(prack, "To").endswith(f";tag={tag}"), prack
        self.phone.answer(prack, "200 OK")
        return prack

    def inside(self, method: str, tag: str, cseq: int, *, headers: str = "", body: str = "") -> str:
        """A request of the far end in the dialog of `tag`."""
        uri = header(self.invite, "Contact").strip("<>")
        return self.phone.request(
            method,
            uri,
            from_=f"{header(self.invite, 'To')};tag={tag}",
            to=header(self.invite, "From"),
            call_id=header(self.invite, "Call-ID"),
            cseq=cseq,
            headers=headers + (SDP_TYPE if body else ""),
            body=body,
        )

    async def answered(self, tag: str, *, body: str = "", headers: str = "") -> str:
        self.phone.answer(self.invite, "200 OK", tag=tag, body=body, headers=headers)
        return await self.phone.expect("ACK")

    async def over(self, bye_seq: int | None = None) -> None:
        """We hang up; nothing stays."""
        self.leg.release(Cause.NORMAL_CLEARING)
        bye = await self.phone.expect("BYE")
        if bye_seq is not None:
            assert header(bye, "CSeq") == f"{bye_seq} BYE"
        self.phone.answer(bye, "200 OK")
        assert await settle(self.agent) == EMPTY


def test_our_invite_says_what_we_can() -> None:
    async def main() -> None:
        call = await Rung.begin()
        assert header(call.invite, "Supported") == "100rel, timer"
        assert header(call.invite, "Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO"
        assert header(call.invite, "Session-Expires") == "1800;refresher=uac"
        call.phone.answer(call.invite, "486 Busy Here", tag="b")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_each_reliable_response_gets_one_prack_in_order() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.reliable("180 Ringing", "b", 500)
        await call.pracked("500 1 INVITE", "b")
        call.reliable("180 Ringing", "b", 500)  # sent again: its PRACK was late
        call.reliable("183 Session Progress", "b", 502, body=sdp_of("10.0.0.21"))  # overtook 501
        await asyncio.sleep(1)
        assert len(call.network.sent(PBX, "PRACK")) == 1 and call.bridge.names() == ["ringing"]
        call.reliable("182 Queued", "b", 501)
        await call.pracked("501 1 INVITE", "b")
        call.reliable("183 Session Progress", "b", 502, body=sdp_of("10.0.0.21", port=6000))
        prack = await call.pracked("502 1 INVITE", "b")
        assert header(prack, "CSeq") == "4 PRACK" and "v=0" not in prack
        assert call.bridge.names() == ["ringing", "progress"] and call.stream.remote == ("10.0.0.21", 6000)
        ack = await call.answered("b")  # no SDP: the reliable 183 has answered
        assert header(ack, "CSeq") == "1 ACK" and call.leg.answered
        await call.over(5)

    run(main())


def test_a_prack_that_is_lost_is_sent_again_by_its_transaction() -> None:
    async def main() -> None:
        call = await Rung.begin()
        lost = [3]

        def fate(data: bytes, *_: object) -> list[float]:
            if data.startswith(b"PRACK") and lost[0]:
                lost[0] -= 1
                return []
            return [0.001]

        call.network.fate = fate
        call.reliable("180 Ringing", "b", 9)
        await call.pracked("9 1 INVITE", "b")
        assert len({text for _, text in call.network.sent(PBX, "PRACK")}) == 1
        await call.answered("b", body=sdp_of("10.0.0.21"))
        await call.over()

    run(main())


def test_sdp_after_the_reliable_answer_is_ignored() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.reliable("183 Session Progress", "b", 1, body=sdp_of("10.0.0.21", port=6000))
        await call.pracked("1 1 INVITE", "b")
        call.phone.answer(call.invite, "180 Ringing", tag="b", body=sdp_of("10.0.0.21", port=7000))
        await call.answered("b", body=sdp_of("10.0.0.21", port=8000))
        assert call.stream.remote == ("10.0.0.21", 6000)
        await call.over()

    run(main())


def test_a_preview_gives_way_to_the_answer_of_the_200() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.phone.answer(call.invite, "183 Session Progress", tag="b", body=sdp_of("10.0.0.21", port=6000))
        await asyncio.sleep(0.1)
        assert call.stream.remote == ("10.0.0.21", 6000)
        await call.answered("b", body=sdp_of("10.0.0.21", port=8000))
        assert call.stream.remote == ("10.0.0.21", 8000)
        await call.over()

    run(main())


@pytest.mark.parametrize("reliable", [True, False])
def test_three_early_dialogs_each_with_its_own_tag_route_and_media(reliable: bool) -> None:
    """The media heard is that of the dialog whose SDP came last; a 199 brings back the one before."""

    async def main() -> None:
        call = await Rung.begin()
        hops = {tag: Phone(call.network, f"10.0.0.5{n}") for n, tag in enumerate("abc")}
        for n, tag in enumerate("abc"):
            route = f"Record-Route: <sip:10.0.0.5{n};lr>\r\n"
            body = sdp_of("10.0.0.21", port=6000 + 10 * n)
            if reliable:
                call.reliable("183 Session Progress", tag, 100 * n + 1, headers=route, body=body)
                prack = await hops[tag].expect("PRACK sip:201@10.0.0.21:5060")
                assert header(prack, "Route") == f"<sip:10.0.0.5{n};lr>"
                assert header(prack, "RAck") == f"{100 * n + 1} 1 INVITE" and header(prack, "CSeq") == "2 PRACK"
                hops[tag].answer(prack, "200 OK")
            else:
                call.phone.answer(call.invite, "183 Session Progress", tag=tag, headers=route, body=body)
            await asyncio.sleep(0.1)
            assert call.stream.remote == ("10.0.0.21", 6000 + 10 * n)
        call.phone.answer(call.invite, "199 Early Dialog Terminated", tag="c")
        await asyncio.sleep(0.1)
        assert call.stream.remote == ("10.0.0.21", 6010)
        assert call.bridge.names() == ["progress"]  # who listens is not told again: the endpoint stays
        body = "" if reliable else sdp_of("10.0.0.21", port=6000)
        headers = "Record-Route: <sip:10.0.0.50;lr>\r\n"
        call.phone.answer(call.invite, "200 OK", tag="a", body=body, headers=headers)
        assert header(await hops["a"].expect("ACK"), "To").endswith(";tag=a")
        assert call.stream.remote == ("10.0.0.21", 6000)
        late = sdp_of("10.0.0.21", port=6010)
        call.phone.answer(call.invite, "200 OK", tag="b", body=late, headers="Record-Route: <sip:10.0.0.51;lr>\r\n")
        assert header(await hops["b"].expect("ACK"), "To").endswith(";tag=b")
        bye = await hops["b"].expect("BYE")
        assert header(bye, "CSeq") == ("3 BYE" if reliable else "2 BYE")
        hops["b"].answer(bye, "200 OK")
        assert call.stream.remote == ("10.0.0.21", 6000)
        call.leg.release(Cause.NORMAL_CLEARING)
        hops["a"].answer(await hops["a"].expect("BYE"), "200 OK")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_the_early_media_heard_is_that_of_who_spoke_last_also_among_known_ones() -> None:
    async def main() -> None:
        call = await Rung.begin()
        for tag, port in (("a", 6000), ("b", 6010), ("a", 6020)):
            call.phone.answer(call.invite, "183 Session Progress", tag=tag, body=sdp_of("10.0.0.21", port=port))
            await asyncio.sleep(0.1)
            assert call.stream.remote == ("10.0.0.21", port)
        await call.answered("b", body=sdp_of("10.0.0.21", port=6010))
        assert call.stream.remote == ("10.0.0.21", 6010)
        await call.over()

    run(main())


def test_a_199_for_a_tag_never_heard_and_a_second_one_mean_nothing() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.phone.answer(call.invite, "199 Early Dialog Terminated", tag="x")
        call.phone.answer(call.invite, "180 Ringing", tag="a")
        call.phone.answer(call.invite, "199 Early Dialog Terminated", tag="a")
        call.phone.answer(call.invite, "199 Early Dialog Terminated", tag="a")
        await asyncio.sleep(0.1)
        assert call.bridge.names() == ["ringing"]
        await call.answered("b", body=sdp_of("10.0.0.21"))
        await call.over()

    run(main())


def test_a_flood_of_tags_keeps_only_some() -> None:
    async def main() -> None:
        call = await Rung.begin()
        for n in range(200):
            call.phone.answer(call.invite, "183 Session Progress", tag=f"t{n}", body=sdp_of("10.0.0.21", port=6000 + n))
        await asyncio.sleep(0.1)
        assert len(call.leg._hunt.branches[0]._early) == 32
        await call.answered("t150", body=sdp_of("10.0.0.21", port=9000))
        assert call.stream.remote == ("10.0.0.21", 9000)
        await call.over()

    run(main())


@pytest.mark.parametrize("body", [True, False])
def test_the_far_end_updates_an_early_dialog(body: bool) -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.reliable("183 Session Progress", "b", 1, body=sdp_of("10.0.0.21", port=6000))
        await call.pracked("1 1 INVITE", "b")
        offer = sdp_of("10.0.0.21", port=6100, direction="sendonly") if body else ""
        call.phone.send(
            call.inside("UPDATE", "b", 1, body=offer).replace("@10.0.0.21:5060>\r\n", "@10.0.0.77:5060>\r\n")
        )
        ok = await call.phone.expect("SIP/2.0 200")
        assert ("a=recvonly" in ok) is body and header(ok, "Contact") and "Session-Expires" not in ok
        assert call.stream.remote == ("10.0.0.21", 6100 if body else 6000)
        call.reliable("180 Ringing", "b", 2)
        prack = await call.phone.expect("PRACK sip:201@10.0.0.77:5060")
        call.phone.answer(prack, "200 OK")
        await call.answered("b")  # the Contact of the 2xx moves the target back (RFC 3261 13.2.2.4)
        await call.over()

    run(main())


def test_who_may_offer_while_our_own_offer_is_open() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.phone.answer(call.invite, "180 Ringing", tag="b")
        await asyncio.sleep(0.1)
        call.phone.send(call.inside("UPDATE", "b", 1, body=sdp_of("10.0.0.21")))
        assert header(await call.phone.expect("SIP/2.0 491"), "CSeq") == "1 UPDATE"
        call.phone.send(call.inside("UPDATE", "b", 2))
        await call.phone.expect("SIP/2.0 200")
        call.phone.send(call.inside("INVITE", "b", 3, body=sdp_of("10.0.0.21")))
        await call.phone.expect("SIP/2.0 491")
        call.phone.send(call.inside("UPDATE", "strange", 4))
        await call.phone.expect("SIP/2.0 481")
        await call.answered("b", body=sdp_of("10.0.0.21"))
        await call.over()

    run(main())


def test_early_requests_of_a_cancelled_branch_are_481_but_its_reliable_responses_still_get_prack() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.reliable("180 Ringing", "b", 1)
        await call.pracked("1 1 INVITE", "b")
        call.leg.release(Cause.NORMAL_CLEARING)
        call.phone.answer(await call.phone.expect("CANCEL"), "200 OK")
        call.reliable("183 Session Progress", "b", 2, body=sdp_of("10.0.0.21"))
        await call.pracked("2 1 INVITE", "b")
        call.phone.send(call.inside("UPDATE", "b", 1))
        await call.phone.expect("SIP/2.0 481")
        call.phone.answer(call.invite, "487 Request Terminated", tag="b")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_an_unusable_reliable_answer_ends_the_call_when_it_is_answered() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.reliable("183 Session Progress", "b", 1, body=sdp_of("10.0.0.21", codecs="18"))
        await call.pracked("1 1 INVITE", "b")
        await call.answered("b")
        bye = await call.phone.expect("BYE")
        assert header(bye, "Reason") == "Q.850;cause=88"
        call.phone.answer(bye, "200 OK")
        assert call.bridge.causes() == [Cause.INCOMPATIBLE_DESTINATION]
        assert await settle(call.agent) == EMPTY

    run(main())


class Asked:
    """The owner of a branch whose INVITE offers nothing, as a click-to-call or a transfer sends it."""

    def __init__(self) -> None:
        self.leg_id = "sip:201/1"
        self.rang: list[int] = []
        self.session: Any = None
        self.failed: list[int] = []

    def branch_rang(self, branch: Branch, response: Any) -> None:
        self.rang.append(response.status)

    def branch_answered(self, branch: Branch, session: Any, response: Any) -> None:
        self.session = session

    def branch_failed(self, branch: Branch, status: int, response: Any) -> None:
        self.failed.append(status)


async def ask_without_offer() -> tuple[Rung, Asked, Branch]:
    network, bridge = Network(), Bridge(manual=True)
    agent = await agent_on(network, bridge)
    phone, owner = Phone(network, "10.0.0.21", "201"), Asked()
    invite = Outgoing(
        "INVITE",
        "sip:201@10.0.0.21",
        from_line="<sip:101@10.0.0.1>;tag=ours",
        to_line="<sip:201@10.0.0.1>",
        call_id="late@10.0.0.1",
        cseq=1,
        headers="Contact: <sip:101@10.0.0.1>\r\nSupported: 100rel\r\n",
    )
    target = Target("201", (Way("sip:201@10.0.0.21", Hop(agent._context.transports["UDP"], phone.address)),))
    exchange = OfferExchange(OfferAnswer("10.0.0.1", 10002))
    branch = Branch(owner, agent._context, invite, "ours", target, 70, exchange)
    call = Rung(network, bridge, agent, phone, None)
    call.invite = await phone.expect("INVITE")
    assert "v=0" not in call.invite
    return call, owner, branch


def test_without_an_offer_of_ours_the_reliable_one_is_answered_in_prack() -> None:
    async def main() -> None:
        call, owner, _ = await ask_without_offer()
        call.phone.answer(call.invite, "180 Ringing", tag="b", body=sdp_of("10.0.0.21"))  # no offer: it may be lost
        call.reliable("183 Session Progress", "b", 5, body=sdp_of("10.0.0.21", port=6000, codecs="0"))
        prack = await call.pracked("5 1 INVITE", "b")
        assert "m=audio 10002 RTP/AVP 0\r" in prack and header(prack, "Content-Type") == "application/sdp"
        assert owner.rang == [180, 183]
        ack = await call.answered("b", headers="Session-Expires: 1800;refresher=uas\r\n")
        assert "v=0" not in ack
        assert owner.session.exchange.media.agreed.port == 6000
        owner.session.bye("")
        call.phone.answer(await call.phone.expect("BYE"), "200 OK")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_without_an_offer_of_ours_that_of_the_200_is_answered_in_ack_by_each_fork() -> None:
    async def main() -> None:
        call, owner, _ = await ask_without_offer()
        ack = await call.answered("b", body=sdp_of("10.0.0.21", port=6000, codecs="0"))
        assert "m=audio 10002 RTP/AVP 0\r" in ack
        call.phone.answer(call.invite, "200 OK", tag="b", body=sdp_of("10.0.0.21", port=6000, codecs="0"))
        assert await call.phone.expect("ACK") == ack
        other = await call.answered("c", body=sdp_of("10.0.0.22", port=6500, codecs="8"))
        assert "m=audio 10002 RTP/AVP 8\r" in other
        bye = await call.phone.expect("BYE")
        assert header(bye, "To").endswith("tag=c")
        call.phone.answer(bye, "200 OK")
        assert owner.session.exchange.media.agreed.port == 6000
        owner.session.bye("")
        call.phone.answer(await call.phone.expect("BYE"), "200 OK")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_without_an_offer_of_ours_one_that_fits_nothing_is_answered_with_no_line() -> None:
    async def main() -> None:
        call, owner, _ = await ask_without_offer()
        ack = await call.answered("b", body=sdp_of("10.0.0.21", codecs="18"))
        assert "m=audio 0 RTP/AVP 18" in ack and owner.session.exchange.media.agreed is None
        owner.session.bye("")
        call.phone.answer(await call.phone.expect("BYE"), "200 OK")
        assert await settle(call.agent) == EMPTY

    run(main())


def test_a_reliable_response_without_a_readable_rseq_is_dropped() -> None:
    async def main() -> None:
        call = await Rung.begin()
        for line in ("", "RSeq: x\r\n"):
            call.phone.answer(call.invite, "180 Ringing", tag="b", headers=f"Require: 100rel\r\n{line}")
        await asyncio.sleep(1)
        assert not call.network.sent(PBX, "PRACK") and not call.bridge.told
        call.phone.answer(call.invite, "486 Busy Here", tag="b")
        assert await settle(call.agent) == EMPTY

    run(main())
