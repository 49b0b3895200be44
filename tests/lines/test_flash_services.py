"""What R, a digit and the hook do to a telephone with two calls: what it hears, what the exchange is told.

A second call that comes meanwhile: `test_call_waiting.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from drivers.ports import PortFailed
from firmware.lines.line_options import ServiceRules
from firmware.lines.send_profile import SENDS_LITTLE
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.lines.flash_bench import CODES, HOOK, Telephone
from tests.lines.line_bench import settle


def test_r_in_a_call_holds_it_and_gives_recall_dial_tone() -> None:
    async def main() -> None:
        phone = Telephone()
        held = await phone.talks()
        phone.flash()
        assert (phone.state, phone.slot.tone, phone.slot.listening) == ("dialling", "recall", True)
        assert held.endpoint == 0 and phone.line.status()["other"] == "held"
        phone.dial("102")
        assert await phone.news() == [("held", True), ("arrived", "102")]
        beside = phone.notes.arrived[-1]
        assert (beside.endpoint, beside.beside) == (1, held)

    run(main())


@pytest.mark.parametrize("dialled", ["", "1", "102"])
def test_r_again_before_the_answer_returns_to_the_held_party(dialled: str) -> None:
    async def main() -> None:
        phone = Telephone()
        held = await phone.talks()
        phone.flash()
        phone.dial(dialled)
        await phone.news()
        phone.flash()
        told = await phone.news()
        assert told[-1] == ("held", False)
        assert (("released", Cause.NORMAL_CLEARING) in told) == (dialled == "102")
        assert (phone.state, phone.slot.tone, held.endpoint) == ("talking", "", 1)
        assert phone.line.status()["other"] == ""

    run(main())


def test_a_consultation_that_fails_returns_by_itself_after_its_tone() -> None:
    async def main() -> None:
        phone = Telephone()
        _, beside = await phone.consults(answered=False)
        beside.release(Cause.USER_BUSY)
        assert (phone.state, phone.slot.tone) == ("busy", "busy")
        await asyncio.sleep(4.9)
        assert phone.state == "busy"
        await asyncio.sleep(0.2)
        assert (phone.state, phone.slot.tone) == ("talking", "")
        assert await phone.news() == [("released", Cause.USER_BUSY), ("held", False)]

    run(main())


def test_nothing_dialled_after_r_returns_too() -> None:
    async def main() -> None:
        phone = Telephone()
        await phone.talks()
        phone.flash()
        await asyncio.sleep(15.1)
        assert phone.state == "congestion"
        await asyncio.sleep(5)
        assert phone.state == "talking"

    run(main())


@pytest.mark.parametrize(
    ("digit", "told", "other"),
    [
        ("0", [("released", Cause.NORMAL_CLEARING), ("held", False)], ""),
        ("1", [("released", Cause.NORMAL_CLEARING), ("held", False)], ""),
        ("2", [("held", False)], "held"),
        ("3", [("held", False), ("conference", "fxs1/2", "fxs1/1", True)], "three-way"),
        ("4", [("transferred", "fxs1/1", "fxs1/2")], ""),
        ("7", [("held", False)], "held"),
        ("#", [("held", False)], "held"),
    ],
)
def test_r_and_a_digit_between_two_calls(digit: str, told: list[object], other: str) -> None:
    async def main() -> None:
        phone = Telephone(rules=CODES)
        held, beside = await phone.consults()
        phone.flash()
        assert (phone.state, phone.slot.tone) == ("ordering", "recall")
        assert await phone.news() == [("held", True)]
        phone.dial(digit)
        assert phone.state == ("busy" if digit == "4" else "talking")
        assert await phone.news() == told
        assert phone.line.status()["other"] == other
        busy_with = {"0": beside, "1": held, "2": held, "4": None}.get(digit, beside)
        assert [leg.endpoint for leg in (held, beside)] == [int(leg is busy_with) for leg in (held, beside)]

    run(main())


def test_r_without_a_digit_goes_on() -> None:
    async def main() -> None:
        phone = Telephone(rules=CODES)
        await phone.consults()
        phone.flash()
        await asyncio.sleep(4.1)
        assert phone.state == "talking"
        phone.flash()
        phone.flash()
        assert phone.state == "talking"
        assert await phone.news() == [("held", True), ("held", False)] * 2

    run(main())


def test_with_the_hook_alone_r_joins_all_three_and_then_drops_the_last() -> None:
    async def main() -> None:
        phone = Telephone("us", HOOK)
        held, beside = await phone.consults()
        phone.flash()
        assert await phone.news() == [("conference", "fxs1/2", "fxs1/1", True)]
        assert (phone.state, beside.endpoint) == ("talking", 1)
        phone.flash()
        assert await phone.news() == [("released", Cause.NORMAL_CLEARING), ("held", False)]
        assert (phone.state, held.endpoint, phone.line.status()["other"]) == ("talking", 1, "")

    run(main())


def test_of_three_either_may_go_and_the_telephone_talks_on_without_a_tone() -> None:
    async def main() -> None:
        for goes in (0, 1):
            phone = Telephone("us", HOOK)
            legs = await phone.consults()
            phone.flash()
            await phone.news()
            legs[goes].release(Cause.NORMAL_CLEARING)
            assert (phone.state, phone.slot.tone, phone.line.leg) == ("talking", "", legs[1 - goes])
            assert legs[1 - goes].endpoint == 1 and phone.line.status()["other"] == ""
            assert (("held", False) in await phone.news()) == (goes == 1)
            legs[1 - goes].release(Cause.NORMAL_CLEARING)
            assert phone.state == "busy"

    run(main())


def test_three_part_again_with_r2() -> None:
    async def main() -> None:
        phone = Telephone(rules=CODES)
        held, beside = await phone.consults()
        phone.flash()
        phone.dial("3")
        await phone.news()
        phone.flash()
        phone.dial("2")
        assert await phone.news() == [("held", True), ("conference", "fxs1/2", "fxs1/1", False), ("held", False)]
        assert (phone.line.status()["other"], held.endpoint, beside.endpoint) == ("held", 0, 1)

    run(main())


@pytest.mark.parametrize(
    ("rules", "state", "told"),
    [
        (CODES, "idle", [("transferred", "fxs1/1", "fxs1/2")]),
        (ServiceRules("codes", transfer=False), "ringing", [("released", Cause.NORMAL_CLEARING), ("ringing",)]),
    ],
)
@pytest.mark.parametrize("answered", [True, False])
def test_hanging_up_between_two_calls(rules: ServiceRules, state: str, told: list[object], answered: bool) -> None:
    async def main() -> None:
        phone = Telephone(rules=rules)
        held, _ = await phone.consults(answered=answered)
        phone.hang_up()
        assert (phone.state, phone.slot.tone) == (state, "")
        told_now = await phone.news()
        assert sorted(told_now) == sorted(told)
        if state == "ringing":
            phone.lift(ring_trip=True)
            assert (phone.state, held.endpoint) == ("talking", 1)
            assert await phone.news() == [("held", False)]

    run(main())


def test_a_transfer_dialled_a_moment_before_the_handset_is_down() -> None:
    async def main() -> None:
        phone = Telephone(rules=CODES)
        await phone.talks()
        phone.flash()
        phone.dial("102")
        phone.hang_up()
        assert await phone.news() == [("held", True), ("arrived", "102"), ("transferred", "fxs1/1", "fxs1/2")]

    run(main())


@pytest.mark.parametrize("dialled", ["", "10"])
def test_hanging_up_with_somebody_held_rings_back(dialled: str) -> None:
    async def main() -> None:
        phone = Telephone()
        held = await phone.talks()
        phone.flash()
        phone.dial(dialled)
        phone.hang_up()
        assert phone.state == "ringing" and phone.port.commands[-1][0] == "ring"
        await asyncio.sleep(29)
        assert phone.state == "ringing"
        phone.lift(ring_trip=True)
        assert (phone.state, held.endpoint) == ("talking", 1)
        assert await phone.news() == [("held", True), ("ringing",), ("held", False)]
        await asyncio.sleep(60)
        assert phone.state == "talking"

    run(main())


def test_nobody_comes_to_a_recall() -> None:
    async def main() -> None:
        phone = Telephone()
        await phone.talks()
        phone.flash()
        phone.hang_up()
        await asyncio.sleep(30.1)
        assert (phone.state, phone.line.leg) == ("idle", None)
        assert phone.port.commands[-1] == ("stop_ring",)
        assert (await phone.news())[-1] == ("released", Cause.NO_ANSWER)

    run(main())


def test_a_held_party_that_presses_keys_is_not_heard_in_the_other_call() -> None:
    async def main() -> None:
        phone = Telephone()
        held, beside = await phone.consults()
        held.send_digit("5")
        assert phone.slot.digits == []
        beside.send_digit("6", 120)
        assert phone.slot.digits == [("6", 120)]

    run(main())


def test_going_back_to_a_party_is_not_signalled_as_an_answer_nor_a_failed_consultation_as_the_end() -> None:
    async def main() -> None:
        sends = replace(SENDS_LITTLE, answer_reversal=True, disconnect_ms=600)
        phone = Telephone(sends=sends)
        await phone.rung()
        phone.lift(ring_trip=True)  # a call that came: its line is not reversed
        phone.port.commands.clear()
        for fails in (False, True):
            phone.flash()
            phone.dial("102")
            await settle()
            phone.notes.arrived[-1].show_ringing()
            if fails:
                phone.notes.arrived[-1].release(Cause.USER_BUSY)
            phone.flash()
            assert phone.state == "talking"
        assert phone.port.commands == []

    run(main())


def test_the_held_party_goes_while_another_number_is_dialled() -> None:
    async def main() -> None:
        phone = Telephone()
        held = await phone.talks()
        phone.flash()
        phone.dial("1")
        held.release(Cause.NORMAL_CLEARING)
        assert (phone.state, phone.line.status()["other"]) == ("collecting", "")
        phone.dial("02")
        await settle()
        assert phone.state == "calling"
        phone.hang_up()
        assert phone.state == "idle"

    run(main())


def test_the_held_party_goes_while_r_waits_for_its_digit() -> None:
    async def main() -> None:
        phone = Telephone(rules=CODES)
        held, beside = await phone.consults()
        phone.flash()
        held.release(Cause.NORMAL_CLEARING)
        assert (phone.state, phone.slot.tone, beside.endpoint) == ("talking", "", 1)

    run(main())


def test_a_port_that_fails_ends_both_calls() -> None:
    async def main() -> None:
        for waits in (True, False):
            phone = Telephone()
            legs = await (phone.waited() if waits else phone.consults())
            phone.line.port_event(PortFailed("fxs1", 0.0, "broken by the test"))
            assert await phone.news() == [("released", Cause.DESTINATION_OUT_OF_ORDER)] * 2
            assert all(leg.endpoint == 0 for leg in legs)
            assert phone.line.leg is None and phone.line.status()["other"] == ""

    run(main())
