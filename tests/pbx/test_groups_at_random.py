"""A group's call in which everybody does what he can at any moment, drawn by seed: the first who answers has it."""

from __future__ import annotations

import os
import random

import pytest

from firmware.pbx.routes import RingGroup
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle

BATCHES = 500 if os.environ.get("TIPRING_SOAK") else 10
CALLS = 40
CAUSES = (Cause.USER_BUSY, Cause.CALL_REJECTED, Cause.SUBSCRIBER_ABSENT, Cause.NORMAL_CLEARING)


def act(bench: ExchangeBench, leg: ScriptedLeg, what: str, dice: random.Random) -> None:
    """`leg` does one thing."""
    if what == "gone":
        leg.gone(dice.choice(CAUSES))
    elif what == "hold":
        bench.exchange.leg_held(leg, dice.random() < 0.5)
    elif what == "digit":
        bench.exchange.leg_signalled(leg, "5", 100)
    elif leg is not bench.made[0]:
        getattr(bench.exchange, f"leg_{what}")(leg)


def released(leg: ScriptedLeg) -> list[tuple[str, Cause, bool]]:
    return [command for command in leg.commands if isinstance(command, tuple) and command[0] == "release"]


async def one_call(dice: random.Random) -> bool:
    """Whether somebody answered it."""
    bench = ExchangeBench()
    members = [str(300 + n) for n in range(dice.randrange(1, 6))]
    for place, number in enumerate(members):
        busy = dice.random() < 0.2
        bench.extend(number, lambda place=place, busy=busy: Cause.USER_BUSY if busy else bench.leg(f"sip:3{place}/1"))
    bench.routes.add(RingGroup("600", "All", tuple(members), dice.choice((None, 5.0))))
    caller, _ = bench.call("600")
    called = bench.made[1:]
    first: ScriptedLeg | None = None
    for _ in range(dice.randrange(1, 25)):
        leg, what = dice.choice(bench.made), dice.choice(("ringing", "progress", "answered", "gone", "digit", "hold"))
        if leg.over and not (released(leg) and what == "answered"):
            continue  # what we have released may still have answered in the same moment
        if what == "answered" and first is None and not caller.over and leg is not caller:
            first = leg if not leg.over else None
            rivals = [other for other in called if other is not leg and not other.over]
        act(bench, leg, what, dice)
        if leg is first and what == "answered":
            assert all(released(other) == [("release", Cause.ANSWERED_ELSEWHERE, True)] for other in rivals)
        assert len(bench.media.joined) <= 1
        if what == "gone" or dice.random() < 0.3:
            await settle()
    assert caller.commands.count("accept") == (first is not None)
    assert first is None or caller.over or first.over or bench.media.joined == [(caller.endpoint, first.endpoint)]
    if not caller.over:
        caller.gone()
    await settle()
    assert all(leg.over and len(released(leg)) <= 1 for leg in called) and bench.leaves_nothing()
    assert len(bench.records.ended) == 1
    return first is not None


@pytest.mark.parametrize("seed", range(BATCHES))
def test_at_most_one_talks_and_nothing_is_left(seed: int) -> None:
    dice = random.Random(seed)

    async def main() -> None:
        answered = [await one_call(dice) for _ in range(CALLS)]
        assert CALLS // 5 < sum(answered) < CALLS * 4 // 5

    run(main())
