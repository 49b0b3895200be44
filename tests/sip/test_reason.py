"""The Reason header: what we say when we end a call, and what becomes of a peer's (RFC 3326, RFC 6432)."""

from __future__ import annotations

import pytest

from firmware.sip.messages.message import parse
from firmware.sip.messages.reason import reason_cause
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.pairs import PBX, Phone, header, settle
from tests.sip.test_calls import EMPTY, house

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.parametrize(
    ("method", "lines", "cause"),
    [
        ("BYE", (), None),
        ("BYE", ("Q.850;cause=17",), Cause.USER_BUSY),
        ("BYE", ('q.850 ; cause=16 ; text="Normal, it is"',), Cause.NORMAL_CLEARING),
        ("BYE", ("SIP;cause=486",), Cause.USER_BUSY),
        ("BYE", ("SIP;cause=480, Q.850;cause=19",), Cause.NO_ANSWER),
        ("BYE", ("SIP;cause=600", "Q.850;cause=27"), Cause.DESTINATION_OUT_OF_ORDER),
        ("BYE", ("SIP;cause=200",), None),
        ("CANCEL", (ELSEWHERE,), Cause.ANSWERED_ELSEWHERE),
        ("CANCEL", ("Q.850;cause=26",), Cause.ANSWERED_ELSEWHERE),
        ("BYE", ("Q.850;cause=126",), None),
        ("BYE", ("Q.850;cause=126, SIP;cause=404",), Cause.UNALLOCATED_NUMBER),
        ("BYE", ("SIP;cause=99", "SIP;cause=1000", "SIP;cause=x", "SIP", "preemption;cause=1"), None),
        ("BYE", ("Q.850;cause=99999999999999999999",), None),
    ],
)
def test_what_a_peers_reason_means(method: str, lines: tuple[str, ...], cause: Cause | None) -> None:
    text = f"{method} sip:a@b SIP/2.0\r\n" + "".join(f"Reason: {line}\r\n" for line in lines) + "\r\n"
    assert reason_cause(parse(text.encode(), ("10.0.0.9", 5060))) is cause


def test_a_caller_that_was_answered_elsewhere_leaves_no_missed_call_on_our_phones() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        cancel = caller.cancel(invite)
        assert "Reason" not in cancel
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert header(await phone.expect("CANCEL"), "Reason") == "Q.850;cause=16"
        phone.answer(phone.all[-1], "200 OK")
        phone.answer(rung, "487 Request Terminated", tag="b")

        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        text = caller.request(
            "CANCEL", invite.split()[1], call_id=header(invite, "Call-ID"), headers=f"Reason: {ELSEWHERE}\r\n"
        )
        caller.send(text.replace(header(text, "Via"), header(invite, "Via")))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert header(await phone.expect("CANCEL"), "Reason") == ELSEWHERE
        phone.answer(phone.all[-1], "200 OK")
        phone.answer(rung, "487 Request Terminated", tag="b")
        assert bridge.causes()[-2:] == [Cause.ANSWERED_ELSEWHERE] * 2
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize("cause", [Cause.NORMAL_CLEARING, Cause.USER_BUSY, Cause.RECOVERY_ON_TIMER])
def test_every_bye_of_ours_says_why(cause: Cause) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        talk.leg.release(cause)
        await talk.ended(f"Q.850;cause={cause.value}", cause)
        assert len(talk.network.sent(PBX, "BYE")) == 1

    run(main())
