"""Two calls of one telephone: the exchange brings their far ends together, for good or as a conference of three."""

from __future__ import annotations

import asyncio

from firmware.telephony.cause import Cause
from firmware.telephony.leg import Destination, Party
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle

SLOT = 50
"""The endpoint of the telephone fxs1, of whichever of its legs is not on hold."""


class TwoCalls:
    """fxs1 talks with 201, holds it, and calls line 102. `held` and `beside` are its legs."""

    def __init__(self) -> None:
        self.bench = ExchangeBench()
        self.exchange, self.media = self.bench.exchange, self.bench.media
        self.held = self._leg("fxs1/1")
        _, self.first = self.bench.call("201", self.held)
        self.exchange.leg_answered(self.first)
        self.held.endpoint = 0
        self.exchange.leg_held(self.held, True)
        self.beside = self._leg("fxs1/2")
        self.beside.beside = self.held
        _, self.second = self.bench.call("102", self.beside)

    def _leg(self, name: str) -> ScriptedLeg:
        leg = self.bench.leg(name)
        leg.endpoint = SLOT
        return leg

    def answer(self) -> None:
        self.exchange.leg_answered(self.second)

    def record(self, number: str) -> dict[str, object]:
        """Cause, who hung up, ms talked and services of a call that is over."""
        end = dict(self.bench.records.ended)[number]
        return {"cause": end.cause, "hung_up_by": end.hung_up_by, "talk_ms": end.talk_ms, **end.services}


def test_who_is_held_by_a_telephone_hears_a_tone_and_the_telephone_hears_whom_it_calls() -> None:
    async def main() -> None:
        two = TwoCalls()
        assert two.media.tones == {two.first.endpoint: "hold"} and not two.media.joined
        two.answer()
        assert two.media.joined == [(SLOT, two.second.endpoint)]
        held, beside = two.exchange.status()
        assert (held["held_by"], beside["held_by"]) == (["fxs1/1"], [])
        await asyncio.sleep(3)
        two.second.gone()
        await settle()
        two.held.endpoint = SLOT
        two.exchange.leg_held(two.held, False)
        assert two.media.joined == [(SLOT, two.first.endpoint)] and not two.media.tones
        await asyncio.sleep(7)
        two.first.gone()
        await settle()
        assert two.bench.leaves_nothing()
        assert two.record("18") == {"cause": 16, "hung_up_by": "fxs2", "talk_ms": 3000, "beside": "17"}
        assert two.record("17") == {"cause": 16, "hung_up_by": "sip:201", "talk_ms": 10000, "held_ms": 3000}

    run(main())


def test_an_attended_transfer_makes_one_call_of_two() -> None:
    async def main() -> None:
        two = TwoCalls()
        await asyncio.sleep(2)
        two.answer()
        await asyncio.sleep(5)
        two.exchange.leg_transferred(two.held, two.beside)
        await settle()
        assert two.held.over and two.beside.over and not (two.first.over or two.second.over)
        assert two.media.joined == [(two.first.endpoint, two.second.endpoint)] and not two.media.tones
        (status,) = two.exchange.status()
        assert (status["id"], status["from"], status["to"], status["state"]) == ("19", "201", "fxs2", "talking")
        await asyncio.sleep(9)
        two.first.gone()
        await settle()
        assert two.second.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        assert two.bench.leaves_nothing()
        assert two.record("17") == {"cause": 16, "hung_up_by": "fxs1", "talk_ms": 7000, "held_ms": 7000, "became": "19"}
        assert two.record("18") == {"cause": 16, "hung_up_by": "fxs1", "talk_ms": 5000, "beside": "17", "became": "19"}
        expected = {"cause": 16, "hung_up_by": "sip:201", "talk_ms": 9000}
        assert two.record("19") == {**expected, "transfer_of": ["17", "18"], "by": "fxs1"}

    run(main())


def test_a_transfer_while_it_rings_gives_the_held_party_ringback_until_the_answer() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.exchange.leg_transferred(two.held, two.beside)
        assert two.media.tones == {two.first.endpoint: "ringback"}
        assert two.exchange.status()[0]["state"] == "trying"
        two.exchange.leg_ringing(two.second)
        assert two.exchange.status()[0]["state"] == "ringing"
        two.answer()
        assert not two.media.tones and two.media.joined == [(two.first.endpoint, two.second.endpoint)]
        assert two.first.commands == ["place"], "it is connected already"
        two.second.gone()
        await settle()
        assert two.bench.leaves_nothing()

    run(main())


def test_a_transferred_call_that_nobody_takes_rings_back_and_then_ends() -> None:
    async def main() -> None:
        two = TwoCalls()
        back: list[ScriptedLeg] = []

        def at_fxs1() -> ScriptedLeg:
            back.append(two.bench.leg("fxs1/3"))
            return back[-1]

        two.bench.extend("fxs1", at_fxs1, is_line=True)
        two.exchange.leg_ringing(two.second)
        two.exchange.leg_transferred(two.held, two.beside)
        await asyncio.sleep(59.9)
        assert not back
        await asyncio.sleep(0.2)
        assert two.second.commands[-1] == ("release", Cause.NO_ANSWER, False)
        assert back[0].request is not None and back[0].request.caller == two.first.party
        assert two.media.tones == {two.first.endpoint: "ringback"}
        await asyncio.sleep(60)
        assert back[0].over and two.first.commands[-1] == ("release", Cause.NO_ANSWER, False)
        assert two.bench.leaves_nothing() and len(back) == 1

    run(main())


def test_a_transferred_call_that_is_refused_rings_back_at_once() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.bench.extend("fxs1", lambda: two.bench.leg("fxs1/3"), is_line=True)
        two.exchange.leg_transferred(two.held, two.beside)
        two.second.gone(Cause.USER_BUSY)
        await settle()
        again = two.bench.made[-1]
        assert again.leg_id == "fxs1/3" and again.commands == ["place"]
        two.exchange.leg_answered(again)
        assert two.media.joined == [(two.first.endpoint, again.endpoint)]
        again.gone()
        await settle()
        assert two.bench.leaves_nothing()

    run(main())


def test_a_transfer_whose_far_end_has_just_gone_ends_everything() -> None:
    async def main() -> None:
        for gone in ("first", "second"):
            two = TwoCalls()
            two.answer()
            leg: ScriptedLeg = getattr(two, gone)
            leg.over = True
            two.exchange.leg_released(leg, Cause.NORMAL_CLEARING)
            two.exchange.leg_transferred(two.held, two.beside)
            await settle()
            assert two.first.over and two.second.over and two.bench.leaves_nothing()

    run(main())


def test_a_group_that_rings_goes_on_ringing_for_the_held_party() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.second.gone(Cause.USER_BUSY)
        await settle()
        route = two.bench.routes.find

        def find(number: str, caller: object) -> Destination:
            if number != "600":
                return route(number, caller)  # type: ignore[arg-type]
            return Destination([two.bench.leg(f"sip:20{n}/1") for n in (1, 2)], Party("600"))

        two.bench.routes.find = find  # type: ignore[method-assign]
        consult = two._leg("fxs1/3")
        two.bench.call("600", consult)
        one, other = two.bench.made[-2:]
        two.exchange.leg_transferred(two.held, consult)
        one.gone(Cause.USER_BUSY)
        await settle()
        two.exchange.leg_answered(other)
        assert two.media.joined == [(two.first.endpoint, other.endpoint)]
        other.gone()
        await settle()
        assert two.first.over and two.bench.leaves_nothing()

    run(main())


def test_who_held_the_line_when_it_was_transferred_holds_still() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.answer()
        two.exchange.leg_held(two.first, True)
        two.exchange.leg_transferred(two.held, two.beside)
        assert two.exchange.status()[0]["held_by"] == [two.first.leg_id]
        two.exchange.leg_held(two.first, False)
        two.second.gone()
        await settle()
        assert two.bench.leaves_nothing()

    run(main())


def test_three_talk_and_when_one_goes_two_go_on() -> None:
    async def main() -> None:
        for gone in ("first", "second"):
            two = TwoCalls()
            two.answer()
            two.exchange.leg_conference(two.held, two.beside, True)
            (mixer,) = {mixer for _, mixer in two.media.joined}
            expected = {(end, mixer) for end in (SLOT, two.first.endpoint, two.second.endpoint)}
            assert set(two.media.joined) == expected and two.media.mixers == 1 and not two.media.tones
            assert [call["three_way"] for call in two.exchange.status()] == ["18", "17"]
            await asyncio.sleep(4)
            leaver: ScriptedLeg = getattr(two, gone)
            leaver.gone()
            await settle()
            if gone == "second":  # the telephone goes on with the one it held
                two.held.endpoint = SLOT
                two.exchange.leg_held(two.held, False)
            stays = two.first if gone == "second" else two.second
            assert two.media.joined in ([(SLOT, stays.endpoint)], [(stays.endpoint, SLOT)])
            assert not two.media.mixers
            stays.gone()
            await settle()
            assert two.bench.leaves_nothing()
            three = {"three_way_ms": 4000}
            assert two.record("17").items() >= {**three, "three_way_with": "18"}.items()
            assert two.record("18").items() >= {**three, "three_way_with": "17"}.items()

    run(main())


def test_a_conference_comes_apart_into_one_talking_and_one_held() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.answer()
        two.exchange.leg_conference(two.held, two.beside, True)
        two.exchange.leg_conference(two.held, two.beside, True)  # again: nothing more happens
        two.exchange.leg_conference(two.held, two.beside, False)
        assert two.media.joined == [(SLOT, two.second.endpoint)]
        assert two.media.tones == {two.first.endpoint: "hold"} and not two.media.mixers
        two.exchange.leg_conference(two.held, two.beside, True)
        two.exchange.leg_transferred(two.held, two.beside)
        assert two.media.joined == [(two.first.endpoint, two.second.endpoint)] and not two.media.mixers
        two.exchange.release_all()
        await settle()
        assert two.bench.leaves_nothing()

    run(main())


def test_no_conference_with_somebody_who_only_rings_or_is_unknown() -> None:
    async def main() -> None:
        two = TwoCalls()
        two.exchange.leg_conference(two.held, two.beside, True)
        two.exchange.leg_conference(two.held, two.bench.leg("fxs9/1"), True)
        two.exchange.leg_conference(two.bench.leg("fxs9/2"), two.held, False)
        assert not two.media.mixers
        two.exchange.leg_transferred(two.bench.leg("fxs9/3"), two.bench.leg("fxs9/4"))
        two.exchange.release_all()
        await settle()
        assert two.bench.leaves_nothing()

    run(main())
