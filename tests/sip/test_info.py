"""INFO: digits and flash in every form phones send them, and what is refused (RFC 6086 and older usage)."""

from __future__ import annotations

import pytest

from firmware.telephony.leg import CallRequest, Party
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.pairs import Phone, header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

RELAY = "Content-Type: application/dtmf-relay\r\n"
PLAIN = "Content-Type: application/dtmf\r\n"
MEDIA = "Content-Type: application/media_control+xml\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "digit", "ms"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", "5", 160),
        (RELAY, "Signal= 5 \nDuration= 160 \n", "5", 160),
        (RELAY, "signal=*\r\nduration=250", "*", 250),
        (RELAY, "Duration=100\r\nSignal=#\r\n", "#", 100),
        (RELAY, "Signal=10\r\n", "*", 100),
        (RELAY, "Signal=11\r\n", "#", 100),
        (RELAY, "Signal=12\r\n", "A", 100),
        (RELAY, "Signal=15\r\n", "D", 100),
        (RELAY, "Signal=d\r\n", "D", 100),
        (RELAY, "Signal=1\r\nDuration=3", "1", 40),
        (RELAY, "Signal=1\r\nDuration=999999", "1", 5000),
        (RELAY, "Signal=1\r\nDuration=99999999999", "1", 100),
        (RELAY, "Signal=1\r\nDuration=-7", "1", 100),
        (PLAIN, "7", "7", 100),
        (PLAIN, "7\r\n", "7", 100),
        (PLAIN, "*", "*", 100),
        (PLAIN, "11", "#", 100),
        (PLAIN, "Signal=9\r\nDuration=80\r\n", "9", 80),
        ("Content-Type: application/DTMF-Relay;charset=utf-8\r\n", "Signal=0\r\n", "0", 100),
    ],
)
def test_a_digit(kind: str, body: str, digit: str, ms: int) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        assert (await talk.ask("INFO", body=body, kind=kind)).startswith("SIP/2.0 200")
        assert talk.bridge.told[1:] == [("signalled", talk.leg, digit, ms)]
        await talk.over()

    run(main())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (RELAY, "Signal=16\r\nDuration=100\r\n"),
        (RELAY, "Signal=hf\r\n"),
        (RELAY, "Signal=flash\r\n"),
        (PLAIN, "16"),
        (PLAIN, "!"),
        ("Content-Type: application/hook-flash\r\n", "anything"),
    ],
)
def test_a_flash_is_told_to_the_exchange(kind: str, body: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        assert (await talk.ask("INFO", body=body, kind=kind)).startswith("SIP/2.0 200")
        assert talk.bridge.told[1:] == [("flashed", talk.leg)]
        await talk.over()

    run(main())


@pytest.mark.parametrize(
    ("headers", "kind", "body", "status"),
    [
        ("", "", "", "200"),
        ("", MEDIA, "<media_control><vc_primitive/></media_control>", "200"),
        ("", "Content-Type: text/plain\r\n", "hello", "415"),
        ("", "", "hello", "415"),
        ("", RELAY, "Signal=\r\n", "400"),
        ("", RELAY, "Duration=100\r\n", "400"),
        ("", RELAY, "Signal=17\r\n", "400"),
        ("", RELAY, "Signal=E\r\n", "400"),
        ("", RELAY, "Signal=\xff\r\n", "400"),
        ("", PLAIN, "12345", "400"),
        ("Info-Package: conference\r\n", PLAIN, "5", "469"),
        ("Info-Package: x;y=z\r\n", "", "", "469"),
    ],
)
def test_what_is_no_signal(headers: str, kind: str, body: str, status: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        answer = await talk.ask("INFO", headers=headers, body=body, kind=kind)
        assert answer.startswith(f"SIP/2.0 {status}"), answer
        if status == "469":
            assert header(answer, "Recv-Info") == ""
        if status == "415":
            assert header(answer, "Accept") == (
                "application/dtmf-relay, application/dtmf, application/hook-flash, application/media_control+xml"
            )
        assert len(talk.bridge.told) == 1
        await talk.over()

    run(main())


def test_a_digit_of_one_phone_reaches_the_other_as_rtp_event() -> None:
    async def main() -> None:
        network, bridge, agent, caller = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        caller.send(invite := caller.invite("201"))
        phone.answer(await phone.expect("INVITE"), "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        ok = await caller.expect("SIP/2.0 200")
        caller.ack(invite, ok)
        caller.send(caller.inside("INFO", invite, ok, 2, headers=RELAY, body="Signal=3\r\nDuration=200\r\n"))
        await caller.expect("SIP/2.0 200")
        called = next(entry[1] for entry in bridge.told if entry[0] == "answered")
        assert ("digit", "3", 200) in agent._engine.open[called.endpoint].calls
        caller.send(caller.inside("BYE", invite, ok, 3))
        phone.answer(await phone.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


def test_a_digit_before_the_answer_and_one_of_a_called_phone() -> None:
    async def main() -> None:
        network, bridge, agent, _ = await house(("201", "10.0.0.21"))
        phone = Phone(network, "10.0.0.21", "201")
        leg = agent.call_user("201")
        leg.place(CallRequest("7", Party("101"), Party("201")))
        rung = await phone.expect("INVITE")
        phone.answer(rung, "180 Ringing", tag="b")
        far = f"{header(rung, 'To')};tag=b"
        parts = {"from_": far, "to": header(rung, "From"), "call_id": header(rung, "Call-ID"), "headers": PLAIN}
        uri = header(rung, "Contact").strip("<>")
        phone.send(phone.request("INFO", uri, cseq=1, body="4", **parts))
        await phone.expect("SIP/2.0 200")
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
        await phone.expect("ACK")
        phone.send(phone.request("INFO", uri, cseq=2, body="6", **parts))
        await phone.expect("SIP/2.0 200")
        assert [entry[2] for entry in bridge.told if entry[0] == "signalled"] == ["4", "6"]
        phone.send(phone.request("BYE", uri, cseq=3, **(parts | {"headers": ""})))
        await phone.expect("SIP/2.0 200")
        assert await settle(agent) == EMPTY

    run(main())
