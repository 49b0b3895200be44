"""Digits that a peer gets by INFO: when, in which order, and what becomes of them when it refuses."""

from __future__ import annotations

import asyncio

import pytest

from firmware.media.events import DigitDue
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.pairs import Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

ABLE = "Allow: INVITE, ACK, BYE, INFO\r\nAccept: application/sdp, application/dtmf-relay\r\n"
NO_EVENTS = sdp_of("10.0.0.9").replace(" 101", "").replace("a=rtpmap:101 telephone-event/8000\r\n", "")


def infos(talk: Talk) -> list[str]:
    """Those not yet taken up."""
    return [text for text in talk.phone.got if text.startswith("INFO")]


def body_of(request: str) -> str:
    return request.partition("\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("dtmf", "headers", "events", "way"),
    [
        ("auto", "", True, "agreed"),
        ("auto", ABLE, True, "agreed"),
        ("auto", ABLE, False, "told"),
        ("auto", "", False, "agreed"),
        ("auto", ABLE.replace(", INFO", ""), False, "agreed"),
        ("auto", ABLE.replace(", application/dtmf-relay", ""), False, "agreed"),
        ("rtp", ABLE, False, "agreed"),
        ("inband", ABLE, True, "tones"),
        ("info", "", True, "told"),
    ],
)
def test_what_is_agreed_and_set_decides(dtmf: str, headers: str, events: bool, way: str) -> None:
    async def main() -> None:
        body = sdp_of("10.0.0.9") if events else NO_EVENTS
        talk = await Talk.in_(headers, body=body, dtmf=dtmf)
        assert talk.stream.codec[2] == (101 if events else None)
        assert talk.stream.digits == way
        await talk.over()

    run(main())


def test_a_leg_whose_other_end_is_a_fax_machine_keeps_its_delay() -> None:
    async def main() -> None:
        talk = await Talk.in_(ABLE)
        talk.leg.keep_delay(80)
        assert talk.stream.calls[-1] == ("jitter", 80)
        await talk.over()

    run(main())


def test_digits_go_one_by_one_in_order() -> None:
    async def main() -> None:
        talk = await Talk.out(ABLE, dtmf="info")
        for digit in "5*#":
            assert talk.agent.media_event(DigitDue(talk.leg.endpoint, digit, 143))
        seqs = []
        for digit in "5*#":
            info = await talk.phone.expect("INFO")
            await asyncio.sleep(0.1)
            assert not infos(talk)
            assert body_of(info) == f"Signal={digit}\r\nDuration=143\r\n"
            assert header(info, "Content-Type") == "application/dtmf-relay"
            seqs.append(int(header(info, "CSeq").split()[0]))
            talk.phone.answer(info, "200 OK")
        assert seqs == [seqs[0], seqs[0] + 1, seqs[0] + 2]
        await talk.over()

    run(main())


def test_a_peer_that_refuses_gets_tones_from_then_on() -> None:
    async def main() -> None:
        talk = await Talk.out(dtmf="info")
        talk.leg.send_digit("1", 100)
        talk.leg.send_digit("2", 120)
        talk.phone.answer(await talk.phone.expect("INFO"), "415 Unsupported Media Type")
        await asyncio.sleep(0.1)
        assert talk.stream.digits == "agreed"
        talk.leg.send_digit("3", 90)
        digits = [call for call in talk.stream.calls if call[0] == "digit"]
        assert digits == [("digit", "1", 100), ("digit", "2", 120), ("digit", "3", 90)]
        await talk.over()

    run(main())


def test_a_lost_or_failed_info_holds_up_no_other() -> None:
    async def main() -> None:
        talk = await Talk.out(dtmf="info")
        talk.leg.send_digit("1", 100)
        talk.leg.send_digit("2", 100)
        talk.phone.answer(await talk.phone.expect("INFO"), "500 Busy")
        second = await talk.phone.expect("INFO")
        assert body_of(second).startswith("Signal=2")
        talk.phone.answer(second, "200 OK")
        await talk.over()

    run(main())


def test_a_call_that_ends_takes_its_digits_along() -> None:
    async def main() -> None:
        talk = await Talk.out(dtmf="info")
        for _ in range(40):
            talk.leg.send_digit("1", 100)
        info = await talk.phone.expect("INFO")
        assert (await talk.ask("BYE")).startswith("SIP/2.0 200")
        talk.phone.answer(info, "200 OK")
        assert await settle(talk.agent) == EMPTY
        assert not infos(talk)

    run(main())


def test_info_of_one_phone_reaches_the_other_as_info() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        no_events = NO_EVENTS.replace("10.0.0.9", "10.0.0.21")
        phone.answer(rung, "200 OK", tag="b", body=no_events, headers=ABLE)
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        await phone.expect("ACK")
        relay = "Content-Type: application/dtmf-relay\r\n"
        caller.send(caller.inside("INFO", invite, ok, 2, headers=relay, body="Signal=3\r\nDuration=200\r\n"))
        await caller.expect("SIP/2.0 200")
        info = await phone.expect("INFO")
        assert body_of(info) == "Signal=3\r\nDuration=200\r\n"
        phone.answer(info, "200 OK")
        caller.send(caller.inside("BYE", invite, ok, 3))
        phone.answer(await phone.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())
