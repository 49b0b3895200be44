"""Reliable provisional responses towards a caller (RFC 3262 section 3 and 5, RFC 6337), on fake time."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.pairs import PBX, Network, Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

DEMANDED = "Require: 100rel\r\n"
OFFERED = "Supported: 100rel\r\n"
SDP_TYPE = "Content-Type: application/sdp\r\n"


class Ringing:
    """A call that has arrived: its leg, the caller and what the caller needs for PRACK."""

    def __init__(self, network: Network, agent: Any, leg: Any, caller: Phone, invite: str) -> None:
        self.network, self.agent, self.leg, self.caller, self.invite = network, agent, leg, caller, invite
        self.cseq = 1

    @classmethod
    async def begin(cls, headers: str, **parts: Any) -> Ringing:
        network, bridge, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201", headers=headers, **parts))
        await caller.expect("SIP/2.0 100")
        return cls(network, agent, bridge.arrived[0], caller, invite)

    @classmethod
    async def refused(cls, body: str, status: str) -> Ringing:
        """A call that is refused before it arrives, for its offer."""
        network, bridge, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201", body=body))
        assert (await caller.expect("SIP/2.0 ")).startswith(f"SIP/2.0 {status}")
        assert not bridge.told
        return cls(network, agent, None, caller, invite)

    def prack(self, response: str, *, rack: str = "", body: str = "") -> None:
        self.cseq += 1
        headers = f"RAck: {rack or rack_of(response)}\r\n" + (SDP_TYPE if body else "")
        self.caller.send(self.caller.inside("PRACK", self.invite, response, self.cseq, headers=headers, body=body))

    async def prack_ok(self, response: str, **parts: Any) -> str:
        self.prack(response, **parts)
        ok = await self.caller.expect("SIP/2.0 200")
        assert header(ok, "CSeq") == f"{self.cseq} PRACK"
        return ok

    async def hang_up(self, ok: str) -> None:
        self.caller.ack(self.invite, ok)
        self.caller.send(self.caller.inside("BYE", self.invite, ok, self.cseq + 1))
        await self.caller.expect("SIP/2.0 200")
        assert await settle(self.agent) == EMPTY


def rack_of(response: str) -> str:
    return f"{header(response, 'RSeq')} {header(response, 'CSeq')}"


def test_a_demanded_180_is_sent_again_until_its_prack() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        assert header(ringing, "Require") == "100rel" and 1 <= int(header(ringing, "RSeq")) < 2**31
        assert "v=0" not in ringing
        await asyncio.sleep(8)
        times = [at for at, _ in call.network.sent(PBX, "SIP/2.0 180")]
        assert [round(at - times[0], 1) for at in times] == [0, 0.5, 1.5, 3.5, 7.5]
        await call.prack_ok(ringing)
        await asyncio.sleep(40)
        assert len(call.network.sent(PBX, "SIP/2.0 180")) == 5
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        assert "m=audio" in ok and "RSeq" not in ok
        await call.hang_up(ok)

    run(main())


def test_without_prack_for_32_s_the_call_is_504() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        began_s = asyncio.get_running_loop().time()
        await call.caller.expect("SIP/2.0 180")
        failed = await call.caller.expect("SIP/2.0 504")
        assert 31.9 < asyncio.get_running_loop().time() - began_s < 32.1
        assert header(failed, "Reason") == "Q.850;cause=102"
        call.caller.ack_failure(call.invite, failed)
        await asyncio.sleep(0)
        assert call.leg.released and len(call.network.sent(PBX, "SIP/2.0 180")) == 7
        assert await settle(call.agent) == EMPTY

    run(main())


@pytest.mark.parametrize(
    ("headers", "rings_reliably"), [(DEMANDED, True), (OFFERED, False), ("", False), ("k: timer, 100REL\r\n", False)]
)
def test_progress_is_reliable_where_the_caller_can_and_ringing_only_where_it_must(
    headers: str, rings_reliably: bool
) -> None:
    async def main() -> None:
        call = await Ringing.begin(headers)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        assert ("RSeq" in ringing) is rings_reliably
        if rings_reliably:
            await call.prack_ok(ringing)
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        assert "m=audio" in progress and ("RSeq" in progress) is bool(headers)
        if headers:
            await call.prack_ok(progress)
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        assert ("m=audio" in ok) is not bool(headers)  # the reliable 183 has answered the offer for good
        await call.hang_up(ok)

    run(main())


def test_a_prack_that_matches_nothing_is_481_and_an_unreadable_one_400() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        rseq = int(header(ringing, "RSeq"))
        wrong = [f"{rseq + 1} 1 INVITE", f"{rseq} 2 INVITE", f"{rseq} 1 UPDATE"]
        for rack, status in [*((text, 481) for text in wrong), ("x 1 INVITE", 400), (f"{rseq} 1", 400)]:
            call.prack(ringing, rack=rack)
            refused = await call.caller.expect(f"SIP/2.0 {status}")
            assert header(refused, "CSeq") == f"{call.cseq} PRACK"
        await call.prack_ok(ringing)
        call.prack(ringing)
        await call.caller.expect("SIP/2.0 481")  # it was acknowledged before
        call.leg.release(Cause.USER_BUSY)
        call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 486"))
        assert await settle(call.agent) == EMPTY

    run(main())


def test_a_prack_where_nothing_was_reliable_is_481() -> None:
    async def main() -> None:
        call = await Ringing.begin("")
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        call.prack(ringing, rack="1 1 INVITE")
        await call.caller.expect("SIP/2.0 481")
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


def test_the_second_response_waits_for_the_prack_of_the_first() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        call.leg.show_progress()
        ringing = await call.caller.expect("SIP/2.0 180")
        await asyncio.sleep(3)
        assert not call.network.sent(PBX, "SIP/2.0 183") and len(call.network.sent(PBX, "SIP/2.0 180")) == 3
        await call.prack_ok(ringing)
        progress = await call.caller.expect("SIP/2.0 183")
        assert int(header(progress, "RSeq")) == int(header(ringing, "RSeq")) + 1
        await call.prack_ok(progress)
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


def test_the_200_is_held_back_until_the_sdp_before_it_is_acknowledged() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED)
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        call.leg.accept()
        await asyncio.sleep(3)
        assert not call.network.sent(PBX, "SIP/2.0 200") and not call.leg.answered
        call.prack(progress)
        await call.caller.expect("SIP/2.0 200")
        ok = await call.caller.expect("SIP/2.0 200")
        assert header(ok, "CSeq") == "1 INVITE" and call.leg.answered
        await call.hang_up(ok)

    run(main())


def test_the_200_does_not_wait_for_a_180_without_sdp_whose_prack_may_still_come() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        call.caller.ack(call.invite, ok)
        await call.prack_ok(ringing)
        await asyncio.sleep(5)
        assert len(call.network.sent(PBX, "SIP/2.0 180")) == 1
        await call.hang_up(ok)

    run(main())


def test_what_waited_behind_a_180_is_forgotten_with_the_answer() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        call.caller.ack(call.invite, ok)
        await call.prack_ok(ringing)
        call.prack(ringing, rack=f"{int(header(ringing, 'RSeq')) + 1} 1 INVITE")
        await call.caller.expect("SIP/2.0 481")
        assert len(call.network.sent(PBX, "SIP/2.0 180")) == 1
        await call.hang_up(ok)

    run(main())


def test_an_offer_in_prack_is_answered_in_its_200() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED)
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        again = sdp_of("10.0.0.9", port=4800, codecs="0").replace("o=- 1 1", "o=- 1 2")
        ok = await call.prack_ok(progress, body=again)
        assert "RTP/AVP 0\r" in ok and header(ok, "Content-Type") == "application/sdp"
        first, second = (int(re.search(r"o=- \d+ (\d+)", text).group(1)) for text in (progress, ok))  # type: ignore[union-attr]
        assert second == first + 1
        assert call.agent._engine.open[call.leg.endpoint].remote == ("10.0.0.9", 4800)
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


def test_an_offer_in_prack_that_fits_nothing_takes_no_line_and_ends_the_call() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED)
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        ok = await call.prack_ok(progress, body=sdp_of("10.0.0.9", codecs="18"))
        assert "m=audio 0 RTP/AVP 18" in ok  # a PRACK that matches must get 2xx (RFC 3262 3)
        call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 488"))
        assert await settle(call.agent) == EMPTY

    run(main())


@pytest.mark.parametrize("headers", [DEMANDED, OFFERED])
def test_late_offer_in_a_reliable_183_with_the_answer_in_prack(headers: str) -> None:
    async def main() -> None:
        call = await Ringing.begin(headers, body="")
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        assert "RTP/AVP 9 8 0 101" in progress
        call.prack(progress)
        await call.caller.expect("SIP/2.0 400")  # the answer is missing: not acknowledged, asked again
        call.leg.accept()
        await call.prack_ok(progress, body=sdp_of("10.0.0.9", port=4444, codecs="0"))
        ok = await call.caller.expect("SIP/2.0 200")
        assert "m=audio" not in ok
        assert call.agent._engine.open[call.leg.endpoint].remote == ("10.0.0.9", 4444)
        await call.hang_up(ok)

    run(main())


def test_late_offer_the_first_reliable_response_holds_our_offer_even_a_180() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED, body="")
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        assert "RTP/AVP 9 8 0 101" in ringing
        await call.prack_ok(ringing, body=sdp_of("10.0.0.9"))
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        assert "m=audio" not in ok
        await call.hang_up(ok)

    run(main())


def test_an_unusable_answer_in_prack_ends_the_call_with_488() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED, body="")
        call.leg.show_progress()
        await call.prack_ok(await call.caller.expect("SIP/2.0 183"), body=sdp_of("10.0.0.9", codecs="18"))
        call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 488"))
        assert await settle(call.agent) == EMPTY

    run(main())


@pytest.mark.parametrize("how", ["CANCEL", "BYE"])
def test_a_caller_that_leaves_while_a_prack_is_due_gets_487_and_no_more_resends(how: str) -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        if how == "CANCEL":
            call.caller.cancel(call.invite)
        else:
            call.caller.send(call.caller.inside("BYE", call.invite, ringing, 2))
        call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 487"))
        assert await settle(call.agent) == EMPTY
        assert len(call.network.sent(PBX, "SIP/2.0 180")) == 1

    run(main())


def test_a_resent_invite_brings_the_last_response_once_more_and_no_second_call() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        call.caller.send(call.invite)
        assert await call.caller.expect("SIP/2.0 180") == ringing
        await call.prack_ok(ringing)
        call.leg.release(Cause.CALL_REJECTED)
        call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 603"))
        assert await settle(call.agent) == EMPTY

    run(main())
