"""A second call for a telephone that talks: its tone in the country's cadence, and what R and the hook do then."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from firmware.lines.line_options import ServiceRules
from firmware.lines.waiting_tone import bursts
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.countries import country_names, load_country
from tests.fake_time import run
from tests.lines.flash_bench import CODES, HOOK, Telephone


def test_a_second_call_is_told_in_the_countrys_cadence() -> None:
    async def main() -> None:
        phone = Telephone("es")
        played: list[float] = []
        loop = asyncio.get_running_loop()

        def note(tone: Tone) -> None:
            if tone.name == "call_waiting":
                played.append(loop.time())

        phone.slot.play_tone = note  # type: ignore[method-assign]
        _, waiting = await phone.waited()
        assert waiting.endpoint == 0 and phone.line.status()["other"] == "waiting"
        await asyncio.sleep(9)
        assert [b - a for a, b in itertools.pairwise(played)] == pytest.approx([4.025, 4.025])
        assert phone.line.make_leg() is Cause.USER_BUSY, "a third call"
        waiting.release(Cause.NO_ANSWER)
        count = len(played)
        await asyncio.sleep(20)
        assert len(played) == count and phone.line.status()["other"] == ""

    run(main())


@pytest.mark.parametrize("country", country_names())
def test_every_countrys_waiting_tone_leaves_room_to_talk(country: str) -> None:
    """Judged by the table: the sounding segments are all there, in order, and bursts are apart."""
    tone = load_country(country).tone("call_waiting")
    found, repeats = bursts(tone)
    sounding = [(s.hz, s.ms) for s in tone.segments if s.hz]
    assert [(s.hz, s.ms) for burst in found for s in burst.tone.segments if s.hz] == sounding
    assert all(s.once for burst in found for s in burst.tone.segments), "each ends by itself"
    for burst in found:
        sounds_ms = sum(segment.ms or 0 for segment in burst.tone.segments)
        assert burst.next_s is None or burst.next_s * 1000 - sounds_ms >= 1000
    assert repeats == (country not in {"de", "dk", "pa"})
    period_ms = sum(segment.ms or 0 for segment in tone.segments)
    if repeats and country not in {"mo", "za"}:  # their tables leave no pause to talk in
        assert sum(burst.next_s or 0 for burst in found) * 1000 == pytest.approx(period_ms)


def test_a_waiting_tone_that_does_not_repeat_ends() -> None:
    assert bursts(Tone("x", load_country("dk").tone("call_waiting").segments))[0][-1].next_s is None


@pytest.mark.parametrize(
    ("rules", "digit", "told", "other"),
    [
        (HOOK, "", [("held", True), ("answered",)], "held"),
        (CODES, "2", [("held", True), ("answered",)], "held"),
        (CODES, "1", [("held", True), ("released", Cause.NORMAL_CLEARING), ("answered",)], ""),
        (CODES, "0", [("held", True), ("released", Cause.USER_BUSY), ("held", False)], ""),
        (CODES, "3", [("held", True), ("answered",), ("conference", "fxs1/2", "fxs1/1", True)], "three-way"),
    ],
)
def test_r_with_a_call_waiting(rules: ServiceRules, digit: str, told: list[object], other: str) -> None:
    async def main() -> None:
        phone = Telephone(rules=rules)
        leg, waiting = await phone.waited()
        phone.flash()
        phone.dial(digit)
        assert await phone.news() == told
        assert (phone.state, phone.line.status()["other"]) == ("talking", other)
        assert (leg.endpoint, waiting.endpoint) == ((1, 0) if digit == "0" else (0, 1))

    run(main())


def test_two_callers_are_swapped_and_never_left_to_each_other_by_hanging_up() -> None:
    async def main() -> None:
        phone = Telephone("us", HOOK)
        first, second = await phone.waited()
        phone.flash()
        await phone.news()
        phone.flash()
        assert await phone.news() == [("held", True), ("held", False)]
        assert (first.endpoint, second.endpoint) == (1, 0)
        phone.hang_up()
        assert phone.state == "ringing"
        assert await phone.news() == [("released", Cause.NORMAL_CLEARING), ("ringing",)]
        phone.lift(ring_trip=True)
        assert await phone.news() == [("held", False)] and second.endpoint == 1

    run(main())


def test_hanging_up_with_a_call_waiting_rings_for_it() -> None:
    async def main() -> None:
        phone = Telephone()
        _, waiting = await phone.waited()
        phone.hang_up()
        assert phone.state == "ringing"
        assert await phone.news() == [("released", Cause.NORMAL_CLEARING), ("ringing",)]
        phone.lift(ring_trip=True)
        assert await phone.news() == [("answered",)] and waiting.endpoint == 1

    run(main())


def test_when_the_present_party_goes_r_takes_the_call_that_waits() -> None:
    async def main() -> None:
        for rules in (CODES, HOOK):
            phone = Telephone(rules=rules)
            leg, waiting = await phone.waited()
            leg.release(Cause.NORMAL_CLEARING)
            assert phone.state == "busy"
            await asyncio.sleep(31)
            assert phone.state == "howler", "who only waits shortens no tone"
            phone.flash()
            assert (phone.state, phone.slot.tone, waiting.endpoint) == ("talking", "", 1)

    run(main())


def test_no_call_waits_where_the_rules_say_no_or_nobody_talks_yet() -> None:
    async def main() -> None:
        phone = Telephone(rules=ServiceRules(may_wait=lambda: False))
        await phone.talks()
        assert phone.line.make_leg() is Cause.USER_BUSY
        without_flash = Telephone(rules=ServiceRules(habit="off"))
        await without_flash.talks()
        assert without_flash.line.make_leg() is Cause.USER_BUSY, "nobody could turn to it"
        calling = Telephone()
        await calling.call_out("102")
        assert calling.line.make_leg() is Cause.USER_BUSY
        consulting = Telephone()
        await consulting.consults()
        assert consulting.line.make_leg() is Cause.USER_BUSY

    run(main())
