"""What a line does beyond a plain telephone: codes of a rotary set, hotline, quiet hours, numbers that are known."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time
from typing import Any

import pytest

from drivers.ports import HookFlash, PortFailed, PortRecovered, PulseDigitDialled
from firmware.config.line_settings import FxsLineSettings
from firmware.lines.dialling import DialledNumber, Progress
from firmware.lines.line_options import LineOptions, LineTimers, QuietHours, RotaryCodes, ServiceRules
from firmware.lines.profiles import dial_plan, line_options
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import Leg
from firmware.telephony.number import FixedNumbers
from tests.fake_time import run
from tests.lines.line_bench import LineBench, settle

READY, COMPLETE, PARTIAL = Progress.READY, Progress.COMPLETE, Progress.PARTIAL


def spin(bench: LineBench, digits: str) -> None:
    """Dial by pulses."""
    for digit in digits:
        bench.line.port_event(PulseDigitDialled("fxs1", 0.0, digit))


def test_a_rotary_sets_codes_become_keys_unless_a_number_begins_with_them() -> None:
    number = DialledNumber(FixedNumbers({"101", "*21"}), RotaryCodes("11", "12"))
    assert [number.add(d, by_pulses=True) for d in "1121"] == [PARTIAL, PARTIAL, PARTIAL, READY]
    assert number.digits == "*21"
    number.clear()
    for digit in "1112":
        number.add(digit, by_pulses=False)
    assert number.digits == "1112", "a key pad has the keys themselves"
    number = DialledNumber(FixedNumbers({"112", "*21"}), RotaryCodes("11"))
    assert [number.add(d, by_pulses=True) for d in "112"] == [PARTIAL, PARTIAL, READY]
    assert number.digits == "112"


def test_a_code_that_would_hide_an_emergency_number_is_told_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    settings = FxsLineSettings(number="101", rotary_star="11", rotary_hash="13")
    with caplog.at_level(logging.WARNING):
        line_options(load_country("es"), settings)
    assert [r.getMessage() for r in caplog.records] == [
        "line 101: rotary_star 11 begins the emergency number 112 and is not taken"
    ]


def test_numbers_that_cannot_exist_end_at_once_where_the_map_says_so() -> None:
    plan = dial_plan(load_country("es"), FixedNumbers({"101", "10", "105"}), ["[679]xxxxxxxx"])
    for known, progress in ((True, READY), (False, PARTIAL)):
        number = DialledNumber(plan, numbers_known=known)
        assert number.add("5") is progress
    number = DialledNumber(plan, numbers_known=True)
    assert [number.add(d) for d in "10"] == [PARTIAL, COMPLETE]
    number.clear()
    assert [number.add(d) for d in "112"] == [PARTIAL, PARTIAL, READY]
    number.clear()
    assert [number.add(d) for d in "*9"] == [PARTIAL, PARTIAL], "a service code is no number"


def test_a_complete_number_waits_for_its_own_timer() -> None:
    async def main() -> None:
        bench = LineBench(timers=LineTimers(inter_digit_s=8.0, complete_s=2.0))
        bench.lift()
        bench.dial("20")  # 201 exists too
        await asyncio.sleep(1.9)
        assert not bench.notes.arrived
        await asyncio.sleep(0.2)
        assert bench.notes.told == [("arrived", "20")]
        bench.hang_up()
        await settle()
        bench.lift()
        bench.dial("99")
        await asyncio.sleep(7.9)
        assert len(bench.notes.arrived) == 1
        await asyncio.sleep(0.2)
        assert len(bench.notes.arrived) == 2

    run(main())


def test_pulses_in_a_call_are_told_beside_the_audio_and_tones_are_not() -> None:
    async def main() -> None:
        bench = LineBench()
        leg = await bench.call_out()
        leg.accept()
        bench.notes.told.clear()
        spin(bench, "7")
        bench.dial("8")
        await settle()
        assert bench.notes.told == [("signalled", "7", 100), ("digit", "8")]

    run(main())


def test_the_recall_digit_of_a_rotary_set_is_a_flash_in_a_call_and_a_digit_before() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(rotary=RotaryCodes(recall="1"), services=ServiceRules(habit="off")))
        bench.lift()
        spin(bench, "102")
        await settle()
        assert bench.notes.told == [("arrived", "102")]
        bench.notes.arrived[0].accept()
        bench.notes.told.clear()
        spin(bench, "1")
        spin(bench, "2")
        bench.line.port_event(HookFlash("fxs1", 0.0, 100.0))
        await settle()
        assert bench.notes.told == [("flashed",), ("signalled", "2", 100), ("flashed",)]

    run(main())


def test_a_short_flash_at_dial_tone_is_the_lone_pulse_of_a_slow_dial() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(longest_pulse_ms=96))
        bench.lift()
        bench.flash(88.0)
        spin(bench, "02")
        await settle()
        assert bench.notes.told == [("arrived", "102")]
        bench.notes.arrived[0].accept()
        bench.notes.told.clear()
        bench.flash(88.0)
        await settle()
        assert bench.notes.told == [("held", True)], "in a call it is R"
        bench = LineBench(options=LineOptions(longest_pulse_ms=96))
        bench.lift()
        bench.flash(100.0)
        assert bench.state == "dialling"
        assert line_options(load_country("es"), FxsLineSettings(number="101")).longest_pulse_ms == 96
        assert (
            line_options(load_country("es"), FxsLineSettings(number="101", pulse_dialling=False)).longest_pulse_ms == 0
        )

    run(main())


def test_a_hotline_calls_when_the_telephone_is_lifted() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(hotline="201"))
        bench.lift()
        await settle()
        assert (bench.notes.told, bench.slot.tone, bench.state) == ([("arrived", "201")], "", "calling")
        bench.notes.arrived[0].accept()
        assert (bench.state, bench.slot.listening) == ("talking", True)
        bench.hang_up()
        await settle()
        assert bench.state == "idle"
        bench.line.port_event(PortFailed("fxs1", 0.0, "dead"))
        bench.lift()  # lifted already when its port comes back
        await settle()
        bench.line.port_event(PortRecovered("fxs1", 0.0))
        assert [leg.called.number for leg in bench.notes.arrived] == ["201", "201"]

    run(main())


def test_a_warm_line_waits_for_a_digit_first() -> None:
    async def main() -> None:
        bench = LineBench(options=LineOptions(hotline="201", hotline_s=4.0))
        bench.lift()
        assert bench.slot.tone == "dial"
        await asyncio.sleep(3.9)
        assert not bench.notes.arrived
        await asyncio.sleep(0.2)
        assert bench.notes.told == [("arrived", "201")]
        assert bench.slot.tone == ""
        bench.hang_up()
        await settle()
        bench.lift()
        await asyncio.sleep(2)
        bench.dial("102")
        await asyncio.sleep(20)
        assert [leg.called.number for leg in bench.notes.arrived] == ["201", "102"]

    run(main())


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("22:00-07:30", ["22:00", "23:59", "00:00", "07:29"], ["07:30", "12:00", "21:59"]),
        ("13:00-15:00", ["13:00", "14:59"], ["12:59", "15:00", "00:00"]),
        ("08:00-08:00", [], ["08:00", "20:00"]),
    ],
)
def test_quiet_hours_hold_in_local_time(hours: str, inside: list[str], outside: list[str]) -> None:
    quiet = QuietHours.read(hours)
    for texts, held in ((inside, True), (outside, False)):
        for text in texts:
            assert quiet.hold(datetime.combine(datetime(2026, 11, 27), time.fromisoformat(text)).astimezone()) is held


def test_a_telephone_does_not_ring_in_its_quiet_hours_and_can_still_call() -> None:
    async def main() -> None:
        always = QuietHours(time(0, 0), time(23, 59, 59, 999_999))
        bench = LineBench(options=LineOptions(quiet=always))
        assert bench.line.make_leg() is Cause.USER_BUSY
        assert isinstance(await bench.call_out(), Leg)

    run(main())


def test_a_telephone_left_off_hook_raises_an_alarm_until_it_is_hung_up(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = LineBench()
        bench.lift()
        await asyncio.sleep(45.1)
        assert (bench.state, bench.slot.tone) == ("howler", "howler")
        alarm = bench.line.status()["alarm"]
        assert alarm["en"].startswith("The telephone was left off hook;")
        assert alarm["es"].startswith("El teléfono quedó descolgado;")
        await asyncio.sleep(60)
        assert bench.state == "parked" and bench.line.status()["alarm"] == alarm
        bench.hang_up()
        assert bench.line.status()["alarm"] is None

    with caplog.at_level(logging.INFO):
        run(main())
    told = [r.getMessage().split(".")[0] for r in caplog.records if r.name.endswith("line_alarm")]
    assert told == [
        "fxs1: left off hook",
        "fxs1: at low power until it is hung up",
        "fxs1: hung up at last, serves again",
    ]


def test_a_country_without_howler_goes_from_congestion_to_low_power() -> None:
    async def main() -> None:
        bench = LineBench("de")
        bench.lift()
        await asyncio.sleep(15.1)
        assert bench.slot.tone == "congestion"
        await asyncio.sleep(30)
        assert (bench.state, bench.slot.tone) == ("parked", "")
        assert bench.line.status()["alarm"] is not None

    run(main())


@pytest.mark.parametrize(
    ("country", "settings", "habit", "waits"),
    [
        ("es", {}, "codes", True),
        ("us", {}, "hook", True),
        ("us", {"flash_services": "codes"}, "codes", True),
        ("es", {"flash_services": "off", "call_waiting": False}, "off", False),
        ("es", {"use": "fax"}, "codes", False),
    ],
)
def test_what_r_does_and_whether_calls_wait(country: str, settings: dict[str, Any], habit: str, waits: bool) -> None:
    line = FxsLineSettings(number="101", transfer_by_hanging_up=False, **settings)
    rules = line_options(load_country(country), line, recall_s=12.0).services
    assert (rules.habit, rules.may_wait(), rules.transfer, rules.recall_s) == (habit, waits, False, 12.0)
    assert not line_options(load_country(country), line, may_wait=lambda: False).services.may_wait()
