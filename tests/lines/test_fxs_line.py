"""One telephone line on fake time: dialling, ringing, talking, being left off hook, failing."""

from __future__ import annotations

import asyncio

import pytest

from drivers.ports import Feed, PortFailed, PortRecovered, PulseDigitDialled
from firmware.lines.line_options import LineOptions, LineTimers, ServiceRules
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Leg
from tests.fake_time import run
from tests.lines.line_bench import REQUEST, LineBench, settle


def test_lifting_gives_dial_tone_and_the_first_digit_ends_it() -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        assert (bench.slot.tone, bench.slot.listening, bench.state) == ("dial", True, "dialling")
        bench.dial("1")
        assert (bench.slot.tone, bench.state) == ("", "collecting")
        bench.hang_up()
        assert (bench.slot.listening, bench.state) == (False, "idle")
        await asyncio.sleep(100)
        assert bench.notes.told == []

    run(main())


@pytest.mark.parametrize(
    ("digits", "number", "after_s"),
    [
        ("102", "102", 0),  # complete, and nothing longer begins so
        ("20", "20", 4),  # 201 exists too
        ("201", "201", 0),
        ("20#", "20", 0),
        ("999", "999", 4),
        ("9*#", "9*", 0),
        ("*21*600#", "*21*600#", 4),  # a service code may hold #
        ("1A02", "102", 0),  # the keys A to D belong to no number
        ("1" * 40, "1" * 32, 0),
    ],
)
def test_a_number_is_called_when_it_is_known_to_be_complete(digits: str, number: str, after_s: float) -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        bench.dial(digits)
        if after_s:
            await asyncio.sleep(after_s - 0.1)
            assert not bench.notes.arrived
            await asyncio.sleep(0.2)
        await settle()
        assert bench.notes.told == [("arrived", number)]
        leg = bench.notes.arrived[0]
        assert (leg.leg_id, leg.party.number, leg.endpoint) == ("fxs1/1", "101", 1)
        assert bench.state == "calling"

    run(main())


def test_pulse_digits_dial_as_the_country_counts_them() -> None:
    async def main() -> None:
        for country, counted in (("es", "102"), ("se", "213"), ("nz", "908")):
            bench = LineBench(country)
            bench.lift()
            for pulses in counted:
                bench.line.port_event(PulseDigitDialled("fxs1", 0.0, pulses))
            await settle()
            assert bench.notes.told == [("arrived", "102")], country

    run(main())


def test_ringback_then_talk_then_busy_when_the_other_hangs_up() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.proceed()
        leg.show_ringing()
        assert (bench.slot.tone, bench.state) == ("ringback", "ringback")
        leg.accept()
        assert (bench.slot.tone, bench.state) == ("", "talking")
        leg.release(Cause.NORMAL_CLEARING)
        assert (bench.slot.tone, bench.state) == ("busy", "busy")
        await settle()
        assert bench.notes.told[-1] == ("released", Cause.NORMAL_CLEARING)
        bench.hang_up()
        assert (bench.slot.tone, bench.state) == ("", "idle")
        assert [t[0] for t in bench.notes.told].count("released") == 1

    run(main())


def test_ringback_yields_to_early_media() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.show_ringing()
        leg.show_progress()
        assert bench.slot.tone == "ringback" and bench.slot.yields
        leg.accept()
        assert bench.slot.tone == ""
        assert bench.state == "talking"

    run(main())


@pytest.mark.parametrize(
    ("cause", "tone"),
    [
        (Cause.USER_BUSY, "busy"),
        (Cause.NO_ANSWER, "busy"),
        (Cause.SUBSCRIBER_ABSENT, "congestion"),
        (Cause.DESTINATION_OUT_OF_ORDER, "congestion"),
        (Cause.UNALLOCATED_NUMBER, "sit"),
        (Cause.INVALID_NUMBER_FORMAT, "sit"),
    ],
)
def test_the_telephone_hears_the_tone_of_the_cause(cause: Cause, tone: str) -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.release(cause)
        assert (bench.slot.tone, bench.state) == (tone, "unobtainable" if tone == "sit" else tone)
        await settle()
        assert bench.notes.told[-1] == ("released", cause)

    run(main())


def test_left_off_hook_goes_congestion_howler_low_power_and_recovers() -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        heard = []
        for wait_s in (14.9, 0.2, 29.8, 0.2, 59.8, 0.2):
            await asyncio.sleep(wait_s)
            heard.append(bench.slot.tone)
        assert heard == ["dial", "congestion", "congestion", "howler", "howler", ""]
        assert bench.state == "parked" and bench.port.commands == [("feed", Feed.LOW_POWER)]
        assert bench.line.make_leg() is Cause.USER_BUSY
        bench.hang_up()
        assert bench.state == "idle" and bench.port.commands[-1] == ("feed", Feed.ACTIVE)
        bench.lift()
        assert bench.slot.tone == "dial"

    run(main())


def test_timers_are_settings() -> None:
    async def main() -> None:
        bench = LineBench(timers=LineTimers(3.0, 1.0, 0.5, 5.0, 0.0))
        bench.lift()
        await asyncio.sleep(3.1)
        assert bench.slot.tone == "congestion"
        await asyncio.sleep(5.1)
        assert bench.state == "parked"

    run(main())


def test_a_called_telephone_rings_and_answers_when_lifted() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.rung()
        assert bench.port.commands == [("ring", (1500, 3000))]
        assert (bench.state, bench.line.status()["call"]) == ("ringing", "17")
        assert bench.line.make_leg() is Cause.USER_BUSY
        bench.lift(ring_trip=True)
        await settle()
        assert (bench.state, bench.notes.told) == ("talking", [("ringing",), ("answered",)])
        bench.hang_up()
        await settle()
        assert bench.notes.told[-1] == ("released", Cause.NORMAL_CLEARING)
        assert bench.state == "idle" and bench.line.leg is None
        leg.release(Cause.NORMAL_CLEARING)
        await settle()
        assert [t[0] for t in bench.notes.told].count("released") == 1

    run(main())


def test_ringing_stops_when_the_caller_gives_up() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.rung()
        leg.release(Cause.NORMAL_CLEARING)
        assert (bench.port.commands[-1], bench.state) == (("stop_ring",), "idle")
        assert isinstance(bench.line.make_leg(), Leg)

    run(main())


def test_a_busy_line_gives_no_leg() -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        assert bench.line.make_leg() is Cause.USER_BUSY
        await bench.call_out()
        assert bench.line.make_leg() is Cause.USER_BUSY

    run(main())


def test_a_port_that_will_not_ring_releases_the_leg() -> None:
    async def main() -> None:
        for in_service, cause in ((True, Cause.USER_BUSY), (False, Cause.DESTINATION_OUT_OF_ORDER)):
            bench = LineBench()
            bench.port.refuses = True
            leg = bench.line.make_leg()
            assert isinstance(leg, Leg)
            bench.port.in_service = in_service
            leg.place(REQUEST)
            await settle()
            assert bench.notes.told == [("released", cause)]
            assert bench.line.leg is None

    run(main())


def test_failure_ends_the_call_and_recovery_brings_the_line_back() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.accept()
        bench.port.failure = "the chip does not answer"
        bench.line.port_event(PortFailed("fxs1", 0.0, "the chip does not answer"))
        await settle()
        assert bench.notes.told[-1] == ("released", Cause.DESTINATION_OUT_OF_ORDER)
        status = bench.line.status()
        assert (status["in_service"], status["reason"]) == (False, "the chip does not answer")
        assert bench.line.make_leg() is Cause.DESTINATION_OUT_OF_ORDER
        bench.line.port_event(PortRecovered("fxs1", 0.0))
        assert bench.state == "idle"
        assert isinstance(bench.line.make_leg(), Leg)

    run(main())


def test_a_failing_line_has_no_timer_left() -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        bench.line.port_event(PortFailed("fxs1", 0.0, "dead"))
        await asyncio.sleep(200)
        assert (bench.state, bench.slot.tone) == ("out-of-service", "")

    run(main())


def test_a_telephone_lifted_before_its_port_is_up_gets_dial_tone() -> None:
    async def main() -> None:
        bench = LineBench(in_service=False)
        assert bench.state == "out-of-service"
        bench.lift()
        assert bench.slot.tone == "dial"
        bench.line.port_event(PortRecovered("fxs1", 0.0))
        assert (bench.slot.tone, bench.state) == ("dial", "dialling")

    run(main())


def test_without_flash_services_a_flash_is_told_to_the_exchange_while_there_is_a_call() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(services=ServiceRules(habit="off")))
        leg = await bench.call_out()
        for change, state in ((leg.proceed, "calling"), (leg.show_ringing, "ringback"), (leg.accept, "talking")):
            change()
            bench.notes.told.clear()
            bench.flash()
            await settle()
            assert (bench.state, bench.notes.told) == (state, [("flashed",)])
        leg.release(Cause.NORMAL_CLEARING)
        await settle()
        bench.notes.told.clear()
        bench.flash()
        await settle()
        assert bench.notes.told == []

    run(main())


def test_hanging_up_in_the_instant_of_dialling_leaves_nothing() -> None:
    """The leg is released before it could be announced; the exchange never meets it."""

    async def main() -> None:
        bench = LineBench()
        bench.lift()
        bench.dial("102")
        bench.hang_up()
        await settle()
        assert not bench.notes.arrived
        assert bench.state == "idle" and bench.line.leg is None
        assert (await bench.call_out()).leg_id == "fxs1/2"

    run(main())


def test_digits_in_a_batch_after_a_complete_number_do_not_change_it() -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        bench.dial("1025#")
        await settle()
        assert bench.notes.told == [("arrived", "102")]

    run(main())


def test_the_telephone_hears_a_digit_that_came_beside_the_audio_until_its_leg_is_over() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.send_digit("5", 160)
        leg.release(Cause.NORMAL_CLEARING)
        leg.send_digit("6", 160)
        assert bench.slot.digits == [("5", 160)]

    run(main())
