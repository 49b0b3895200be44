"""A range of 20 audio ports holds 10 call legs; the next call is told 503 and the log names the setting (MED-20)."""

from __future__ import annotations

import asyncio
import logging

import pytest

from firmware.media.engine import Engine
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of

NAMED = "[media] rtp_first to rtp_last is used up"


def engine_of_20_ports() -> Engine:
    return Engine(rtp_ports=range(20000, 20020), stepped=True, seed=1)


def test_ten_calls_of_one_leg_and_the_eleventh_is_503(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, engine = Network(), engine_of_20_ports()
        agent = await agent_on(network, Bridge(echo=True), engine=engine)
        caller = Phone(network, "10.0.0.9")
        calls = []
        for _ in range(10):
            invite = caller.invite("600")
            caller.send(invite)
            ok = await caller.expect("SIP/2.0 200")
            caller.ack(invite, ok)
            calls.append((invite, ok))
        assert engine.debug()["streams"] == 10
        for _ in range(3):
            invite = caller.invite("600")
            caller.send(invite)
            refused = await caller.expect("SIP/2.0 503")
            assert 1 <= int(header(refused, "Retry-After")) <= 60
            caller.ack_failure(invite, refused)
        lines = [record.getMessage() for record in caplog.records if NAMED in record.getMessage()]
        assert len(lines) == 3 and all(line.startswith("sip:caller/") for line in lines)
        caller.send(caller.inside("BYE", *calls[0], 2))
        await caller.expect("SIP/2.0 200")
        await asyncio.sleep(5)  # its port rests, for packets that are still on their way
        engine.tick(5_000_000)
        invite = caller.invite("600")
        caller.send(invite)
        await caller.expect("SIP/2.0 200")
        assert engine.debug()["streams"] == 10
        await agent.stop(0)

    caplog.set_level(logging.WARNING)
    run(main())


def test_five_calls_between_two_telephones_and_the_sixth_is_503(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        network, engine = Network(), engine_of_20_ports()
        agent = await agent_on(network, Bridge(), engine=engine, store=PresetStore(("201", "10.0.0.21")))
        caller, called = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.21", "201")
        for _ in range(5):
            invite = caller.invite("201")
            caller.send(invite)
            rung = await called.expect("INVITE")
            called.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.21"))
            caller.ack(invite, await caller.expect("SIP/2.0 200"))
        invite = caller.invite("201")
        caller.send(invite)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 503"))
        assert engine.debug()["streams"] == 10 and engine.debug()["ports"] == 10
        assert sum(NAMED in record.getMessage() for record in caplog.records) == 1
        await agent.stop(0)

    caplog.set_level(logging.WARNING)
    run(main())
