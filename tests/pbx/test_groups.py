"""Ring groups: who rings for one, and what the caller hears when nobody does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from firmware.pbx.routes import Extension, RingGroup
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party
from firmware.telephony.number import Match
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle


def house(*members: str, ring_s: float | None = None) -> ExchangeBench:
    """Group 600 of `members`: 101 and 102 are lines, 103 a busy one, 201 and 202 SIP users, 203 not registered."""
    bench = ExchangeBench()
    bench.extend("101", lambda: bench.leg("fxs1/9"), is_line=True)
    bench.extend("103", lambda: Cause.USER_BUSY, is_line=True)
    bench.extend("202", lambda: bench.leg("sip:202/1"))
    bench.routes.add(RingGroup("600", "Sales", members, ring_s))
    return bench


def names(bench: ExchangeBench, number: str = "600", **caller: Any) -> tuple[list[str], Cause | None]:
    leg = bench.leg("fxs7/1")
    for key, value in caller.items():
        setattr(leg, key, value)
    found = bench.routes.find(number, leg)
    return [leg.leg_id.split("/")[0] for leg in found.legs], found.cause


def test_all_who_are_free_ring_and_the_group_is_the_party() -> None:
    bench = house("101", "102", "103", "201", "203")
    assert names(bench) == (["fxs1", "fxs2", "sip:201"], None)
    assert bench.routes.find("600", bench.leg("fxs7/2")).party == Party("600", "Sales")
    assert bench.routes.match("60") == Match(False, True) and bench.routes.match("600") == Match(True, False)


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        (("103",), Cause.USER_BUSY),
        (("203", "103"), Cause.USER_BUSY),
        (("203",), Cause.SUBSCRIBER_ABSENT),
    ],
)
def test_nobody_is_free(members: tuple[str, ...], cause: Cause) -> None:
    assert names(house(*members)) == ([], cause)


def test_a_stranger_rings_no_line_through_a_group() -> None:
    assert names(house("101", "201"), may_call_lines=False) == (["sip:201"], None)
    assert names(house("101", "102"), may_call_lines=False) == ([], Cause.BEARER_NOT_AUTHORISED)


def rung_by(bench: ExchangeBench, caller: ScriptedLeg) -> list[str]:
    """Who rings when `caller` calls the group."""
    before = len(bench.made)
    bench.call("600", caller)
    return [leg.leg_id.split("/")[0] for leg in bench.made[before:]]


def test_who_calls_his_own_group_does_not_ring_himself() -> None:
    async def main() -> None:
        bench = house("201", "202")
        assert rung_by(bench, bench.leg("sip:201/7")) == ["sip:202"]
        alone = house("201")
        caller = alone.leg("sip:201/7")
        assert rung_by(alone, caller) == [] and caller.commands[-1] == ("release", Cause.USER_BUSY, False)
        # whoever says so without a password keeps nobody from being rung
        stranger = (other := house("201", "202")).leg("sip:201/7")
        stranger.may_call_lines = False
        assert rung_by(other, stranger) == ["sip:201", "sip:202"]
        # nor does an old PBX behind an exchange line, which has a 201 of its own
        outside = (other := house("201", "202")).leg("fxo1/7")
        outside.party, outside.connects_later = Party("201"), True
        assert rung_by(other, outside) == ["sip:201", "sip:202"]

    run(main())


def test_a_user_who_talks_is_left_in_peace_and_one_who_is_only_being_rung_is_not() -> None:
    async def main() -> None:
        bench = house("201", "202")
        _, called = bench.call("201", bench.leg("sip:204/1"))
        bench.exchange.leg_ringing(called)
        assert rung_by(bench, bench.leg("fxs7/1")) == ["sip:201", "sip:202"]
        bench.exchange.leg_answered(called)
        assert rung_by(bench, bench.leg("fxs7/2")) == ["sip:202"]
        called.gone()
        await settle()
        assert rung_by(bench, bench.leg("fxs7/3")) == ["sip:201", "sip:202"]

    run(main())


def test_a_group_asks_only_for_free_telephones_where_calls_may_wait() -> None:
    bench = house("104", "101")
    waiting = Extension("104", "Waits", lambda: bench.leg("fxs4/1"), is_line=True, make_free=lambda: Cause.USER_BUSY)
    bench.routes.add(waiting)
    assert names(bench) == (["fxs1"], None)
    assert names(bench, "104") == (["fxs4"], None)


def test_the_first_to_answer_has_the_call_and_the_others_are_told_so() -> None:
    async def main() -> None:
        bench = house("101", "102", "201")
        caller, _ = bench.call("600")
        one, two, three = bench.made[1:]
        assert [leg.request is not None and leg.request.called.number for leg in (one, two, three)] == ["600"] * 3
        assert [leg.request.journey.breadth for leg in (one, two, three) if leg.request] == [20, 20, 20]
        bench.exchange.leg_ringing(two)
        bench.exchange.leg_answered(two)
        assert one.commands[-1] == three.commands[-1] == ("release", Cause.ANSWERED_ELSEWHERE, True)
        assert bench.media.joined == [(caller.endpoint, two.endpoint)]
        await settle()
        caller.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


def test_all_refuse_one_after_the_other() -> None:
    async def main() -> None:
        bench = house("201", "202")
        caller, _ = bench.call("600")
        one, two = bench.made[1:]
        one.gone(Cause.USER_BUSY)
        await settle()
        assert not caller.over
        two.gone(Cause.SUBSCRIBER_ABSENT)
        await settle()
        assert caller.commands[-1] == ("release", Cause.USER_BUSY, False)
        assert bench.leaves_nothing()

    run(main())


def test_the_caller_hangs_up_while_they_ring() -> None:
    async def main() -> None:
        bench = house("101", "201")
        caller, _ = bench.call("600")
        one, two = bench.made[1:]
        bench.exchange.leg_ringing(one)
        caller.gone()
        await settle()
        assert one.commands[-1] == two.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        assert bench.leaves_nothing()

    run(main())


def test_a_transfer_to_a_group_that_rings_goes_to_the_first_that_answers() -> None:
    async def main() -> None:
        bench = house("101", "202")
        kept, far = bench.call("201")
        bench.exchange.leg_answered(far)
        bench.exchange.leg_held(kept, True)
        kept.endpoint = 0
        beside, _ = bench.call("600", bench.leg("fxs1/2"))
        one, two = bench.made[-2:]
        bench.exchange.leg_ringing(one)
        bench.exchange.leg_transferred(kept, beside)
        await settle()
        assert bench.media.tones == {far.endpoint: "ringback"} and not (one.over or two.over)
        bench.exchange.leg_answered(two)
        await settle()
        assert one.commands[-1] == ("release", Cause.ANSWERED_ELSEWHERE, True)
        assert bench.media.joined == [(far.endpoint, two.endpoint)]
        far.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


def test_a_fax_goes_to_a_group_of_fax_machines() -> None:
    async def main() -> None:
        bench = house("101", "202")
        caller, voice = bench.call("201")
        bench.exchange.leg_answered(voice)
        bench.exchange.leg_faxed(caller, "600")
        await settle()
        one, two = bench.made[-2:]
        assert voice.over and one.commands == two.commands == ["place"]
        bench.exchange.leg_answered(one)
        assert two.commands[-1] == ("release", Cause.ANSWERED_ELSEWHERE, True)
        assert bench.media.joined == [(caller.endpoint, one.endpoint)]
        caller.gone()
        await settle()
        assert bench.leaves_nothing()

    run(main())


@pytest.mark.parametrize(("ring_s", "longest_s"), [(None, 60.0), (12.0, 12.0)])
def test_they_ring_as_long_as_the_group_says(ring_s: float | None, longest_s: float) -> None:
    async def main() -> None:
        bench = house("101", "201", ring_s=ring_s)
        caller, _ = bench.call("600")
        await asyncio.sleep(longest_s - 0.1)
        assert not caller.over
        await asyncio.sleep(0.2)
        assert caller.commands[-1] == ("release", Cause.NO_ANSWER, False)
        assert bench.leaves_nothing()

    run(main())
