"""All methods, outside and inside a dialog: what works is in Allow, the rest is refused by the book (RFC 3261 8.2)."""

from __future__ import annotations

import pytest

from firmware.sip.messages import compose
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.in_call import Talk
from tests.sip.pairs import header, sdp_of, settle
from tests.sip.test_calls import EMPTY, house

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO"
OUTSIDE = {
    "INVITE": "100",
    "ACK": "",
    "BYE": "481",
    "CANCEL": "481",
    "REGISTER": "401",
    "OPTIONS": "200",
    "PRACK": "481",
    "SUBSCRIBE": "405",
    "NOTIFY": "405",
    "PUBLISH": "405",
    "INFO": "481",
    "REFER": "405",
    "MESSAGE": "405",
    "UPDATE": "481",
    "DANCE": "501",
    "invite": "501",
}
INSIDE = OUTSIDE | {
    "INVITE": "200",
    "BYE": "200",
    "REGISTER": "405",
    "PRACK": "481",
    "INFO": "200",
    "UPDATE": "200",
}


def test_the_lists_are_of_one_making() -> None:
    assert ", ".join(compose.METHODS) == ALLOW
    assert compose.ALLOW.removeprefix("Allow: ") == f"{ALLOW}\r\n"
    assert compose.SUPPORTED == "Supported: 100rel, timer\r\n"
    working = {method for method, status in INSIDE.items() if status not in {"405", "501"}} | {"REGISTER"}
    assert working == set(compose.METHODS)


@pytest.mark.parametrize("method", OUTSIDE)
def test_outside_a_dialog(method: str) -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True)
        text = caller.invite("201") if method == "INVITE" else caller.request(method, "sip:201@10.0.0.1")
        caller.send(text)
        if method == "ACK":
            assert await settle(agent) == EMPTY and not caller.got
            return
        answer = await caller.expect("SIP/2.0 ")
        assert answer.startswith(f"SIP/2.0 {OUTSIDE[method]}"), answer
        if OUTSIDE[method] in {"405", "501"}:
            assert header(answer, "Allow") == ALLOW
        if method == "OPTIONS":
            assert header(answer, "Allow") == ALLOW and header(answer, "Supported") == "100rel, timer"
            assert header(answer, "Accept").startswith("application/sdp, ") and "application/dtmf," in answer
        if method == "INVITE":
            bridge.arrived[0].release(Cause.USER_BUSY)
            caller.ack_failure(text, await caller.expect("SIP/2.0 486"))
        assert await settle(agent) == EMPTY

    run(main())


@pytest.mark.parametrize("method", INSIDE)
def test_inside_a_dialog(method: str) -> None:
    async def main() -> None:
        talk = await Talk.in_()
        ok = talk.made[1]
        assert header(ok, "Allow") == ALLOW and header(ok, "Supported") == "100rel, timer"
        if method == "ACK":
            talk.phone.send(talk.request("ACK"))
            await talk.over()
            assert not [text for text in talk.phone.got if "ACK" in text]
            return
        answer = await talk.ask(method, body=sdp_of("10.0.0.9") if method == "INVITE" else "")
        assert answer.startswith(f"SIP/2.0 {INSIDE[method]}"), answer
        if INSIDE[method] in {"405", "501"}:
            assert header(answer, "Allow") == ALLOW
        if method == "BYE":
            assert await settle(talk.agent) == EMPTY
        else:
            assert not talk.bridge.causes()
            await talk.over()

    run(main())


@pytest.mark.parametrize(
    ("require", "unsupported"),
    [
        ("100rel", ""),
        ("timer, 100REL", ""),
        ("replaces", "replaces"),
        ("100rel, foo, timer, bar", "foo, bar"),
        ("precondition", "precondition"),
    ],
)
@pytest.mark.parametrize("where", ["outside", "inside"])
def test_required_extensions(require: str, unsupported: str, where: str) -> None:
    async def main() -> None:
        headers = f"Require: {require}\r\n"
        if where == "inside":
            talk = await Talk.in_()
            answer = await talk.ask("UPDATE", headers=headers)
            await talk.over()
        else:
            _, _, agent, caller = await house()
            caller.send(caller.request("OPTIONS", "sip:10.0.0.1", headers=headers))
            answer = await caller.expect("SIP/2.0 ")
            assert await settle(agent) == EMPTY
        assert answer.startswith("SIP/2.0 420" if unsupported else "SIP/2.0 200")
        if unsupported:
            assert header(answer, "Unsupported") == unsupported

    run(main())


def test_require_means_nothing_in_cancel_and_ack() -> None:
    async def main() -> None:
        _, _, agent, caller = await house(manual=True)
        caller.send(invite := caller.invite("201"))
        await caller.expect("SIP/2.0 100")
        strange = "Require: foo\r\nContent-Length: 0"
        cancel = caller.cancel(invite)  # a plain one, and the same with Require
        caller.send(cancel.replace("Content-Length: 0", strange))
        assert (await caller.expect("SIP/2.0 200")) and (await caller.expect("SIP/2.0 487"))
        caller.ack_failure(invite, caller.all[-1])
        assert await settle(agent) == EMPTY
        assert not [text for text in caller.all if text.startswith("SIP/2.0 420")]

    run(main())


@pytest.mark.parametrize(
    ("headers", "taken"), [("", False), ("Supported: 100rel\r\n", True), ("Require: 100rel\r\n", True)]
)
def test_a_house_that_wants_reliable_progress_refuses_callers_without_it(headers: str, taken: bool) -> None:
    async def main() -> None:
        _, bridge, agent, caller = await house(manual=True, require_100rel=True)
        caller.send(invite := caller.invite("201", headers=headers))
        answer = await caller.expect("SIP/2.0 ")
        assert answer.startswith("SIP/2.0 100" if taken else "SIP/2.0 421")
        if taken:
            bridge.arrived[0].show_ringing()
            assert "RSeq" in await caller.expect("SIP/2.0 180")
            bridge.arrived[0].release(Cause.USER_BUSY)
            caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        else:
            assert header(answer, "Require") == "100rel" and not bridge.told
        assert await settle(agent) == EMPTY

    run(main())
