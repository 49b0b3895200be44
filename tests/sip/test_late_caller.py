"""The caller's number that comes after the INVITE: told by UPDATE with P-Asserted-Identity (RFC 3311, RFC 3325)."""

from __future__ import annotations

import asyncio

import pytest

from firmware.telephony.leg import Party
from tests.fake_time import run
from tests.sip.pairs import header, sdp_of, settle
from tests.sip.test_calls import EMPTY
from tests.sip.test_early_dialogs import Rung

JOSE = Party("600123456", "José")
IDENTITY = '"José" <sip:600123456@10.0.0.1:5060>'.encode().decode("latin-1")
"""In UTF-8; the far end of these tests reads octets."""
UPDATES = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\n"


def ring(call: Rung, tag: str = "b", headers: str = UPDATES) -> None:
    call.phone.answer(call.invite, "180 Ringing", tag=tag, headers=headers)


async def told(call: Rung, status: str = "200 OK", method: str = "UPDATE") -> str:
    """Our request that says who calls, answered."""
    request = await call.phone.expect(method)
    assert header(request, "P-Asserted-Identity") == IDENTITY
    assert header(request, "Contact")
    body = sdp_of("10.0.0.21") if method == "INVITE" else ""
    call.phone.answer(request, status, body=body)
    return request


async def quiet(call: Rung) -> None:
    """Nothing that says who calls is on its way."""
    await asyncio.sleep(2.0)
    assert not [text for text in call.phone.got if "P-Asserted-Identity" in text]


def test_a_telephone_that_rings_is_told_once() -> None:
    async def main() -> None:
        call = await Rung.begin()
        ring(call)
        await asyncio.sleep(0.1)
        call.leg.show_caller(JOSE)
        update = await told(call)
        assert header(update, "To").endswith(";tag=b") and header(update, "CSeq") == "2 UPDATE"
        assert "Session-Expires" not in update and update.endswith("\r\n\r\n")
        call.leg.show_caller(JOSE)
        ring(call)
        await call.answered("b", body=sdp_of("10.0.0.21"), headers=UPDATES)
        await quiet(call)
        await call.over()

    run(main())


def test_a_number_that_comes_before_the_telephone_rings_is_told_when_it_does() -> None:
    async def main() -> None:
        call = await Rung.begin()
        call.leg.show_caller(JOSE)
        await quiet(call)
        ring(call)
        await told(call)
        await call.answered("b", body=sdp_of("10.0.0.21"), headers=UPDATES)
        await call.over()

    run(main())


def test_every_telephone_behind_a_proxy_is_told() -> None:
    async def main() -> None:
        call = await Rung.begin()
        ring(call, "b")
        ring(call, "c")
        await asyncio.sleep(0.1)
        call.leg.show_caller(JOSE)
        tags = {header(await told(call), "To").rpartition("=")[2] for _ in range(2)}
        assert tags == {"b", "c"}
        await call.answered("c", body=sdp_of("10.0.0.21"), headers=UPDATES)
        await quiet(call)
        await call.over()

    run(main())


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_one_that_takes_no_update_while_it_rings_is_told_when_it_has_answered(method: str) -> None:
    async def main() -> None:
        call = await Rung.begin()
        ring(call, headers="")
        await asyncio.sleep(0.1)
        call.leg.show_caller(JOSE)
        await quiet(call)
        await call.answered("b", body=sdp_of("10.0.0.21"), headers=UPDATES if method == "UPDATE" else "")
        request = await told(call, method=method)
        assert header(request, "Session-Expires") == "1800;refresher=uac"
        if method == "INVITE":
            await call.phone.expect("ACK")
        await call.over()

    run(main())


def test_one_that_talks_is_told_with_a_refresh() -> None:
    async def main() -> None:
        call = await Rung.begin()
        await call.answered("b", body=sdp_of("10.0.0.21"), headers=UPDATES)
        await asyncio.sleep(1.0)
        call.leg.show_caller(JOSE)
        await told(call)
        await call.over()

    run(main())


@pytest.mark.parametrize("status", ["481 Call/Transaction Does Not Exist", "405 Method Not Allowed", "500 Oops"])
def test_a_telephone_that_refuses_the_update_rings_on(status: str) -> None:
    async def main() -> None:
        call = await Rung.begin()
        ring(call)
        await asyncio.sleep(0.1)
        call.leg.show_caller(JOSE)
        await told(call, status)
        await call.answered("b", body=sdp_of("10.0.0.21"))
        await quiet(call)
        await call.over()

    run(main())


def test_a_caller_who_wants_to_be_unknown_is_not_told() -> None:
    async def main() -> None:
        call = await Rung.begin()
        ring(call)
        await asyncio.sleep(0.1)
        call.leg.show_caller(Party("anonymous", "fxo1"))
        await quiet(call)
        call.phone.answer(call.invite, "486 Busy Here", tag="b")
        assert await settle(call.agent) == EMPTY

    run(main())
