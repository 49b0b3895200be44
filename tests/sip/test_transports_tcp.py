"""The agent over TCP, with real sockets on loopback: sipp, and a scripted peer that shares no code with the stack."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from firmware.sip.agent import SipAgent
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import header, sdp_of
from tests.sip.stream_phone import StreamPhone, idle, stream_house, until
from tests.sip.test_agent_with_sipp import HERE, inf

SDP = sdp_of("127.0.0.1")


async def sipp(agent: SipAgent, folder: Path, *arguments: str, timeout_s: int = 10) -> tuple[int, str]:
    """Run sipp over TCP against the agent; (exit code, what it said)."""
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{agent.port_of('TCP')}", "-i", "127.0.0.1", "-nostdin", "-timeout", str(timeout_s),
        "-timeout_error", *arguments,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")[-3000:]


def test_sipp_registers_and_calls_over_one_connection_and_over_many(tmp_path: Path) -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge, trusted_networks=())
        users = ("-inf", str(inf(tmp_path, "pw")))
        code, said = await sipp(agent, tmp_path, "-t", "t1", "-sf", str(HERE / "register.xml"), *users, "-m", "1")
        assert code == 0, said
        assert [registration.transport for registration in agent.registrations()] == ["TCP"]
        for kind in (("t1",), ("tn", "-max_socket", "100")):
            scenario = ("-t", *kind, "-sf", str(HERE / "uac_digest.xml"), "-s", "600")
            code, said = await sipp(agent, tmp_path, *scenario, *users, "-m", "40", "-r", "100")
            assert code == 0, said
        assert bridge.names().count("released") == 80
        assert agent.debug()["legs"] == agent.debug()["dialogs"] == agent.debug()["streams"] == 0
        await agent.stop()

    asyncio.run(main())


def test_a_call_arrives_octet_by_octet() -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        invite = phone.invite("600")
        await phone.send_in_pieces(invite)
        ok = await phone.expect("SIP/2.0 200")
        assert header(ok, "Contact").endswith(f"127.0.0.1:{agent.port_of('TCP')};transport=tcp>")
        assert header(ok, "Via").startswith(f"SIP/2.0/TCP {phone.place};")
        await phone.send_in_pieces(phone.inside("ACK", invite, ok, 1))
        await phone.send_in_pieces(phone.inside("BYE", invite, ok, 2))
        await phone.expect("SIP/2.0 200")
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_several_messages_in_one_segment_are_all_answered() -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        invite, ok = await phone.call("600")
        second = phone.invite("601")
        phone.send(
            phone.request("OPTIONS", "sip:pbx", call_id="options")
            + "\r\n\r\n"
            + phone.inside("BYE", invite, ok, 2)
            + second
            + phone.request("OPTIONS", "sip:pbx", call_id="last")
        )
        await phone.expect("SIP/2.0 200")
        await until(lambda: any("last" in text for text in phone.all))
        order = [(text[8:11], header(text, "Call-ID")) for text in phone.all[phone.all.index(ok) + 1 :]]
        ours = header(invite, "Call-ID")
        assert order[:3] == [("200", "options"), ("200", ours), ("100", header(second, "Call-ID"))]
        assert phone.pongs == 1
        await agent.stop()

    asyncio.run(main())


def test_keep_alives_are_answered_with_one_line_end() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge())
        phone = await StreamPhone(agent).connect()
        for pongs in (1, 2, 3):
            await phone.send_in_pieces("\r\n\r\n")
            await until(lambda wanted=pongs: phone.pongs == wanted)  # type: ignore[misc]
        assert not phone.all and not phone.closed.is_set()
        await agent.stop()

    asyncio.run(main())


def test_a_registered_phone_is_called_over_the_connection_it_registered_from() -> None:
    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent, "201").connect()
        await phone.register()
        caller = await StreamPhone(agent).connect()
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        assert header(rung, "Via").startswith(f"SIP/2.0/TCP 127.0.0.1:{agent.port_of('TCP')};")
        assert ";transport=tcp>" in header(rung, "Contact") and "transport" not in header(rung, "From")
        phone.answer(rung, "200 OK", tag="b", body=SDP)
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        await phone.expect("ACK")
        caller.send(caller.inside("BYE", invite, ok, 2))
        phone.answer(await phone.expect("BYE"), "200 OK")
        await until(lambda: idle(agent))
        assert [text.split()[0] for text in phone.all if not text.startswith("SIP")] == ["INVITE", "ACK", "BYE"]
        await agent.stop()

    asyncio.run(main())


def test_a_response_whose_connection_is_gone_goes_to_the_port_of_the_via() -> None:
    async def main() -> None:
        bridge = Bridge(manual=True)
        agent = await stream_house(bridge)
        phone = await (await StreamPhone(agent).listen()).connect()
        phone.send(phone.invite("600"))
        await phone.expect("SIP/2.0 100")
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        bridge.arrived[0].accept()
        ok = await phone.expect("SIP/2.0 200")
        assert phone.accepted == 1 and header(ok, "CSeq") == "1 INVITE"
        await agent.stop(0.0)

    asyncio.run(main())


def test_a_drop_in_mid_call_leaves_the_media_and_the_bye_opens_a_new_connection() -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge)
        phone = await (await StreamPhone(agent).listen()).connect()
        invite, ok = await phone.call("600")
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        (stream,) = agent._engine.open.values()  # type: ignore[attr-defined]
        assert not stream.closed and "released" not in bridge.names()
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        bye = await phone.expect("BYE")
        assert phone.accepted == 1
        assert header(bye, "Call-ID") == header(invite, "Call-ID") and header(bye, "From") == header(ok, "To")
        phone.answer(bye, "200 OK")
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_a_peer_that_comes_back_goes_on_with_its_call_over_the_new_connection() -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        invite, ok = await phone.call("600")
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        await phone.connect()
        phone.send(phone.inside("OPTIONS", invite, ok, 2))
        await phone.expect("SIP/2.0 200")
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        phone.answer(await phone.expect("BYE"), "200 OK")
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_a_call_whose_peer_is_gone_for_good_ends_in_an_orderly_way() -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        await phone.call("600")
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        await until(lambda: idle(agent) and agent.debug()["client"] == 0)
        await agent.stop()

    asyncio.run(main())


def test_a_call_to_a_phone_whose_connection_is_gone_fails_at_once() -> None:
    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent, "201").connect()
        await phone.register()
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        caller = await StreamPhone(agent).connect()
        caller.send(caller.invite("201"))
        assert int((await caller.expect("SIP/2.0 5", 5.0))[8:11]) in {500, 503}
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_a_phone_that_restarted_is_reached_at_its_contact() -> None:
    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge)
        phone = await (await StreamPhone(agent, "201").listen()).connect()
        await phone.register()
        phone.hang_up()
        await until(lambda: not agent.listening()[1].connections)
        caller = await StreamPhone(agent).connect()
        caller.send(caller.invite("201"))
        rung = await phone.expect("INVITE")
        assert phone.accepted == 1
        phone.answer(rung, "486 Busy Here", tag="b")
        await phone.expect("ACK")
        await caller.expect("SIP/2.0 486")
        await agent.stop()

    asyncio.run(main())


def test_a_phone_that_loses_its_connection_while_it_rings_answers_over_a_new_one() -> None:
    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent, "201").connect()
        await phone.register()
        caller = await StreamPhone(agent).connect()
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        phone.hang_up()
        await until(lambda: agent.listening()[1].connections == 1)
        await phone.connect()
        phone.answer(rung, "200 OK", tag="b", body=SDP)
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        await phone.expect("ACK")
        caller.send(caller.inside("BYE", invite, ok, 2))
        phone.answer(await phone.expect("BYE"), "200 OK")
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_two_phones_behind_one_address_each_get_their_own_calls() -> None:
    async def main() -> None:
        agent = await stream_house(Bridge())
        phones = {user: await StreamPhone(agent, user).connect() for user in ("201", "202")}
        for phone in phones.values():
            await phone.register()
        caller = await StreamPhone(agent).connect()
        for user, phone in phones.items():
            caller.send(invite := caller.invite(user))
            rung = await phone.expect("INVITE")
            assert f"sip:{user}@" in rung.split("\r\n")[0]
            phone.answer(rung, "486 Busy Here", tag="b")
            await phone.expect("ACK")
            caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        for user, phone in phones.items():
            assert not any(f"sip:{other}@" in text for text in phone.all for other in phones if other != user)
        await agent.stop()

    asyncio.run(main())


def test_the_house_sheds_new_calls_while_it_cannot_follow_what_streams_bring() -> None:
    class Slow(Bridge):
        def leg_arrived(self, leg: Leg) -> None:
            time.sleep(0.15)  # whatever keeps the loop from going round
            super().leg_arrived(leg)

    async def main() -> None:
        bridge = Slow(manual=True)
        agent = await stream_house(bridge)
        phone = await StreamPhone(agent).connect()
        many = [phone.invite("600") for _ in range(8)]
        phone.send("".join(many))
        await phone.expect("SIP/2.0 100")
        phone.send(late := phone.invite("600"))
        refused = await phone.expect("SIP/2.0 503")
        assert header(refused, "Call-ID") == header(late, "Call-ID") and header(refused, "Retry-After")
        phone.ack_failure(late, refused)
        await until(lambda: len(bridge.arrived) == 8)
        phone.send(after := phone.invite("600"))
        await until(lambda: any(header(text, "Call-ID") == header(after, "Call-ID") for text in phone.all))
        bridge.arrived[0].accept()
        assert header(await phone.expect("SIP/2.0 200"), "Call-ID") == header(many[0], "Call-ID")
        await agent.stop(0.0)

    asyncio.run(main())
