"""Calls that ring several telephones, and those sent on by one: who has the call, and what the record says."""

from __future__ import annotations

from firmware.pbx.routes import RingGroup
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Destination, Diversion, Journey, Party
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, settle


def three_ring(bench: ExchangeBench) -> None:
    """Number 600 rings three telephones."""
    route = bench.routes.find

    def find(number: str, caller: object) -> Destination:
        if number != "600":
            return route(number, caller)  # type: ignore[arg-type]
        return Destination([bench.leg(f"sip:20{n}/1") for n in (1, 2, 4)], Party("600"))

    bench.routes.find = find  # type: ignore[method-assign]


def test_the_first_of_several_telephones_has_the_call() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        three_ring(bench)
        caller, _ = bench.call("600")
        first, second, third = bench.made[1:]
        bench.exchange.leg_ringing(first)
        bench.exchange.leg_ringing(second)
        bench.exchange.leg_progress(third)  # whose early media would the caller hear?
        assert caller.commands == ["proceed", "ringing"] and not bench.media.joined
        first.gone(Cause.USER_BUSY)
        await settle()
        bench.exchange.leg_answered(third)
        bench.exchange.leg_answered(second)  # too late: it was released in the same instant
        assert second.commands[-1] == ("release", Cause.ANSWERED_ELSEWHERE, True)
        assert bench.media.joined == [(1, 4)]
        await settle()
        assert bench.exchange.status()[0]["state"] == "talking"
        caller.gone()
        await settle()
        assert third.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        assert bench.leaves_nothing()

    run(main())


def test_of_several_refusals_the_caller_hears_busy() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        three_ring(bench)
        caller, _ = bench.call("600")
        for leg, cause in zip(bench.made[1:], (Cause(18), Cause.USER_BUSY, Cause.SUBSCRIBER_ABSENT), strict=True):
            assert not caller.over
            leg.gone(cause)
            await settle()
        assert caller.commands[-1] == ("release", Cause.USER_BUSY, False)

    run(main())


def test_the_status_that_decided_is_told_on_and_comes_first_in_the_record() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        three_ring(bench)
        caller, _ = bench.call("600")
        one, two, three = bench.made[1:]
        for leg, status, cause in ((one, 480, Cause(18)), (two, 486, Cause.USER_BUSY), (three, 0, Cause.NO_ANSWER)):
            leg.sip_status = status
            leg.gone(cause)
            await settle()
        assert caller.far_status == 486 and caller.sip_status == 0
        assert list(bench.records.ended[0][1].failures.items()) == [(two.leg_id, 486), (one.leg_id, 480)]

    run(main())


def test_a_refusal_beside_an_answer_is_kept_and_told_to_nobody() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        three_ring(bench)
        caller, _ = bench.call("600")
        one, two, _ = bench.made[1:]
        one.sip_status = 486
        one.gone(Cause.USER_BUSY)
        await settle()
        bench.exchange.leg_answered(two)
        caller.gone()
        await settle()
        assert caller.far_status == 0
        assert bench.records.ended[0][1].failures == {one.leg_id: 486}

    run(main())


def test_a_telephone_that_sends_a_call_on_has_the_other_number_rung_by_the_callers_rights() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        caller, first = bench.call("201")
        way = Journey(30, (Diversion("201", "unconditional"),))
        assert bench.exchange.leg_diverted(first, "102", way)
        line = bench.made[-1]
        assert line.request == CallRequest("17", Party("fxs1"), Party("102", "User 102"), 69, way)
        first.gone(Cause.SUBSCRIBER_ABSENT)
        await settle()
        bench.exchange.leg_ringing(line)
        bench.exchange.leg_answered(line)
        assert caller.commands == ["proceed", "ringing", "accept"]
        assert not bench.exchange.leg_diverted(line, "102", way), "it was answered"
        assert not bench.exchange.leg_diverted(first, "102", way), "it is gone"
        caller.gone()
        await settle()
        stranger = bench.leg("sip:x/9")
        stranger.may_call_lines = False
        _, second = bench.call("201", stranger)
        for nowhere in ("102", "203", "999"):
            assert not bench.exchange.leg_diverted(second, nowhere, way)
        stranger.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


def test_a_telephone_of_a_group_that_sends_calls_on_to_the_group_rings_it_once() -> None:
    async def main() -> None:
        bench = ExchangeBench()
        bench.routes.add(RingGroup("600", "Sales", ("102", "201")))
        caller, second = bench.call("600")
        rung = len(bench.made)
        assert not bench.exchange.leg_diverted(second, "600", Journey())
        assert len(bench.made) == rung
        assert bench.exchange.leg_diverted(second, "102", Journey())
        assert not bench.exchange.leg_diverted(bench.made[-1], "102", Journey())
        caller.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())
