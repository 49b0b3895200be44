"""Calls through the agent on fake time: set-up, failure, races, forks, hold, and nothing left behind."""

from __future__ import annotations

import asyncio
import re

from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, header, sdp_of, settle

EMPTY = {"client": 0, "server": 0, "timers": 0, "dialogs": 0, "legs": 0, "streams": 0, "lookups": 0}


async def house(*places: tuple[str, str], **settings: object):
    """A network, a bridge, its agent and a calling phone."""
    network = Network()
    bridge = Bridge(manual=bool(settings.pop("manual", False)))
    agent = await agent_on(network, bridge, store=PresetStore(*places), **settings)
    return network, bridge, agent, Phone(network, "10.0.0.9")


def test_a_call_is_set_up_bridged_and_torn_down_by_the_caller() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201", from_='"Eva" <sip:eva@pbx>;tag=77')
        caller.send(invite)
        trying = await caller.expect("SIP/2.0 100", skip=False)
        assert "tag=" not in header(trying, "To")
        rung = await phone.expect("INVITE sip:201@10.0.0.21:5060 SIP/2.0", skip=False)
        assert header(rung, "From").startswith('"Eva" <sip:eva@10.0.0.1:5060>;tag=')
        assert header(rung, "Max-Forwards") == "69"
        phone.answer(rung, "180 Ringing", tag="b")
        ringing = await caller.expect("SIP/2.0 180", skip=False)
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21", port=5004, codecs="0"))
        ack = await phone.expect("ACK sip:201@10.0.0.21", skip=False)
        assert header(ack, "CSeq") == "1 ACK" and header(ack, "To").endswith(";tag=b")
        ok = await caller.expect("SIP/2.0 200", skip=False)
        assert header(ok, "To") == header(ringing, "To")
        assert "m=audio 10002 RTP/AVP 8 101" in ok
        caller.ack(invite, ok)
        await asyncio.sleep(3)
        calling, called = bridge.arrived[0], bridge.told[1][1]
        assert calling.party.number == "eva" and calling.called.number == "201" and not calling.may_call_lines
        streams = agent._engine.open
        assert streams[calling.endpoint].remote == ("10.0.0.9", 4000)
        assert streams[called.endpoint].remote == ("10.0.0.21", 5004)
        assert streams[called.endpoint].codec == (0, "PCMU", None, 20)
        caller.send(caller.inside("BYE", invite, ok, 2, headers="Reason: Q.850;cause=17\r\n"))
        await caller.expect("SIP/2.0 200", skip=False)
        bye = await phone.expect("BYE", skip=False)
        assert header(bye, "Reason") == "Q.850;cause=17"
        phone.answer(bye, "200 OK")
        assert bridge.causes() == [Cause.USER_BUSY, Cause.USER_BUSY]
        assert calling.stats().codec == "PCMA"
        assert await settle(agent) == EMPTY

    run(main())


def test_a_refusal_reaches_the_caller_and_is_acknowledged() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        rung = await phone.expect("INVITE")
        phone.answer(rung, "486 Busy Here", tag="b")
        ack = await phone.expect("ACK", skip=False)
        assert header(ack, "Via").split(";rport")[0] == header(rung, "Via").split(";rport")[0]
        busy = await caller.expect("SIP/2.0 486")
        caller.ack_failure(invite, busy)
        assert bridge.causes()[0] is Cause.USER_BUSY
        assert await settle(agent) == EMPTY
        assert len(network.sent(PBX, "SIP/2.0 486")) == 1

    run(main())


def test_an_unregistered_user_is_480_and_a_resent_invite_gets_the_same_answer() -> None:
    async def main() -> None:
        _, _, agent, caller = await house()
        invite = caller.invite("202")
        caller.send(invite)
        first = await caller.expect("SIP/2.0 480")
        caller.send(invite)
        again = await caller.expect("SIP/2.0 480")
        assert first == again
        assert await settle(agent) == EMPTY

    run(main())


def test_cancel_before_the_answer_is_passed_on() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        ok = await caller.expect("SIP/2.0 200", skip=False)
        assert header(ok, "CSeq") == "1 CANCEL"
        ended = await caller.expect("SIP/2.0 487", skip=False)
        assert header(ok, "To") == header(ended, "To")
        caller.ack_failure(invite, ended)
        cancel = await phone.expect("CANCEL", skip=False)
        assert header(cancel, "Via") == header(rung, "Via") and header(cancel, "CSeq") == "1 CANCEL"
        phone.answer(cancel, "200 OK")
        phone.answer(rung, "487 Request Terminated", tag="b")
        await phone.expect("ACK", skip=False)
        assert bridge.causes() == [Cause.NORMAL_CLEARING] * 2
        assert await settle(agent) == EMPTY

    run(main())


def test_cancel_is_held_back_until_a_provisional_response() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        rung = await phone.expect("INVITE")
        caller.cancel(invite)
        await caller.expect("SIP/2.0 487")
        assert not network.sent(PBX, "CANCEL")
        phone.answer(rung, "100 Trying")
        await phone.expect("CANCEL")
        assert await settle(agent, 140) == EMPTY  # the phone never answers: 32 s, then dropped

    run(main())


def test_a_200_that_crosses_our_cancel_is_acknowledged_and_hung_up() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        await caller.expect("SIP/2.0 487")
        await phone.expect("ACK")
        bye = await phone.expect("BYE")
        phone.answer(bye, "200 OK")
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        await phone.expect("ACK")
        assert await settle(agent) == EMPTY
        assert len(network.sent(PBX, "BYE")) == 1

    run(main())


def test_cancel_after_the_answer_changes_nothing() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        rung = await phone.expect("INVITE")
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        ok = await caller.expect("SIP/2.0 200")
        caller.cancel(invite)
        assert header(await caller.expect("SIP/2.0 200"), "CSeq") == "1 CANCEL"
        caller.ack(invite, ok)
        await asyncio.sleep(1)
        assert not bridge.causes()
        caller.send(caller.inside("BYE", invite, ok, 2))
        bye = await phone.expect("BYE")
        phone.answer(bye, "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_cancel_for_nothing_is_481() -> None:
    async def main() -> None:
        _, _, agent, caller = await house()
        caller.cancel(caller.invite("201"))
        await caller.expect("SIP/2.0 481")
        assert agent.debug() == EMPTY

    run(main())


def test_the_first_of_three_phones_to_answer_wins_and_the_others_are_told_why() -> None:
    async def main() -> None:
        places = [("201", f"10.0.0.2{n}") for n in range(3)]
        network, bridge, agent, caller = await house(*places)
        phones = [Phone(network, ip, "201") for _, ip in places]
        invite = caller.invite("201")
        caller.send(invite)
        rung = [await phone.expect("INVITE") for phone in phones]
        assert len({header(text, "Call-ID") for text in rung}) == 3
        for phone, text in zip(phones, rung, strict=True):
            phone.answer(text, "180 Ringing", tag=phone.address[0])
        phones[1].answer(rung[1], "200 OK", tag="w", body=sdp_of("10.0.0.21"))
        phones[2].answer(rung[2], "200 OK", tag="late", body=sdp_of("10.0.0.22"))
        await phones[1].expect("ACK")
        cancel = await phones[0].expect("CANCEL")
        assert header(cancel, "Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
        phones[0].answer(cancel, "200 OK")
        phones[0].answer(rung[0], "487 Request Terminated", tag="x")
        await phones[2].expect("ACK")
        phones[2].answer(await phones[2].expect("BYE"), "200 OK")
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        assert bridge.names().count("answered") == 1 and bridge.names().count("ringing") == 1
        caller.send(caller.inside("BYE", invite, ok, 2))
        phones[1].answer(await phones[1].expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_of_all_refusals_the_most_telling_is_passed_on() -> None:
    async def one(statuses: list[str]) -> Cause:
        places = [("201", f"10.0.0.2{n}") for n in range(len(statuses))]
        network, bridge, agent, caller = await house(*places)
        for (_, ip), status in zip(places, statuses, strict=True):
            phone = Phone(network, ip, "201")
            phone.react = lambda text, _, phone=phone, status=status: (
                phone.answer(text, status, tag="t") if text.startswith("INVITE") else None
            )
        invite = caller.invite("201")
        caller.send(invite)
        final = await caller.expect("SIP/2.0 4" if "603" not in "".join(statuses) else "SIP/2.0 6")
        caller.ack_failure(invite, final)
        assert await settle(agent, 140) == EMPTY
        return bridge.causes()[0]

    assert run(one(["480 x", "486 x", "404 x"])) is Cause.USER_BUSY
    assert run(one(["603 x", "486 x"])) is Cause.CALL_REJECTED
    assert run(one(["503 x", "404 x"])) is Cause.UNALLOCATED_NUMBER


def test_hold_and_resume_by_reinvite() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        invite = caller.invite("201")
        caller.send(invite)
        phone.answer(await phone.expect("INVITE"), "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        stream = agent._engine.open[bridge.arrived[0].endpoint]
        versions = [re.search(r"o=- \d+ (\d+)", ok).group(1)]  # type: ignore[union-attr]
        expected = {"sendonly": "recvonly", "inactive": "inactive", "sendrecv": "sendrecv"}
        for cseq, (offered, answered) in enumerate(expected.items(), 2):
            body = sdp_of("10.0.0.9", direction=offered)
            kind = "Content-Type: application/sdp\r\n"
            again = caller.inside("INVITE", invite, ok, cseq, body=body, headers=kind)
            caller.send(again)
            reply = await caller.expect("SIP/2.0 200")
            assert f"a={answered}" in reply
            versions.append(re.search(r"o=- \d+ (\d+)", reply).group(1))  # type: ignore[union-attr]
            caller.ack(again, reply)
            await asyncio.sleep(0.1)
            assert stream.direction == (offered == "sendrecv", offered != "inactive")
        assert [int(v) - int(versions[0]) for v in versions] == [0, 1, 2, 3]
        assert [entry[2] for entry in bridge.told if entry[0] == "held"] == [True, False]
        old_style = caller.inside(
            "INVITE", invite, ok, 9, body=sdp_of("0.0.0.0"), headers="Content-Type: application/sdp\r\n"
        )
        caller.send(old_style)
        caller.ack(old_style, await caller.expect("SIP/2.0 200"))
        await asyncio.sleep(0.1)
        assert stream.direction == (False, True) and stream.remote == ("10.0.0.9", 4000)
        caller.send(caller.inside("INVITE", invite, ok, 3, body=sdp_of("10.0.0.9")))
        await caller.expect("SIP/2.0 500")  # CSeq went back
        caller.send(caller.inside("BYE", invite, ok, 10))
        phone.answer(await phone.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_reinvite_with_nothing_usable_is_488_and_the_call_goes_on() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        invite = caller.invite("201")
        caller.send(invite)
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        kind = "Content-Type: application/sdp\r\n"
        bad = caller.inside("INVITE", invite, ok, 2, body=sdp_of("10.0.0.9", codecs="18"), headers=kind)
        caller.send(bad)
        await caller.expect("SIP/2.0 488")
        caller.send(bad)
        caller.ack_failure(bad, await caller.expect("SIP/2.0 488"))
        assert not bridge.causes()
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        caller.answer(await caller.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_late_offer_our_200_offers_and_the_ack_answers() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        invite = caller.invite("201", body="")
        caller.send(invite)
        await caller.expect("SIP/2.0 100")
        leg = bridge.arrived[0]
        leg.show_progress()
        assert "m=audio" not in await caller.expect("SIP/2.0 183")
        leg.accept()
        ok = await caller.expect("SIP/2.0 200")
        assert "RTP/AVP 9 8 0 101" in ok
        glare = caller.inside("INVITE", invite, ok, 2, body=sdp_of("10.0.0.9"))
        caller.send(glare)
        caller.ack_failure(glare, await caller.expect("SIP/2.0 491"))
        caller.ack(invite, ok, body=sdp_of("10.0.0.9", port=4444, codecs="0"))
        await asyncio.sleep(0.1)
        stream = agent._engine.open[leg.endpoint]
        assert stream.remote == ("10.0.0.9", 4444) and stream.codec[1] == "PCMU"
        leg.release(Cause.NORMAL_CLEARING)
        caller.answer(await caller.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_the_200_is_sent_again_until_the_ack_and_bye_waits_for_it() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(manual=True)
        invite = caller.invite("201")
        caller.send(invite)
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        await asyncio.sleep(8.2)
        times = [at for at, _ in network.sent(PBX, "SIP/2.0 200")]
        assert [round(at - times[0], 1) for at in times] == [0, 0.5, 1.5, 3.5, 7.5]
        assert not network.sent(PBX, "BYE")
        caller.ack(invite, ok)
        caller.answer(await caller.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY
        assert bridge.causes() == [Cause.NORMAL_CLEARING]

    run(main())


def test_a_200_never_acknowledged_ends_the_call_after_32_s() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        caller.send(caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        started = asyncio.get_running_loop().time()
        caller.answer(await caller.expect("BYE"), "200 OK")
        assert 31.9 < asyncio.get_running_loop().time() - started < 32.1
        assert bridge.causes() == [Cause.RECOVERY_ON_TIMER]
        assert await settle(agent) == EMPTY

    run(main())


def test_a_caller_may_send_bye_before_the_answer() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        invite = caller.invite("201")
        caller.send(invite)
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].show_ringing()
        ringing = await caller.expect("SIP/2.0 180")
        caller.send(caller.inside("BYE", invite, ringing, 2))
        assert header(await caller.expect("SIP/2.0 200"), "CSeq") == "2 BYE"
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert bridge.causes() == [Cause.NORMAL_CLEARING]
        assert await settle(agent) == EMPTY

    run(main())


def test_early_media_of_a_single_contact_is_passed_on() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "183 Session Progress", tag="b", body=sdp_of("10.0.0.21", port=6000))
        assert "m=audio" in await caller.expect("SIP/2.0 183")
        called = next(entry[1] for entry in bridge.told if entry[0] == "progress")
        assert agent._engine.open[called.endpoint].remote == ("10.0.0.21", 6000)
        phone.answer(rung, "404 Not Found", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 404"))
        assert await settle(agent) == EMPTY

    run(main())


def test_a_200_with_a_broken_contact_is_still_acknowledged() -> None:
    async def main() -> None:
        network, _, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        headers = "Contact: <sip:\r\nRecord-Route: <nonsense\r\n"
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"), headers=headers)
        await phone.expect("ACK sip:201@10.0.0.21:5060")
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        phone.answer(await phone.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_no_answer_at_all_from_the_phone_is_408_after_32_s() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        invite = caller.invite("201")
        caller.send(invite)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 408"))
        assert bridge.causes()[0] is Cause.NO_USER_RESPONDING
        times = [at for at, _ in network.sent(PBX, "INVITE")]
        assert [round(at - times[0], 1) for at in times] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
        assert await settle(agent) == EMPTY

    run(main())


def test_without_audio_ports_calls_are_503_both_ways() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(engine=FakeEngine(ports=0))
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 503")
        assert not bridge.told
        caller.send(invite)
        await settle(agent)
        _, bridge, agent, caller = await house(("201", "10.0.0.21"), engine=FakeEngine(ports=1))
        caller.send(invite := caller.invite("201"))
        caller.ack_failure(invite, await caller.expect("SIP/2.0 503"))
        assert bridge.causes()[0] is Cause.RESOURCE_UNAVAILABLE
        assert await settle(agent) == EMPTY

    run(main())


def test_refusals_by_the_book() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        sip = "sip:10.0.0.1"
        cases = [
            (caller.request("BYE", sip), "481"),
            (caller.request("BYE", sip, to="<sip:x@y>;tag=1"), "481"),
            (caller.request("INVITE", sip, to="<sip:x@y>;tag=1"), "481"),
            (caller.request("SUBSCRIBE", sip), "405"),
            (caller.request("DANCE", sip), "501"),
            (caller.request("OPTIONS", sip, headers="Require: foo, bar\r\n"), "420"),
            (caller.request("OPTIONS", "http://x"), "416"),
            (caller.request("OPTIONS", "sip:a@b?x=y"), "400"),
            (caller.request("OPTIONS", sip).replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), "505"),
            (caller.request("OPTIONS", sip, cseq_method="INVITE"), "400"),
            (caller.request("OPTIONS", sip, hops=0), "200"),
            (caller.request("OPTIONS", sip).replace("Call-ID", "Call-Xx"), "400"),
            (caller.invite("201", hops=0), "483"),
            (caller.invite("20%0A1"), "404"),
            (caller.invite("20%FF1"), "404"),
            (caller.invite("20\xff1"), "400"),
            (caller.invite("201", headers="Accept: text/plain\r\n"), "406"),
            (caller.invite("201", body="hello"), "400"),
            (caller.invite("201").replace("application/sdp", "text/plain"), "415"),
            (caller.invite("201", body=sdp_of("10.0.0.9", codecs="18")), "488"),
            (caller.invite("201").replace("Contact:", "X-Contact:"), "400"),
            (caller.invite("201").replace("Content-Length: ", "Content-Length: 9"), "400"),
        ]
        for text, status in cases:
            caller.send(text)
            answer = await caller.expect("SIP/2.0 ")
            assert answer.startswith(f"SIP/2.0 {status}"), (text, answer)
            if status in {"405", "501"}:
                assert header(answer, "Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO"
            if status == "420":
                assert header(answer, "Unsupported") == "foo, bar"
        assert not bridge.told
        assert agent.debug() == EMPTY

    run(main())


def test_a_merged_invite_is_482_and_a_resent_one_is_absorbed() -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        first = caller.invite("201", call_id="same", branch="a")
        caller.send(first)
        await caller.expect("SIP/2.0 100")
        caller.send(first)
        await caller.expect("SIP/2.0 100")
        other = caller.invite("201", call_id="same", branch="b")
        caller.send(other)
        await caller.expect("SIP/2.0 482")
        assert len(bridge.arrived) == 1
        bridge.arrived[0].release(Cause.UNALLOCATED_NUMBER)
        caller.ack_failure(first, await caller.expect("SIP/2.0 404"))
        assert await settle(agent) == EMPTY

    run(main())


def test_stop_ends_every_call() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(first := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        caller.ack(first, await caller.expect("SIP/2.0 200"))
        caller.send(second := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "180 Ringing", tag="c")
        await caller.expect("SIP/2.0 180")
        phone.react = lambda text, _: phone.answer(text, "200 OK") if text[:3] in {"BYE", "CAN"} else None
        stopping = asyncio.ensure_future(agent.stop())
        assert await caller.expect("BYE")
        assert header(await caller.expect("SIP/2.0 503"), "Call-ID") == header(second, "Call-ID")
        await stopping
        assert {"BYE", "CANCEL"} <= {text.split()[0] for text in phone.all}
        assert len(bridge.causes()) == 4

    run(main())
