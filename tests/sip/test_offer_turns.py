"""Whose turn it is to offer, versions and places of lines over a whole call, and requests that cross (RFC 3264 8)."""

from __future__ import annotations

import asyncio
import re

import pytest

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.offer_cases import BOTH, PCMA, TEL, m_lines, sdp
from tests.sip.pairs import PBX, header, settle
from tests.sip.test_calls import EMPTY
from tests.sip.test_reliable import DEMANDED, OFFERED, Ringing

TIMER = "Supported: timer\r\n"


def origin(text: str) -> tuple[str, int]:
    """(session id, version) of our description."""
    found = re.search(r"o=- (\d+) (\d+) IN", text)
    assert found, text
    return found.group(1), int(found.group(2))


def test_the_version_rises_by_one_with_each_change_and_only_then() -> None:
    async def main() -> None:
        talk = await Talk.in_(body=sdp(BOTH, TEL))
        session, version = origin(talk.made[1])
        steps = [("a=sendrecv", 0), ("a=sendonly", 1), ("a=sendonly", 1), ("a=inactive", 2), ("a=sendrecv", 3)]
        for number, (way, change) in enumerate(steps):
            method = ("INVITE", "UPDATE")[number % 2]
            answer = await talk.ask(method, body=sdp(BOTH, TEL, way, version=number + 2))
            assert origin(answer) == (session, version + change), way
        await talk.ask("INVITE", body=sdp("audio 4000 RTP/AVP 18"))
        assert origin(await talk.ask("UPDATE", body=sdp(BOTH, TEL))) == (
            session,
            version + 3,
        )  # a refusal changes nothing
        await talk.over()

    run(main())


def test_two_legs_of_a_house_never_share_a_session_id() -> None:
    async def main() -> None:
        first, second = await Talk.in_(), await Talk.out()
        assert origin(first.made[1])[0] != origin(second.made[0])[0]
        await first.over()
        await second.over()

    run(main())


def test_our_later_offers_keep_every_line_in_its_place() -> None:
    async def main() -> None:
        lines = (
            "video 5000 RTP/AVP 96",
            "audio 4000 RTP/AVP 0 97",
            "a=rtpmap:97 telephone-event/8000",
            "image 9 udptl t38",
        )
        talk = await Talk.in_(body=sdp(*lines))
        talk.phone.send(talk.request("INVITE"))
        offer = await talk.phone.expect("SIP/2.0 200")
        video, audio, image = m_lines(offer)
        assert (video, image) == ("video 0 RTP/AVP 96", "image 0 udptl t38")
        assert audio.endswith("RTP/AVP 0 9 8 97") and "a=rtpmap:97 telephone-event/8000" in offer
        talk.phone.send(talk.request("ACK", body=sdp("video 0 RTP/AVP 96", PCMA, "image 0 udptl t38")))
        assert (await talk.ask("OPTIONS")).startswith("SIP/2.0 200")
        assert talk.stream.codec[1] == "PCMA"
        await talk.over()

    run(main())


def test_a_line_may_be_added_and_taken_away_again() -> None:
    async def main() -> None:
        talk = await Talk.in_(body=sdp(PCMA))
        assert len(m_lines(await talk.ask("INVITE", body=sdp(PCMA, "video 5000 RTP/AVP 96")))) == 2
        assert m_lines(await talk.ask("INVITE", body=sdp(PCMA, "video 0 RTP/AVP 96")))[1] == "video 0 RTP/AVP 96"
        talk.phone.send(talk.request("INVITE"))
        assert len(m_lines(await talk.phone.expect("SIP/2.0 200"))) == 2
        talk.phone.send(talk.request("ACK", body=sdp(PCMA, "video 0 RTP/AVP 96")))
        await talk.over()

    run(main())


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_audio_taken_out_with_port_0_is_a_hold_and_comes_back(method: str) -> None:
    async def main() -> None:
        talk = await Talk.in_(body=sdp(PCMA))
        gone = await talk.ask(method, body=sdp("audio 0 RTP/AVP 8"))
        assert m_lines(gone) == ["audio 0 RTP/AVP 8"] and talk.stream.direction == (False, False)
        talk.leg.media_stopped()  # the engine hears nothing: no reason to hang up now
        back = await talk.ask(method, body=sdp("audio 4100 RTP/AVP 8"))
        assert re.fullmatch(r"audio 1\d+ RTP/AVP 8", m_lines(back)[0])
        assert talk.stream.direction == (True, True) and talk.stream.remote == ("10.0.0.9", 4100)
        assert [entry[2] for entry in talk.bridge.told if entry[0] == "held"] == [True, False]
        await talk.over()

    run(main())


@pytest.mark.parametrize("way", ["a=sendonly", "a=inactive", "c=IN IP4 0.0.0.0"])
@pytest.mark.parametrize("side", ["in", "out"])
def test_each_form_of_hold_and_resume(way: str, side: str) -> None:
    async def main() -> None:
        talk = await (Talk.in_() if side == "in" else Talk.out())
        remote = talk.stream.remote
        answer = await talk.ask("INVITE", body=sdp(PCMA, way, ip=talk.phone.address[0]))
        assert ("a=recvonly" if way != "a=inactive" else "a=inactive") in answer
        assert talk.stream.direction == (False, way != "a=inactive") and talk.stream.remote == remote
        answer = await talk.ask("INVITE", body=sdp(PCMA, ip=talk.phone.address[0]))
        assert "a=sendrecv" in answer and talk.stream.direction == (True, True)
        assert [entry[2] for entry in talk.bridge.told if entry[0] == "held"] == [True, False]
        await talk.over()

    run(main())


# -- before the first INVITE is answered ------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("UPDATE", PCMA, "500"), ("INVITE", PCMA, "500"), ("INVITE", "", "500"), ("UPDATE", "", "200")],
)
def test_a_request_of_the_caller_before_its_first_offer_is_answered(method: str, body: str, status: str) -> None:
    async def main() -> None:
        call = await Ringing.begin("")
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = call.caller.inside(method, call.invite, ringing, 2, headers=kind, body=sdp(body) if body else "")
        call.caller.send(text)
        answer = await call.caller.expect(f"SIP/2.0 {status}")
        if status == "500":
            assert 0 <= int(header(answer, "Retry-After")) <= 10
        if method == "INVITE":
            call.caller.ack_failure(text, answer)
        call.cseq = 2
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


def test_after_the_reliable_answer_the_caller_may_offer_by_update_at_once_and_what_it_says_last_counts() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED, body=sdp(PCMA))
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        kind = "Content-Type: application/sdp\r\n"
        early = call.caller.inside("UPDATE", call.invite, progress, 2, headers=kind, body=sdp("audio 4200 RTP/AVP 8"))
        call.caller.send(early)  # it overtakes the PRACK
        assert "m=audio" in await call.caller.expect("SIP/2.0 200")
        call.cseq = 2
        await call.prack_ok(progress)
        later = call.caller.inside("UPDATE", call.invite, progress, 4, headers=kind, body=sdp("audio 4300 RTP/AVP 8"))
        call.caller.send(later)
        await call.caller.expect("SIP/2.0 200")
        call.cseq = 4
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        assert not m_lines(ok)
        assert call.agent._engine.open[call.leg.endpoint].remote == ("10.0.0.9", 4300)
        await call.hang_up(ok)

    run(main())


def test_an_offer_in_the_prack_of_a_180_that_answered_nothing_is_too_early() -> None:
    async def main() -> None:
        call = await Ringing.begin(DEMANDED)
        call.leg.show_ringing()
        ringing = await call.caller.expect("SIP/2.0 180")
        call.prack(ringing, body=sdp(PCMA))
        await call.caller.expect("SIP/2.0 500")
        await call.prack_ok(ringing)
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


def test_our_late_offer_is_open_from_the_183_to_its_prack() -> None:
    async def main() -> None:
        call = await Ringing.begin(OFFERED, body="")
        call.leg.show_progress()
        progress = await call.caller.expect("SIP/2.0 183")
        kind = "Content-Type: application/sdp\r\n"
        call.caller.send(call.caller.inside("UPDATE", call.invite, progress, 2, headers=kind, body=sdp(PCMA)))
        await call.caller.expect("SIP/2.0 491")
        call.cseq = 2
        await call.prack_ok(progress, body=sdp(PCMA))
        call.caller.send(call.caller.inside("UPDATE", call.invite, progress, 4, headers=kind, body=sdp(PCMA)))
        await call.caller.expect("SIP/2.0 200")
        call.cseq = 4
        call.leg.accept()
        await call.hang_up(await call.caller.expect("SIP/2.0 200"))

    run(main())


# -- around the 200 and its ACK ----------------------------------------------------------------------


def test_a_reinvite_that_overtakes_the_ack_is_answered_and_stands_for_it() -> None:
    async def main() -> None:
        call = await Ringing.begin("")
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        kind = "Content-Type: application/sdp\r\n"
        again = call.caller.inside("INVITE", call.invite, ok, 2, headers=kind, body=sdp("audio 4100 RTP/AVP 8"))
        call.caller.send(again)
        second = await call.caller.expect("SIP/2.0 200")
        call.caller.ack(again, second)
        await asyncio.sleep(5)
        assert len(call.network.sent(PBX, "SIP/2.0 200")) == 2
        call.caller.ack(call.invite, ok)  # late, and of no use any more
        call.cseq = 2
        await call.hang_up(ok)

    run(main())


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("INVITE", PCMA, "491"), ("INVITE", "", "491"), ("UPDATE", PCMA, "491"), ("UPDATE", "", "200")],
)
def test_while_our_late_offer_waits_for_its_ack(method: str, body: str, status: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        talk.phone.send(talk.request("INVITE"))
        ok = await talk.phone.expect("SIP/2.0 200")
        cseq = talk.seq
        text = talk.request(method, body=sdp(body) if body else "")
        talk.phone.send(text)
        answer = await talk.phone.expect(f"SIP/2.0 {status}")
        if method == "INVITE":
            talk.phone.ack_failure(text, answer)
        talk.seq, later = cseq, talk.seq
        talk.phone.send(talk.request("ACK", body=sdp(PCMA)))
        talk.seq = later
        await asyncio.sleep(0.01)  # datagrams of one instant may overtake each other
        assert header(ok, "CSeq") == f"{cseq} INVITE"
        assert (await talk.ask("UPDATE", body=sdp(PCMA))).startswith("SIP/2.0 200")
        await talk.over()

    run(main())


def test_bye_before_the_ack_ends_the_call_and_the_200_is_not_sent_again() -> None:
    async def main() -> None:
        call = await Ringing.begin("")
        call.leg.accept()
        ok = await call.caller.expect("SIP/2.0 200")
        call.caller.send(call.caller.inside("BYE", call.invite, ok, 2))
        assert header(await call.caller.expect("SIP/2.0 200"), "CSeq") == "2 BYE"
        assert await settle(call.agent) == EMPTY
        assert len([1 for _, text in call.network.sent(PBX, "SIP/2.0 200") if "INVITE" in header(text, "CSeq")]) == 1
        assert call.leg.released

    run(main())


def test_bye_before_the_ack_of_a_reinvite() -> None:
    async def main() -> None:
        talk = await Talk.in_()
        talk.phone.send(talk.request("INVITE", body=sdp(PCMA)))
        await talk.phone.expect("SIP/2.0 200")
        await talk.over()
        assert talk.bridge.causes() == [Cause.NORMAL_CLEARING]

    run(main())


def test_a_cancel_for_a_reinvite_comes_too_late() -> None:
    async def main() -> None:
        talk = await Talk.in_()
        talk.phone.send(text := talk.request("INVITE", body=sdp(PCMA)))
        await talk.phone.expect("SIP/2.0 200")
        talk.phone.cancel(text)
        assert header(await talk.phone.expect("SIP/2.0 200"), "CSeq").endswith("CANCEL")
        talk.phone.send(talk.request("ACK"))
        await asyncio.sleep(1)
        assert not talk.bridge.causes()
        await talk.over()

    run(main())


def test_an_answer_in_an_ack_that_nobody_awaits_is_ignored() -> None:
    async def main() -> None:
        talk = await Talk.in_(body=sdp(PCMA))
        await talk.ask("INVITE", body=sdp(PCMA))
        talk.phone.send(talk.request("ACK", body=sdp("audio 9999 RTP/AVP 0")))
        await asyncio.sleep(0.1)
        assert talk.stream.remote == ("10.0.0.9", 4000)
        await talk.over()

    run(main())


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "OPTIONS", "BYE"])
def test_a_request_with_an_older_cseq_is_500_and_one_of_a_stranger_481(method: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        await talk.ask("UPDATE")
        talk.seq -= 1
        assert (await talk.ask(method)).startswith("SIP/2.0 500") or talk.seq == 0
        mine, talk.remote = talk.remote, "<sip:caller@pbx>;tag=stranger"
        talk.seq += 1
        assert (await talk.ask(method)).startswith("SIP/2.0 481")
        talk.remote = mine
        assert not talk.bridge.causes()
        await talk.over()

    run(main())


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("Content-Type: text/plain\r\n", "hello", "415"),
        ("", "hello", "415"),
        ("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", sdp(PCMA), "415"),
        ("Content-Type: application/sdp\r\n", "hello", "400"),
        ("Content-Type: application/sdp\r\n", sdp("audio x RTP/AVP 8"), "400"),
        ("Content-Type: APPLICATION/SDP;charset=utf-8\r\n", sdp(PCMA), "200"),
        ("c: application/sdp\r\n", sdp(PCMA), "200"),
        ("Content-Type: application/sdp\r\n", "\r\n", "200"),
    ],
)
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_bodies_that_are_no_offer(method: str, kind: str, body: str, status: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        talk.phone.send(text := talk.request(method, body=body, kind=kind))
        answer = await talk.phone.expect("SIP/2.0 ")
        assert answer.startswith(f"SIP/2.0 {status}"), answer
        if status == "415":
            assert "application/sdp" in header(answer, "Accept")
        if method == "INVITE" and status == "200":
            talk.phone.send(talk.request("ACK", body=sdp(PCMA)))
        elif method == "INVITE":
            talk.phone.ack_failure(text, answer)
        await talk.over()

    run(main())
