"""A call that fails: one log line with code, meaning, advice and the peer's words; the status is kept and told on."""

from __future__ import annotations

import logging

import pytest

from firmware.telephony.cause import Cause
from firmware.telephony.codes import explained
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, settle
from tests.sip.test_calls import EMPTY


async def refused(status: str, headers: str = "") -> tuple[Bridge, str]:
    """A call whose only phone answers `status`; what the bridge noted, and what the caller was answered."""
    network, bridge = Network(), Bridge()
    agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.3")))
    caller, callee = Phone(network, "10.0.0.2"), Phone(network, "10.0.0.3", "201")
    invite = caller.invite("201")
    caller.send(invite)
    callee.answer(await callee.expect("INVITE"), status, tag="b", headers=headers)
    await callee.expect("ACK")
    await caller.expect("SIP/2.0 100")
    answer = await caller.expect("SIP/2.0")
    caller.ack_failure(invite, answer)
    assert await settle(agent) == EMPTY
    return bridge, answer


def lines_about(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if text in record.getMessage()]


def test_the_log_says_code_meaning_advice_and_the_peers_own_words(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    headers = 'Warning: 305 pbx "no G.729 here"\r\nReason: Q.850;cause=65;text="bearer"\r\n'
    run(refused("488 Kein Codec", headers))
    (line,) = lines_about(caplog, "Kein Codec")
    assert line.startswith(f"sip:201/2: call 1: 488 Not Acceptable Here: {explained(488)} ")
    assert line.endswith(
        'The peer says: Kein Codec | 305 pbx "no G.729 here" | Q.850;cause=65;text="bearer"'
    )  # fmt: skip


def test_what_a_peer_says_is_printable_and_short(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(refused("486 \x1b[31mred\x07" + "x" * 3000, 'Warning: 399 a "\x1b]0;title\x07' + "y" * 3000 + "\r\n"))
    (line,) = lines_about(caplog, "[31mred")
    assert line.isprintable() and len(line) < 500


def test_a_peer_that_says_nothing_of_its_own_is_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(refused("486 busy here"))
    (line,) = lines_about(caplog, "486 Busy Here: " + explained(486)[:20])[:1]
    assert line.endswith(explained(486))


def test_a_refused_request_is_explained_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        caller = Phone(network, "10.0.0.2")
        caller.send(caller.invite("201", headers="Require: teleport\r\n"))
        await caller.expect("SIP/2.0 420")
        assert await settle(agent) == EMPTY

    run(main())
    assert lines_about(caplog, f"INVITE from 10.0.0.2:5060 refused: 420 Bad Extension: {explained(420)}")


@pytest.mark.parametrize("status", [402, 403, 404, 410, 433, 480, 484, 485, 486, 488, 600, 603, 604, 606, 607, 608])
def test_what_the_callee_says_of_itself_is_told_to_the_caller(status: int) -> None:
    _, answer = run(refused(f"{status} Whatever"))
    assert answer.startswith(f"SIP/2.0 {status} ")
    assert "Whatever" not in answer


@pytest.mark.parametrize(
    ("status", "told"),
    [(400, 503), (401, 403), (407, 403), (415, 501), (420, 500), (481, 503), (482, 483), (500, 500), (503, 500),
     (504, 504), (513, 500), (499, 503), (699, 486)],
)  # fmt: skip
def test_what_is_between_the_callee_and_us_is_told_by_its_cause(status: int, told: int) -> None:
    _, answer = run(refused(f"{status} Whatever"))
    assert int(answer[8:11]) == told
    assert header(answer, "Reason").startswith("Q.850;cause=")


def test_the_status_stays_with_the_leg_for_the_record() -> None:
    bridge, _ = run(refused("486 Busy Here"))
    assert {leg.leg_id: leg.sip_status for name, leg, *_ in bridge.told if name == "released"} == {
        "sip:caller/1": 486,
        "sip:201/2": 486,
    }
    assert bridge.causes() == [Cause.USER_BUSY, Cause.USER_BUSY]
