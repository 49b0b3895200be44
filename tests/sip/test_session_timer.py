"""Session timers in both roles on both legs (RFC 4028), and refreshes of ours that collide or fail. Fake time."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.pairs import PBX, Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

TIMER = "Supported: timer\r\n"
UPDATES = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
BY_PEER = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n"
RECOVERY = "Q.850;cause=102"


def now_s() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "1800;refresher=uas"),
        (TIMER, "1800;refresher=uas"),
        (TIMER + "Session-Expires: 600\r\n", "600;refresher=uas"),
        (TIMER + "Session-Expires: 600;refresher=uas\r\n", "600;refresher=uas"),
        (TIMER + "x: 600 ; refresher=UAC\r\n", "600;refresher=uac"),
        (TIMER + "Session-Expires: 90;refresher=uac\r\n", "90;refresher=uac"),
        (TIMER + "Session-Expires: 86400\r\n", "1800;refresher=uas"),
        (TIMER + "Session-Expires: 86400\r\nMin-SE: 3600\r\n", "3600;refresher=uas"),
        (TIMER + "Min-SE: 7200\r\n", "7200;refresher=uas"),
        (TIMER + "Session-Expires: 600;refresher=nonsense\r\n", "600;refresher=uas"),
        ("Session-Expires: 600;refresher=uac\r\n", "600;refresher=uas"),  # put in by a proxy; the caller knows no timer
        ("Session-Expires: 30\r\n", "90;refresher=uas"),  # it could not read a 422
        ("Require: timer\r\nSession-Expires: 600;refresher=uac\r\n", "600;refresher=uac"),
    ],
)
def test_what_our_200_tells_a_caller(asked: str, told: str) -> None:
    async def main() -> None:
        talk = await Talk.in_(asked)
        ok = talk.made[1]
        assert header(ok, "Session-Expires") == told
        assert ("Require: timer" in ok) is told.endswith("uac")
        await talk.over()

    run(main())


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (TIMER + "Session-Expires: 89\r\n", "422"),
        (TIMER + "Session-Expires: 0;refresher=uac\r\n", "422"),
        (TIMER + "Session-Expires: soon\r\n", "400"),
        (TIMER + "Session-Expires: 99999999999\r\n", "400"),
        (TIMER + "Min-SE: x\r\n", "400"),
        (TIMER + "Session-Expires: 600;;\r\n", "400"),
    ],
)
def test_an_interval_we_cannot_take_is_refused(asked: str, status: str) -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        caller.send(caller.invite("201", headers=asked))
        refused = await caller.expect("SIP/2.0 ")
        assert refused.startswith(f"SIP/2.0 {status}")
        if status == "422":
            assert header(refused, "Min-SE") == "90"
        assert not bridge.told and agent.debug() == EMPTY

    run(main())


@pytest.mark.parametrize("agreed", [TIMER, ""])
@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_a_call_of_two_hours_is_refreshed_by_us_every_quarter_and_half(agreed: str, method: str) -> None:
    """Whether or not the caller knows timers: it answers, so it lives."""

    async def main() -> None:
        talk = await Talk.in_(agreed + (UPDATES if method == "UPDATE" else ""))
        began_s = now_s()
        versions = {re.search(r"o=- \d+ \d+", talk.made[1]).group()}  # type: ignore[union-attr]
        for turn in range(1, 9):
            refresh = await talk.phone.expect(f"{method} sip:caller@10.0.0.9:5060", 1000)
            assert now_s() - began_s == pytest.approx(900 * turn, abs=1)
            assert header(refresh, "Session-Expires") == "1800;refresher=uac"
            assert header(refresh, "Supported") == "timer" and header(refresh, "Contact") == "<sip:10.0.0.1:5060>"
            body = ""
            if method == "INVITE":
                versions.add(re.search(r"o=- \d+ \d+", refresh).group())  # type: ignore[union-attr]
                assert refresh.endswith(talk.made[1].split("\r\n\r\n", 1)[1])  # word for word what was agreed
                body = sdp_of("10.0.0.9")
            else:
                assert "v=0" not in refresh
            told = "Session-Expires: 1800;refresher=uac\r\n" if agreed else ""
            talk.phone.answer(refresh, "200 OK", body=body, headers=told)
            if method == "INVITE":
                assert header(await talk.phone.expect("ACK"), "CSeq") == f"{turn} ACK"
        assert len(versions) == 1 and not talk.bridge.causes()
        assert not [entry for entry in talk.stream.calls if entry[0] == "relearn"][1:]
        await talk.over()

    run(main())


def test_a_called_phone_that_knows_no_timer_is_refreshed_for_two_hours() -> None:
    async def main() -> None:
        talk = await Talk.out()
        for _ in range(8):
            refresh = await talk.phone.expect("INVITE sip:201@10.0.0.21:5060", 1000)
            talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.21"))
            await talk.phone.expect("ACK")
        assert not talk.bridge.causes()
        await talk.over()

    run(main())


@pytest.mark.parametrize("side", ["in", "out"])
def test_a_peer_that_refreshes_keeps_the_call_and_one_that_stops_ends_it(side: str) -> None:
    async def main() -> None:
        talk = await (Talk.in_(BY_PEER) if side == "in" else Talk.out("Session-Expires: 1800;refresher=uas\r\n"))
        for method in ("INVITE", "UPDATE", "UPDATE", "INVITE"):
            await asyncio.sleep(1500)
            body = sdp_of(talk.phone.address[0]) if method == "INVITE" else ""
            ok = await talk.ask(method, headers=BY_PEER, body=body)
            assert header(ok, "Session-Expires") == "1800;refresher=uac" and "Require: timer" in ok
        began_s = now_s()
        assert not talk.network.sent(PBX, "UPDATE") and len(talk.network.sent(PBX, "INVITE")) == (side == "out")
        await talk.phone.expect("BYE", 2000)
        assert now_s() - began_s == pytest.approx(1800 - 32, abs=1)
        talk.phone.answer(talk.phone.all[-1], "200 OK")
        assert header(talk.phone.all[-1], "Reason") == RECOVERY
        assert talk.bridge.causes() == [Cause.RECOVERY_ON_TIMER]
        assert await settle(talk.agent) == EMPTY

    run(main())


def test_a_short_interval_ends_a_third_before_its_time() -> None:
    async def main() -> None:
        talk = await Talk.in_("Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n")
        began_s = now_s()
        await talk.ended(RECOVERY, Cause.RECOVERY_ON_TIMER)
        byes = talk.network.sent(PBX, "BYE")
        assert byes[0][0] - began_s == pytest.approx(60, abs=1)

    run(main())


def test_a_refresh_by_the_peer_keeps_its_role_unless_it_says_otherwise() -> None:
    async def main() -> None:
        talk = await Talk.in_(BY_PEER)
        assert header(await talk.ask("UPDATE", headers=TIMER), "Session-Expires") == "1800;refresher=uac"
        ok = await talk.ask("UPDATE", headers=TIMER + "Session-Expires: 600;refresher=uas\r\n")
        assert header(ok, "Session-Expires") == "600;refresher=uas"
        began_s = now_s()
        refresh = await talk.phone.expect("INVITE", 1000)
        assert now_s() - began_s == pytest.approx(300, abs=1)
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"), headers="Session-Expires: 600;refresher=uas\r\n")
        await talk.phone.expect("ACK")
        # the peer took the work over again: now it must refresh
        await talk.ended(RECOVERY, Cause.RECOVERY_ON_TIMER)

    run(main())


def test_a_short_interval_inside_the_call_is_422_and_the_old_terms_stay() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES)
        for method in ("UPDATE", "INVITE"):
            body = sdp_of("10.0.0.9") if method == "INVITE" else ""
            refused = await talk.ask(method, headers=TIMER + "Session-Expires: 60\r\n", body=body)
            assert refused.startswith("SIP/2.0 422") and header(refused, "Min-SE") == "90"
        talk.phone.answer(await talk.phone.expect("UPDATE", 1000), "200 OK", headers="Session-Expires: 1800\r\n")
        await talk.over()

    run(main())


def test_our_invite_is_sent_again_with_the_longer_interval_a_422_wants() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        first = await phone.expect("INVITE")
        assert "Min-SE" not in first
        phone.answer(first, "422 Session Interval Too Small", tag="x", headers="Min-SE: 3600\r\n")
        await phone.expect("ACK", skip=False)
        second = await phone.expect("INVITE", skip=False)
        assert header(second, "Session-Expires") == "3600;refresher=uac" and header(second, "Min-SE") == "3600"
        assert header(second, "CSeq") == "2 INVITE" and second.count("Session-Expires") == 1
        for name in ("Call-ID", "From", "To", "Max-Forwards"):
            assert header(second, name) == header(first, name)
        assert header(second, "Via") != header(first, "Via")
        told = "Session-Expires: 3600;refresher=uac\r\n"
        phone.answer(second, "200 OK", tag="b", body=sdp_of("10.0.0.21"), headers=told)
        assert header(await phone.expect("ACK"), "CSeq") == "2 ACK"
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        await asyncio.sleep(1790)
        assert not network.sent(PBX, "INVITE sip:201")[2:]
        caller.send(caller.inside("BYE", invite, ok, 2))
        bye = await phone.expect("BYE")
        assert header(bye, "CSeq") == "3 BYE"
        phone.answer(bye, "200 OK")
        assert await settle(agent, 2000) == EMPTY

    run(main())


def test_a_422_that_wants_less_than_we_asked_for_gets_what_we_asked_for() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "422 Too Small", tag="x", headers="Min-SE: 120\r\n")
        second = await phone.expect("INVITE")
        assert header(second, "Session-Expires") == "1800;refresher=uac" and header(second, "Min-SE") == "120"
        phone.answer(second, "486 Busy Here", tag="x")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize("line", ["", "Min-SE: x\r\n", "Min-SE: 100000\r\n"])
def test_a_422_that_leads_nowhere_is_a_refusal(line: str) -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        phone.react = lambda text, _: (
            phone.answer(text, "422 Too Small", tag="x", headers=line) if text.startswith("INVITE") else None
        )
        caller.send(invite := caller.invite("201"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 5"))
        assert sum(text.startswith("INVITE") for text in phone.all) == (3 if "100000" in line else 1)
        assert await settle(agent) == EMPTY

    run(main())


def test_a_cancel_reaches_the_invite_that_followed_a_422() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "422 Too Small", tag="x", headers="Min-SE: 3600\r\n")
        second = await phone.expect("INVITE")
        phone.answer(second, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        cancel = await phone.expect("CANCEL")
        assert header(cancel, "Via") == header(second, "Via") and header(cancel, "CSeq") == "2 CANCEL"
        phone.answer(cancel, "200 OK")
        phone.answer(second, "487 Request Terminated", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert await settle(agent) == EMPTY

    run(main())


# -- refreshes of ours that do not go through ------------------------------------------------------


@pytest.mark.parametrize(("side", "low_s", "high_s"), [("in", 0.0, 2.0), ("out", 2.1, 4.0)])
def test_a_491_is_tried_again_after_the_wait_of_our_side(side: str, low_s: float, high_s: float) -> None:
    async def main() -> None:
        waits = set()
        for _ in range(12):
            told = "Session-Expires: 1800;refresher=uac\r\n"
            talk = await (Talk.in_(TIMER) if side == "in" else Talk.out(told))
            refresh = await talk.phone.expect("INVITE", 1000)
            talk.phone.answer(refresh, "491 Request Pending")
            await talk.phone.expect("ACK")
            refused_s = now_s()
            again = await talk.phone.expect("INVITE", 10)
            waits.add(round(now_s() - refused_s, 2))
            assert int(header(again, "CSeq").split()[0]) == int(header(refresh, "CSeq").split()[0]) + 1
            talk.phone.answer(again, "200 OK", body=sdp_of(talk.phone.address[0]), headers=told)
            await talk.phone.expect("ACK")
            await talk.over()
        assert all(low_s - 0.01 <= wait <= high_s + 0.01 for wait in waits) and len(waits) > 5

    run(main())


@pytest.mark.parametrize("answers_cancel", [True, False])
def test_a_reinvite_that_is_only_ever_answered_100_is_cancelled(answers_cancel: bool) -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        talk.phone.answer(refresh, "100 Trying")
        trying_s = now_s()
        cancel = await talk.phone.expect("CANCEL", 40)
        assert now_s() - trying_s == pytest.approx(32, abs=0.1)
        assert header(cancel, "Via") == header(refresh, "Via")
        if answers_cancel:
            talk.phone.answer(cancel, "200 OK")
            talk.phone.answer(refresh, "487 Request Terminated")
            await talk.phone.expect("ACK")
        bye = await talk.phone.expect("BYE", 4000)
        talk.phone.answer(bye, "200 OK")
        assert await settle(talk.agent) == EMPTY

    run(main())


def test_when_the_call_ends_its_open_reinvite_is_cancelled_too() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        talk.phone.answer(refresh, "100 Trying")
        await asyncio.sleep(1)
        talk.leg.release(Cause.NORMAL_CLEARING)
        assert {(await talk.phone.expect("")).split()[0] for _ in range(2)} == {"CANCEL", "BYE"}
        assert await settle(talk.agent, 150) == EMPTY

    run(main())


def test_between_two_tries_the_peer_may_offer_and_then_no_second_try_is_needed() -> None:
    async def main() -> None:
        talk = await Talk.out("Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n")
        refresh = await talk.phone.expect("INVITE", 1000)
        glare = await talk.ask("INVITE", body=sdp_of("10.0.0.21"))
        assert glare.startswith("SIP/2.0 491")
        talk.phone.answer(refresh, "491 Request Pending")
        await talk.phone.expect("ACK")
        ok = await talk.ask("INVITE", body=sdp_of("10.0.0.21", port=4600), headers=TIMER)
        assert ok.startswith("SIP/2.0 200") and talk.stream.remote == ("10.0.0.21", 4600)
        await asyncio.sleep(20)
        assert len(talk.network.sent(PBX, "INVITE")) == 2
        await talk.over()

    run(main())


def test_a_put_off_is_tried_again_after_retry_after_and_only_so_often() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES)
        sent = []
        for _ in range(5):
            refresh = await talk.phone.expect("UPDATE", 1000)
            sent.append(now_s())
            talk.phone.answer(refresh, "500 Busy", headers="Retry-After: 7 (later);duration=3\r\n")
        assert [round(b - a) for a, b in itertools.pairwise(sent)] == [7, 7, 7, 7]
        refresh = await talk.phone.expect("INVITE", 1000)  # five times UPDATE was no use: another way, an eighth later
        assert now_s() - sent[-1] == pytest.approx(225, abs=1)
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"))
        await talk.phone.expect("ACK")
        await talk.over()

    run(main())


@pytest.mark.parametrize("side", ["in", "out"])
@pytest.mark.parametrize("status", ["481 Gone", "408 Timeout"])
def test_481_and_408_to_our_refresh_end_the_call(side: str, status: str) -> None:
    async def main() -> None:
        talk = await (Talk.in_(TIMER) if side == "in" else Talk.out("Session-Expires: 1800;refresher=uac\r\n"))
        talk.phone.answer(await talk.phone.expect("INVITE", 1000), status)
        await talk.ended(RECOVERY, Cause.RECOVERY_ON_TIMER)

    run(main())


def test_a_silent_peer_that_promised_to_take_part_is_hung_up() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES)
        talk.stream.stats = lambda: _Heard(int(now_s()))
        await talk.phone.expect("UPDATE", 1000)
        asked_s = now_s()
        await talk.ended(RECOVERY, Cause.RECOVERY_ON_TIMER)
        assert talk.network.sent(PBX, "BYE")[0][0] - asked_s == pytest.approx(32, abs=1)

    run(main())


class _Heard:
    packets_lost = 0
    jitter_ms = 0.0
    mos = rtt_ms = far_lost = None
    packets_sent = 0

    def __init__(self, packets: int) -> None:
        self.packets_received = packets


@pytest.mark.parametrize("speaks", [True, False])
def test_a_silent_peer_that_knows_no_timers_is_kept_while_its_audio_comes(speaks: bool) -> None:
    """Its signalling may be lost behind a router that forgot it; cutting a living call would be our doing."""

    async def main() -> None:
        talk = await Talk.in_()
        talk.stream.stats = lambda: _Heard(int(now_s()) if speaks else 5)
        await talk.phone.expect("INVITE", 1000)
        await asyncio.sleep(40)
        assert bool(talk.bridge.causes()) is not speaks
        if speaks:
            talk.phone.got.clear()
            talk.phone.answer(await talk.phone.expect("INVITE", 1000), "200 OK", body=sdp_of("10.0.0.9"))
            await talk.phone.expect("ACK")
            await talk.over()
        else:
            talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
            assert await settle(talk.agent) == EMPTY

    run(main())


@pytest.mark.parametrize("status", ["405 Not Allowed", "501 What", "488 Not Here", "503 Busy", "603 Decline"])
def test_any_other_refusal_shows_a_living_peer_and_update_gives_way_to_reinvite(status: str) -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES)
        talk.phone.answer(await talk.phone.expect("UPDATE", 1000), status)
        refused_s = now_s()
        for _ in range(20):
            refresh = await talk.phone.expect("INVITE", 1000)
            talk.phone.answer(refresh, "500 No")
            await talk.phone.expect("ACK")
        assert now_s() - refused_s == pytest.approx(20 * 225, abs=5) and not talk.bridge.causes()
        talk.phone.answer(await talk.phone.expect("INVITE", 1000), "200 OK", body=sdp_of("10.0.0.9"))
        await talk.phone.expect("ACK")
        await talk.over()

    run(main())


def test_a_refresh_that_is_422_is_asked_again_for_longer() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES)
        talk.phone.answer(await talk.phone.expect("UPDATE", 1000), "422 Small", headers="Min-SE: 7200\r\n")
        again = await talk.phone.expect("UPDATE", 5)
        assert header(again, "Session-Expires") == "7200;refresher=uac" and header(again, "Min-SE") == "7200"
        talk.phone.answer(again, "200 OK", headers="Session-Expires: 7200;refresher=uac\r\n")
        began_s = now_s()
        talk.phone.answer(await talk.phone.expect("UPDATE", 4000), "200 OK", headers="Session-Expires: 7200\r\n")
        assert now_s() - began_s == pytest.approx(3600, abs=1)
        await talk.over()

    run(main())


@pytest.mark.parametrize("answer", ["", sdp_of("10.0.0.9", codecs="18"), "nonsense"])
def test_a_200_without_a_usable_answer_leaves_the_session_as_it_was(answer: str) -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        talk.phone.answer(await talk.phone.expect("INVITE", 1000), "200 OK", body=answer)
        await talk.phone.expect("ACK")
        await asyncio.sleep(1)
        assert talk.stream.remote == ("10.0.0.9", 4000) and not talk.bridge.causes()
        ok = await talk.ask("INVITE", body=sdp_of("10.0.0.9", port=4500))
        assert ok.startswith("SIP/2.0 200")
        await talk.over()

    run(main())


def test_the_answer_to_our_refresh_may_move_the_audio_and_the_target() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        talk.phone.user = "moved"
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9", port=4700))
        await talk.phone.expect("ACK sip:moved@10.0.0.9")
        assert talk.stream.remote == ("10.0.0.9", 4700)
        await talk.over()

    run(main())


def test_a_held_call_is_refreshed_as_held() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        ok = await talk.ask("INVITE", body=sdp_of("10.0.0.9", direction="sendonly"), headers=TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        assert refresh.split("\r\n\r\n", 1)[1] == ok.split("\r\n\r\n", 1)[1] and "a=recvonly" in refresh
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9", direction="sendonly"))
        await talk.phone.expect("ACK")
        assert [entry[2] for entry in talk.bridge.told if entry[0] == "held"] == [True]
        await talk.over()

    run(main())


def test_a_resent_200_to_our_refresh_is_acknowledged_again() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"))
        ack = await talk.phone.expect("ACK")
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"))
        assert await talk.phone.expect("ACK") == ack
        await talk.over()

    run(main())


def test_we_hang_up_while_our_reinvite_is_open_and_still_acknowledge_its_200() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        talk.leg.release(Cause.NORMAL_CLEARING)
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"))
        talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
        await talk.phone.expect("ACK")
        assert await settle(talk.agent) == EMPTY

    run(main())


def test_the_peer_hangs_up_while_our_reinvite_is_open() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER)
        refresh = await talk.phone.expect("INVITE", 1000)
        bye = await talk.ask("BYE")
        assert bye.startswith("SIP/2.0 200")
        talk.phone.answer(refresh, "487 Request Terminated")
        await talk.phone.expect("ACK")
        assert talk.bridge.causes() == [Cause.NORMAL_CLEARING]
        assert await settle(talk.agent) == EMPTY

    run(main())


def test_an_update_of_the_peer_against_our_open_reinvite() -> None:
    async def main() -> None:
        talk = await Talk.in_(TIMER + UPDATES.replace(", UPDATE", ""))
        refresh = await talk.phone.expect("INVITE", 1000)
        assert (await talk.ask("UPDATE", body=sdp_of("10.0.0.9"))).startswith("SIP/2.0 491")
        assert (await talk.ask("UPDATE")).startswith("SIP/2.0 200")
        assert (await talk.ask("INVITE")).startswith("SIP/2.0 491")
        talk.phone.answer(refresh, "200 OK", body=sdp_of("10.0.0.9"))
        await talk.phone.expect("ACK")
        assert (await talk.ask("INVITE", body=sdp_of("10.0.0.9", port=4600))).startswith("SIP/2.0 200")
        assert talk.stream.remote == ("10.0.0.9", 4600)
        await talk.over()

    run(main())
