"""The exchange on fake time: a call from its first digit to its record, and every way it can end."""

from __future__ import annotations

import asyncio
import logging

import pytest

from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, LegStats, Party
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, settle


def test_a_call_rings_is_answered_joined_and_recorded(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        assert caller.commands == ["proceed"]
        assert callee.request == CallRequest("17", Party("fxs1"), Party("201", "User 201"), 69)
        await asyncio.sleep(1.0)
        bench.exchange.leg_ringing(callee)
        assert bench.exchange.status()[0]["state"] == "ringing"
        await asyncio.sleep(5.2)
        bench.exchange.leg_answered(callee)
        assert caller.commands == ["proceed", "ringing", "accept"]
        assert bench.media.joined == [(1, 2)]
        await asyncio.sleep(65)
        status = bench.exchange.status()[0]
        assert (status["id"], status["from"], status["to"], status["state"]) == ("17", "fxs1", "201", "talking")
        callee.gone()
        await settle()
        assert caller.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        assert bench.leaves_nothing()
        assert (bench.records.begun, bench.records.answered) == ([("17", "fxs1", "201", "fxs1/1")], ["17"])
        (_, end), = bench.records.ended  # fmt: skip
        assert (end.cause, end.hung_up_by, end.talk_ms) == (Cause.NORMAL_CLEARING, "sip:201", 65000)
        assert (end.legs, end.ports) == ("fxs1/1 sip:201/1", "fxs1")

    with caplog.at_level(logging.INFO):
        run(main())
    assert "call 17: answered by sip:201/1 after 6.2 s" in caplog.messages


@pytest.mark.parametrize(
    ("number", "cause"), [("999", Cause.UNALLOCATED_NUMBER), ("203", Cause.SUBSCRIBER_ABSENT), ("", Cause(1))]
)
def test_a_number_that_cannot_be_rung(number: str, cause: Cause) -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, _ = bench.call(number)
        await settle()
        assert caller.commands == [("release", cause, False)]
        assert bench.records.ended[0][1].cause is cause
        assert bench.records.ended[0][1].hung_up_by == ""
        assert bench.leaves_nothing()

    run(main())


@pytest.mark.parametrize("cause", [Cause.USER_BUSY, Cause.CALL_REJECTED, Cause.DESTINATION_OUT_OF_ORDER])
def test_the_callees_cause_reaches_the_caller(cause: Cause) -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        callee.gone(cause)
        await settle()
        assert caller.commands[-1] == ("release", cause, False)
        assert bench.records.ended[0][1].cause is cause

    run(main())


def test_a_caller_who_is_known_late_is_shown_to_who_rings_and_recorded() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        caller.party = Party("600123456", "José")
        bench.exchange.leg_identified(caller)
        assert callee.commands[-1] == ("caller", "600123456")
        assert bench.records.named == [("17", "600123456")]
        bench.exchange.leg_identified(callee)
        caller.gone()
        await settle()
        bench.exchange.leg_identified(caller)
        assert bench.records.named == [("17", "600123456")]
        assert bench.leaves_nothing()

    run(main())


def test_nobody_answers_for_60_s() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("102")
        bench.exchange.leg_ringing(callee)
        await asyncio.sleep(59.9)
        assert not callee.over
        await asyncio.sleep(0.2)
        for leg in (caller, callee):
            assert leg.commands[-1] == ("release", Cause.NO_ANSWER, False)
        assert bench.records.ended[0][1].cause is Cause.NO_ANSWER
        assert bench.leaves_nothing()

    run(main())


def test_an_answered_call_has_no_limit() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        _, callee = bench.call("102")
        bench.exchange.leg_answered(callee)
        await asyncio.sleep(36000)
        assert bench.exchange.status()[0]["state"] == "talking"

    run(main())


def test_caller_gives_up_and_ringing_stops_at_once() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("102")
        bench.exchange.leg_ringing(callee)
        caller.over = True
        bench.exchange.leg_released(caller, Cause.NORMAL_CLEARING)
        assert callee.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        await settle()
        assert bench.records.ended[0][1].hung_up_by == "fxs1"
        assert bench.leaves_nothing()

    run(main())


def test_callers_that_were_not_authenticated_never_reach_a_line() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        stranger = bench.leg("sip:in/1")
        stranger.may_call_lines = False
        bench.call("102", stranger)
        assert stranger.commands == [("release", Cause.BEARER_NOT_AUTHORISED, False)]
        assert len(bench.made) == 1  # no leg of the line was even made
        other = bench.leg("sip:in/2")
        other.may_call_lines = False
        bench.call("201", other)
        assert other.commands == ["proceed"]

    run(main())


def test_hops_run_out() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        last = bench.leg("sip:a/1")
        last.hops = 1
        _, callee = bench.call("201", last)
        assert callee.request is not None and callee.request.hops == 0
        none = bench.leg("sip:a/2")
        none.hops = 0
        bench.call("201", none)
        assert none.commands == [("release", Cause.EXCHANGE_ROUTING_ERROR, False)]

    run(main())


def test_early_media_is_cut_through_and_stays_joined() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        bench.exchange.leg_progress(callee)
        assert bench.media.joined == [(1, 2)]
        bench.exchange.leg_answered(callee)
        assert caller.commands == ["proceed", "progress", "accept"]

    run(main())


def test_the_record_keeps_the_figures_of_the_leg_that_heard_worse() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        good = LegStats("PCMA", 1000, 0, 1.0, 4.4)
        poor = LegStats("PCMA", 900, 100, 22.5, 2.9, 40.12344, 0.02)
        bench.extend("204", lambda: bench.leg("sip:204/1", poor))
        caller, callee = bench.call("204", bench.leg("sip:201/1", good))
        bench.exchange.leg_answered(callee)
        caller.gone()
        await settle()
        end = bench.records.ended[0][1]
        assert (end.codec, end.loss, end.jitter_ms, end.mos, end.ports) == ("PCMA", 0.1, 22.5, 2.9, "")
        poor_figures = {"codec": "PCMA", "packets_received": 900, "packets_lost": 100, "jitter_ms": 22.5, "mos": 2.9}
        assert end.quality["sip:204/1"] == {**poor_figures, "rtt_ms": 40.1234, "far_loss": 0.02}
        assert end.quality["sip:201/1"]["mos"] == 4.4 and "rtt_ms" not in end.quality["sip:201/1"]

    run(main())


def test_core_going_down_ends_every_call() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        for _ in range(5):
            bench.call("201")
        bench.exchange.release_all()
        await settle()
        assert len(bench.records.ended) == 5 and bench.leaves_nothing()

    run(main())


def test_events_of_legs_nobody_knows_are_ignored() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        stray = bench.leg("sip:9/9")
        exchange = bench.exchange
        exchange.leg_ringing(stray)
        exchange.leg_progress(stray)
        exchange.leg_answered(stray)
        exchange.leg_digit(stray, "5")
        exchange.leg_flashed(stray)
        exchange.leg_held(stray, True)
        exchange.leg_released(stray, Cause.NORMAL_CLEARING)
        assert stray.commands == [] and bench.leaves_nothing()

    run(main())


def test_the_other_end_of_a_fax_machine_keeps_its_delay() -> None:
    """Whichever end it is; a call between telephones is left to adapt."""

    async def main() -> None:
        for of_caller, of_callee in ((100, 0), (0, 80), (0, 0)):
            bench = ExchangeBench()
            caller, callee = bench.call("201")
            caller.steady_ms, callee.steady_ms = of_caller, of_callee
            bench.exchange.leg_answered(callee)
            kept = [[c for c in leg.commands if c[0] == "keep_delay"] for leg in (caller, callee)]
            assert kept == [[("keep_delay", ms)] * bool(ms) for ms in (of_callee, of_caller)]

    run(main())


def test_a_digit_beside_the_audio_is_passed_to_the_other_end_of_a_talking_pair() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        bench.exchange.leg_signalled(caller, "1", 100)  # nobody to hear it yet
        assert caller.digits == callee.digits == []
        bench.exchange.leg_answered(callee)
        bench.exchange.leg_signalled(caller, "2", 120)
        bench.exchange.leg_signalled(callee, "3", 140)
        bench.exchange.leg_signalled(bench.leg("sip:9/9"), "4", 100)
        assert callee.digits == [("2", 120)] and caller.digits == [("3", 140)]
        callee.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


def test_a_flash_that_is_no_service_here_goes_to_the_far_end() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, callee = bench.call("201")
        bench.exchange.leg_flashed(caller)  # nobody there yet
        bench.exchange.leg_answered(callee)
        bench.exchange.leg_flashed(caller)
        bench.exchange.leg_flashed(callee)
        assert callee.commands.count("flash") == caller.commands.count("flash") == 1
        bench.exchange.release_all()
        await settle()

    run(main())
