"""Digits of the number called, sent after our answer: who rings, and what callers hear who are not put through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from firmware.pbx.services.direct_in import DIRECT_IN, FAREWELL_S, DirectInLine, DirectInPlan
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Party
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle

WHO = {"001": "201", "002": "203", "003": "999"}


def arrive(target: str = "102") -> tuple[ExchangeBench, ScriptedLeg]:
    """A call on fxo1 that the house has answered; three digits come."""
    lines = {"fxo1": DirectInLine("fxo1", 3, target)}
    plan = DirectInPlan(lines, lambda digits, line: WHO.get(digits, "") if line == "fxo1" else "",
                        load_country("es").tones)  # fmt: skip
    bench = ExchangeBench(plan)
    caller = bench.leg("fxo1/1")
    caller.connects_later = True
    caller.called = Party(DIRECT_IN)
    bench.exchange.leg_arrived(caller)
    return bench, caller


async def send(bench: ExchangeBench, caller: ScriptedLeg, digits: str) -> None:
    await settle()
    assert caller.commands[-1] == "accept"
    bench.exchange.leg_answered(caller)
    for digit in digits:
        bench.exchange.leg_digit(caller, digit)
    await asyncio.sleep(0.01)
    await settle()


def play(day: Any, target: str = "102") -> None:
    async def main() -> None:
        bench, caller = arrive(target)
        await day(bench, caller)
        if not caller.over:
            caller.gone()
        await asyncio.sleep(FAREWELL_S + 1)
        await settle()
        assert bench.leaves_nothing()

    run(main())


@pytest.mark.parametrize(("digits", "number"), [("001", "sip:201/1"), ("004", "fxs2/1"), ("0019", "sip:201/1"),
                                                 ("0A01", "sip:201/1")])  # fmt: skip
def test_who_rings(digits: str, number: str) -> None:
    async def day(bench: ExchangeBench, caller: ScriptedLeg) -> None:
        await send(bench, caller, digits)
        assert bench.made[-1].leg_id == number
        assert bench.media.tones == {caller.endpoint: "ringback"}
        bench.exchange.leg_answered(bench.made[-1])
        assert bench.media.joined == [(caller.endpoint, bench.made[-1].endpoint)]

    play(day)


@pytest.mark.parametrize(
    ("digits", "cause", "tone"),
    [("002", Cause.SUBSCRIBER_ABSENT, "congestion"), ("003", Cause.UNALLOCATED_NUMBER, "sit")],
)
def test_who_is_not_there_is_heard_by_his_tone(digits: str, cause: Cause, tone: str) -> None:
    async def day(bench: ExchangeBench, caller: ScriptedLeg) -> None:
        await send(bench, caller, digits)
        assert bench.media.tones == {caller.endpoint: tone}
        bench.exchange.leg_digit(caller, "1")
        await asyncio.sleep(FAREWELL_S - 0.2)
        assert not caller.over
        await asyncio.sleep(0.4)
        assert caller.commands[-1] == ("release", cause, False)

    play(day)


@pytest.mark.parametrize(("cause", "tone"), [(Cause.USER_BUSY, "busy"), (Cause.CALL_REJECTED, None)])
def test_who_refuses_while_he_is_rung(cause: Cause, tone: str | None) -> None:
    async def day(bench: ExchangeBench, caller: ScriptedLeg) -> None:
        await send(bench, caller, "001")
        bench.made[-1].gone(cause)
        await settle()
        assert list(bench.media.tones) == [caller.endpoint] and tone in {None, bench.media.tones[caller.endpoint]}
        await asyncio.sleep(FAREWELL_S + 0.1)
        assert caller.over
        assert [end.cause for _, end in bench.records.ended] == [Cause.NORMAL_CLEARING, cause, cause]

    play(day)


def test_nobody_answers() -> None:
    async def day(bench: ExchangeBench, caller: ScriptedLeg) -> None:
        await send(bench, caller, "001")
        await asyncio.sleep(60.1)
        assert bench.made[-1].over and not caller.over
        await asyncio.sleep(FAREWELL_S)
        assert caller.commands[-1] == ("release", Cause.NO_ANSWER, False)

    play(day)


def test_without_digits_and_without_a_target_the_call_is_refused() -> None:
    async def day(bench: ExchangeBench, caller: ScriptedLeg) -> None:
        await send(bench, caller, "")
        await asyncio.sleep(5.1 + FAREWELL_S)
        assert caller.commands[-1] == ("release", Cause.UNALLOCATED_NUMBER, False)

    play(day, target="")


def test_a_call_that_was_sent_elsewhere_has_no_digits() -> None:
    async def main() -> None:
        bench = ExchangeBench(DirectInPlan({"fxo1": DirectInLine("fxo1", 3)}))
        caller, called = bench.call("201", bench.leg("fxo1/1"))
        assert called.leg_id == "sip:201/1"
        bench.exchange.leg_digit(caller, "1")
        caller.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())
