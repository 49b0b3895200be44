"""Offer and answer by every message that may carry them, with every kind of content (RFC 3264, RFC 6337 table 1).

`OFFERS` goes through each carrier of a peer's offer, `ANSWERS` through each carrier of the answer to ours. Whose turn
it is and what the versions do is in `test_offer_turns.py`.
"""

from __future__ import annotations

import pytest

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.offer_cases import ANSWERS, BOTH, OFFERS, TEL, judge, judge_answer, m_lines, sdp
from tests.sip.pairs import settle
from tests.sip.test_calls import EMPTY
from tests.sip.test_early_dialogs import Rung
from tests.sip.test_reliable import OFFERED, Ringing


@pytest.mark.parametrize("name", OFFERS)
def test_offer_in_the_first_invite(name: str) -> None:
    async def main() -> None:
        case = OFFERS[name]
        if case.answer is None:
            call = await Ringing.refused(case.body, "488")
            assert await settle(call.agent) == EMPTY
            return
        talk = await Talk.in_(body=case.body)
        judge(case, talk.made[1], talk.stream)
        await talk.over()

    run(main())


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
@pytest.mark.parametrize("name", OFFERS)
def test_offer_inside_the_call(name: str, method: str, side: str) -> None:
    """A refused one leaves the session as it was."""

    async def main() -> None:
        case = OFFERS[name]
        talk = await (Talk.in_(body=sdp(BOTH, TEL)) if side == "in" else Talk.out())
        before = (talk.stream.remote, talk.stream.codec, talk.stream.direction)
        answer = await talk.ask(method, body=case.body)
        if case.answer is None:
            assert answer.startswith("SIP/2.0 488") and 'Warning: 304 tipring "' in answer
            assert (talk.stream.remote, talk.stream.codec, talk.stream.direction) == before
            answer = await talk.ask(method, body=(case := OFFERS["one codec"]).body)
        judge(case, answer, talk.stream)
        await talk.over()

    run(main())


@pytest.mark.parametrize("name", OFFERS)
def test_offer_in_prack(name: str) -> None:
    async def main() -> None:
        case = OFFERS[name]
        call = await Ringing.begin(OFFERED, body=sdp(BOTH, TEL))
        call.leg.show_progress()
        stream = call.agent._engine.open[call.leg.endpoint]
        ok = await call.prack_ok(await call.caller.expect("SIP/2.0 183"), body=case.body)
        if case.answer is None:
            assert [line.split()[1] for line in m_lines(ok)] == ["0"] * len(m_lines(case.body))
            call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 488"))
            assert await settle(call.agent) == EMPTY
            return
        judge(case, ok, stream)
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


UNUSABLE = "Q.850;cause=88"


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_in_the_ack_of_a_late_offer(name: str) -> None:
    async def main() -> None:
        case = ANSWERS[name]
        call = await Ringing.begin("", body="")
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        assert m_lines(ok) and "RTP/AVP 9 8 0 101" in ok
        call.caller.ack(call.invite, ok, body=case.body)
        if case.answer is None:
            bye = await call.caller.expect("BYE")
            assert UNUSABLE in bye
            call.caller.answer(bye, "200 OK")
            assert await settle(call.agent) == EMPTY
            return
        call.caller.send(call.caller.inside("OPTIONS", call.invite, ok, 2))
        await call.caller.expect("SIP/2.0 200")
        judge_answer(case, call.agent._engine.open[call.leg.endpoint])
        call.cseq = 2
        await call.hang_up(ok)

    run(main())


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_in_the_ack_of_a_late_reinvite(name: str) -> None:
    async def main() -> None:
        case = ANSWERS[name]
        talk = await Talk.in_()
        talk.phone.send(talk.request("INVITE"))
        ok = await talk.phone.expect("SIP/2.0 200")
        assert m_lines(ok)[0].endswith("RTP/AVP 8 9 0 101")
        talk.phone.send(talk.request("ACK", body=case.body))
        if case.answer is None:
            await talk.ended(UNUSABLE, Cause.INCOMPATIBLE_DESTINATION)
            return
        assert (await talk.ask("OPTIONS")).startswith("SIP/2.0 200")
        judge_answer(case, talk.stream)
        await talk.over()

    run(main())


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_in_the_prack_of_a_late_offer(name: str) -> None:
    async def main() -> None:
        case = ANSWERS[name]
        call = await Ringing.begin(OFFERED, body="")
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        stream = call.agent._engine.open[call.leg.endpoint]
        if name in {"missing", "unreadable"}:
            call.prack(progress, body=case.body)
            await call.caller.expect("SIP/2.0 400")
            await call.caller.expect("SIP/2.0 183")  # not acknowledged
            call.leg.release(Cause.USER_BUSY)
            call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 486"))
        elif case.answer is None:
            await call.prack_ok(progress, body=case.body)
            call.caller.ack_failure(call.invite, await call.caller.expect("SIP/2.0 488"))
        else:
            await call.prack_ok(progress, body=case.body)
            judge_answer(case, stream)
            call.leg.accept()
            await call.hang_up(await call.caller.expect("SIP/2.0 200"))
        assert await settle(call.agent) == EMPTY

    run(main())


@pytest.mark.parametrize("carrier", ["2xx", "reliable 183", "preview"])
@pytest.mark.parametrize("name", ANSWERS)
def test_answer_to_our_invite(name: str, carrier: str) -> None:
    async def main() -> None:
        case = ANSWERS[name]
        call = await Rung.begin()
        if carrier == "reliable 183":
            call.reliable("183 Session Progress", "b", 1, body=case.body)
            await call.pracked("1 1 INVITE", "b")
        elif carrier == "preview":
            call.phone.answer(call.invite, "183 Session Progress", tag="b", body=case.body)
        stream = call.stream
        await call.answered("b", body=case.body if carrier == "2xx" else "")
        if case.answer is None:
            bye = await call.phone.expect("BYE")
            assert UNUSABLE in bye
            call.phone.answer(bye, "200 OK")
            assert call.bridge.causes() == [Cause.INCOMPATIBLE_DESTINATION]
            assert await settle(call.agent) == EMPTY
            return
        judge_answer(case, stream)
        await call.over()

    run(main())
