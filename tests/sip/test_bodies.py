"""What a message may hold besides plain SDP: parts, encodings, dispositions; and headers that only pass by."""

from __future__ import annotations

import asyncio

import pytest

from firmware.sip.messages.body import MAX_PARTS, session_description
from firmware.sip.messages.message import parse
from firmware.sip.messages.status import Refusal
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

SDP = sdp_of("10.0.0.9")
SDP_PART = f"Content-Type: application/sdp\r\n\r\n{SDP}"
ISUP = "Content-Type: application/isup;version=nxv3\r\nContent-Disposition: signal;handling={}\r\n\r\n\x01\x11--x"
MIXED = "Content-Type: multipart/mixed;boundary=x\r\n"


def parts(*texts: str, boundary: str = "x", line: str = "\r\n") -> str:
    return "".join(f"{line}--{boundary}{line}{text}" for text in texts) + f"{line}--{boundary}--{line}"


TAKEN = {
    "plain": ("Content-Type: application/sdp\r\n", SDP),
    "compact": ("c: application/sdp\r\n", SDP),
    "with parameters": ("Content-Type: Application/SDP ; charset=utf-8\r\n", SDP),
    "said to be the session": ("Content-Type: application/sdp\r\nContent-Disposition: Session\r\n", SDP),
    "identity": ("Content-Type: application/sdp\r\nContent-Encoding: identity\r\n", SDP),
    "alone in parts": (MIXED, parts(SDP_PART)),
    "quoted boundary": ('Content-Type: multipart/mixed; boundary="a b?"\r\n', parts(SDP_PART, boundary="a b?")),
    "preamble and epilogue": (MIXED, "see below" + parts(SDP_PART) + "that was all"),
    "blanks after the boundary": (MIXED, parts(SDP_PART).replace("--x\r\n", "--x \t\r\n")),
    "beside ISUP we may pass over": (MIXED, parts(ISUP.format("optional"), SDP_PART)),
    "before ISUP we may pass over": (MIXED, parts(SDP_PART, ISUP.format("Optional"))),
    "two descriptions": (MIXED, parts(SDP_PART, SDP_PART.replace("RTP/AVP 8", "RTP/AVP 18"))),
    "an alternative": (
        "Content-Type: multipart/alternative;boundary=x\r\n",
        parts(f"Content-Encoding: gzip\r\n{SDP_PART}", SDP_PART, "Content-Type: a/b\r\n\r\n?", ISUP.format("optional")),
    ),
    "an alternative among parts": (
        MIXED,
        parts(f"Content-Type: multipart/alternative;boundary=y\r\n\r\n{parts(SDP_PART, boundary='y')}"),
    ),
    "an unknown multipart is as mixed": ("Content-Type: multipart/newer;boundary=x\r\n", parts(SDP_PART)),
    "folded part headers": (MIXED, parts(f"Content-Type:\r\n application/sdp\r\n\r\n{SDP}")),
    "binary transfer": (MIXED, parts(f"Content-Transfer-Encoding: binary\r\n{SDP_PART}")),
}
PASSED_OVER = {
    "no body": ("", ""),
    "blank": ("Content-Type: application/sdp\r\n", "\r\n"),
    "optional text": ("Content-Type: text/plain\r\nContent-Disposition: render;handling=optional\r\n", "hello"),
    "optional parts": (MIXED, parts(ISUP.format("optional"))),
    "optional in another encoding": (
        "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\nContent-Disposition: session;handling=optional\r\n",
        "zzz",
    ),
}
REFUSED = {
    "text": (415, "Content-Type: text/plain\r\n", "hello"),
    "no type": (415, "", SDP),
    "gzip": (415, "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", SDP),
    "not the session's": (415, "Content-Type: application/sdp\r\nContent-Disposition: early-session\r\n", SDP),
    "required ISUP": (415, MIXED, parts(SDP_PART, ISUP.format("required"))),
    "ISUP, and that is required unless it says so": (
        415, MIXED, parts(SDP_PART, ISUP.format("optional").replace(";handling=optional", ""))),
    "base64": (415, MIXED, parts(f"Content-Transfer-Encoding: base64\r\n{SDP_PART}")),
    "nothing readable among alternatives": (
        415, "Content-Type: multipart/alternative;boundary=x\r\n", parts("Content-Type: a/b\r\n\r\n?")),
    "parts in parts in parts": (
        415, MIXED, parts("Content-Type: multipart/mixed;boundary=y\r\n\r\n"
                          + parts("Content-Type: multipart/mixed;boundary=z\r\n\r\n" + parts(SDP_PART, boundary="z"),
                                  boundary="y"))),
    "no boundary": (400, "Content-Type: multipart/mixed\r\n", parts(SDP_PART)),
    "another boundary": (400, "Content-Type: multipart/mixed;boundary=y\r\n", parts(SDP_PART)),
    "never closed": (400, MIXED, "\r\n--x\r\n" + SDP_PART),
    "too many parts": (400, MIXED, parts(*[SDP_PART] * (MAX_PARTS + 1))),
    "a part without end of headers": (400, MIXED, parts("a\r\n" * 400)),
    "an overlong boundary": (400, f"Content-Type: multipart/mixed;boundary={'x' * 71}\r\n", parts(SDP_PART)),
}  # fmt: skip


def found(headers: str, body: str, *, strict: bool = True) -> bytes:
    text = f"INVITE sip:a@b SIP/2.0\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"
    return session_description(parse(text.encode("latin-1"), ("10.0.0.9", 5060)), strict=strict)


@pytest.mark.parametrize("name", TAKEN)
def test_the_description_is_found(name: str) -> None:
    assert found(*TAKEN[name]).decode() == SDP


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_may_be_passed_over_is(name: str) -> None:
    assert found(*PASSED_OVER[name]) == b""


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_be_understood_and_is_not_is_refused(name: str) -> None:
    status, headers, body = REFUSED[name]
    with pytest.raises(Refusal) as refused:
        found(headers, body)
    assert refused.value.status == status
    if status == 415:
        assert "Accept: application/sdp, multipart/mixed, multipart/alternative\r\n" in refused.value.headers
        assert "Accept-Encoding: identity\r\n" in refused.value.headers
    assert found(headers, body, strict=False) == b""


def test_a_call_with_isup_beside_the_offer_and_parts_in_the_answer() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")))
        caller, phone = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.21", "201")
        body = parts(ISUP.format("optional"), SDP_PART)
        invite = caller.request("INVITE", "sip:201@10.0.0.1", headers=MIXED, body=body)
        caller.send(invite)
        rung = await phone.expect("INVITE")
        answer = f"Content-Type: application/sdp\r\n\r\n{sdp_of('10.0.0.21', port=5004)}"
        typed = parts("Content-Type: text/plain\r\nContent-Disposition: render;handling=optional\r\n\r\nhi", answer)
        phone.answer(rung, "200 OK", tag="b", headers=MIXED + "X-Ignore: ", body=typed)
        ok = await caller.expect("SIP/2.0 200")
        assert "m=audio" in ok
        caller.ack(invite, ok)
        await asyncio.sleep(1)
        calling, called = bridge.arrived[0], bridge.told[1][1]
        streams = agent._engine.open
        assert streams[calling.endpoint].remote == ("10.0.0.9", 4000)
        assert streams[called.endpoint].remote == ("10.0.0.21", 5004)
        caller.send(caller.inside("BYE", invite, ok, 2))
        phone.answer(await phone.expect("BYE"), "200 OK")
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize("name", ["text", "required ISUP", "gzip", "never closed"])
def test_a_refused_body_leaves_nothing_behind(name: str) -> None:
    status, headers, body = REFUSED[name]

    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        caller = Phone(network, "10.0.0.9")
        caller.send(caller.request("INVITE", "sip:201@10.0.0.1", headers=headers, body=body))
        answer = await caller.expect("SIP/2.0", skip=False)
        assert int(answer[8:11]) == status
        assert status != 415 or header(answer, "Accept").startswith("application/sdp, multipart/mixed")
        assert not bridge.arrived and await settle(agent) == EMPTY

    run(main())


def test_timestamp_returns_in_the_100_and_only_there() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge)
        caller = Phone(network, "10.0.0.9")
        invite = caller.invite("201", headers="Timestamp: 54.21 0.3\r\nDate: next Tuesday\r\n")
        caller.send(invite)
        assert header(await caller.expect("SIP/2.0 100"), "Timestamp") == "54.21 0.3"
        bridge.arrived[0].show_ringing()
        assert "Timestamp" not in await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        assert await settle(agent) == EMPTY

    run(main())


def test_headers_nobody_knows_change_nothing() -> None:
    strange = (
        "X-Odd: yes\r\nP-Early-Media: supported\r\nAlert-Info: <urn:alert:tone:x>, broken\r\nDate: 32 Foo\r\n"
        'Geolocation: <cid:1>\r\nHistory-Info: <sip:a@b>;index="\r\nOrganization:\r\n$%&: ;;;,,,\r\nno colon here\r\n'
    )

    async def main() -> None:
        network, bridge = Network(), Bridge(echo=True)
        agent = await agent_on(network, bridge)
        caller = Phone(network, "10.0.0.9")
        invite = caller.invite("201", headers=strange)
        caller.send(invite)
        ok = await caller.expect("SIP/2.0 200")
        assert not any(name in ok for name in ("X-Odd", "P-Early-Media", "Geolocation", "History-Info"))
        caller.ack(invite, ok)
        caller.send(caller.inside("BYE", invite, ok, 2, headers=strange))
        await caller.expect("SIP/2.0 200")
        assert await settle(agent) == EMPTY

    run(main())
