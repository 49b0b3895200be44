"""The simulated exchange as a line card meets it: dial tone, digits, ringing, answer and every manner of clearing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from drivers.sim import measure, measure_ringing
from drivers.sim.dialling import RotaryDial, dtmf_sound, pulse_edges
from drivers.sim.exchange_habits import COUNTRIES, HANG_UPS
from drivers.sim.exchange_line import Stage
from drivers.sim.office_wires import WireFeed
from drivers.sim.rig_protocol import RigError
from tests.drivers_sim.daa_bench import DaaBench
from tests.drivers_sim.test_si3050_audio import a_law, a_law_sine


@pytest.fixture
def bench() -> DaaBench:
    bench = DaaBench()
    bench.power_up()
    bench.step_ms(50)
    return bench


def heard_hz(bench: DaaBench, ms: int = 300) -> list[int]:
    return [round(tone.hz) for tone in measure.tones(a_law(bench.talk(ms))[-1600:].astype(np.int16))]


def send(bench: DaaBench, digits: str) -> None:
    table = a_law(bytes(range(256)))
    octets = bytes(int(np.argmin(np.abs(table - sample))) for sample in dtmf_sound(digits))
    bench.talk(len(octets) // 8 // 5 * 5, octets)


def pulse(bench: DaaBench, digits: str, dial: RotaryDial) -> None:
    for at_us, closed in pulse_edges(digits, bench.wires.now_us, dial):
        bench.step_ms((at_us - bench.wires.now_us) / 1000)
        bench.write(5, 0x09 if closed else 0x08)
    bench.step_ms(600)


def call_out(bench: DaaBench) -> None:
    bench.seize(700)
    send(bench, "912345678")
    bench.step_ms(4500)
    assert (bench.exchange.stage, bench.exchange.digits) == (Stage.RINGBACK, "912345678")


@pytest.mark.parametrize("country", COUNTRIES)
def test_dial_tone_of_every_country_comes_after_seizing_and_goes_with_the_first_digit(country: str) -> None:
    bench = DaaBench(country=country)
    bench.power_up()
    bench.seize(600)
    assert bench.exchange.stage is Stage.DIAL_TONE
    tone = COUNTRIES[country].dial
    assert tone is not None
    assert heard_hz(bench) == [round(hz) for hz in tone.hz]
    send(bench, "5")
    bench.step_ms(150)
    assert (bench.exchange.stage, bench.exchange.digits) == (Stage.COLLECTING, "5")
    assert heard_hz(bench) == []


@pytest.mark.parametrize("dial", [RotaryDial(10, 0.6, 700), RotaryDial(20, 0.66, 600), RotaryDial(8, 0.66, 800)])
def test_pulses_are_digits(bench: DaaBench, dial: RotaryDial) -> None:
    bench.seize(600)
    pulse(bench, "9150", dial)
    assert bench.exchange.digits == "9150"


def test_an_outgoing_call_rings_back_is_answered_and_heard(bench: DaaBench) -> None:
    call_out(bench)
    assert heard_hz(bench) == [425]
    bench.exchange.answer()
    assert bench.exchange.stage is Stage.TALKING
    bench.exchange.say(measure.sine(1000, -10.0, 1.0))
    assert heard_hz(bench) == [1000]
    bench.talk(300, a_law_sine(700, -10.0, 1000))
    assert [round(t.hz) for t in measure.tones(bench.wires.voice.heard_last(0.2))] == [700]
    bench.on_hook()
    assert bench.exchange.stage is Stage.IDLE


@pytest.mark.parametrize("country", ["es", "us", "gb", "fr"])
def test_ringing_has_the_countrys_cadence_and_frequency(country: str) -> None:
    bench = DaaBench(country=country)
    bench.power_up()
    bench.exchange.ring()
    habits = bench.exchange.habits
    bench.step_ms(habits.first_ring_ms + sum(habits.ring_ms) * 2)
    seen = measure_ringing.ringing(bench.wires.voice.volts_since(0))
    assert seen is not None
    assert seen.hz == pytest.approx(habits.ring_hz, abs=0.5)
    assert seen.v_rms == pytest.approx(75, abs=3)
    for measured, wanted in zip(seen.cadence_ms, habits.ring_ms, strict=False):
        assert measured == pytest.approx(wanted, abs=50)


def test_ringing_goes_on_for_minutes_and_stops_when_the_caller_gives_up(bench: DaaBench) -> None:
    bench.exchange.ring()
    bench.step_ms(60_000)
    assert any(bench.rings_seen(4500))
    bench.exchange.stop()
    bench.step_ms(50)
    assert not any(bench.rings_seen(4500))
    assert bench.exchange.stage is Stage.IDLE


def test_seizing_a_ringing_line_answers_it(bench: DaaBench) -> None:
    bench.exchange.ring()
    bench.step_ms(1000)
    bench.seize(20)
    assert bench.exchange.stage is Stage.TALKING
    assert not bench.wires.now().ringing


@pytest.mark.parametrize("how", HANG_UPS)
def test_every_manner_of_hanging_up(bench: DaaBench, how: str) -> None:
    bench.exchange.ring()
    bench.step_ms(1000)
    bench.seize(500)
    bench.exchange.hang_up(how)
    bench.step_ms(10)
    now = bench.wires.now()
    assert (now.feed is WireFeed.NO_FEED) == (how == "loop-break")
    assert (now.feed is WireFeed.REVERSED) == (how == "polarity")
    bench.step_ms(1000)
    assert bench.wires.now().feed is (WireFeed.REVERSED if how == "polarity" else WireFeed.NORMAL)
    if how.endswith("tone"):
        bursts = measure.bursts(a_law(bench.talk(2000)).astype(np.int16))
        assert {round(burst.tones[0].hz) for burst in bursts if burst.tones} == {425}
        lengths = {round(burst.ms, -2) for burst in bursts[1:-1]}
        assert lengths == {200.0}
    else:
        assert heard_hz(bench) == []
    bench.on_hook()
    assert bench.exchange.stage is Stage.IDLE
    assert bench.wires.now().feed is WireFeed.NORMAL


def test_an_answer_by_reversal_and_back(bench: DaaBench) -> None:
    bench.exchange.live_by("es", answer_reversal=True)
    call_out(bench)
    bench.exchange.answer()
    bench.step_ms(10)
    assert bench.lvs() < 0
    bench.exchange.hang_up("polarity")
    bench.step_ms(10)
    assert bench.lvs() > 0


def test_a_called_party_clear_exchange_holds_the_caller(bench: DaaBench) -> None:
    bench.exchange.live_by("es", hold_ms=60_000)
    bench.exchange.ring()
    bench.step_ms(1000)
    bench.seize(500)
    bench.on_hook(1000)
    assert bench.exchange.stage is Stage.HELD
    bench.seize(1000)
    assert bench.exchange.stage is Stage.TALKING  # no dial tone: the old call again
    bench.on_hook(1000)
    bench.step_ms(60_000)
    assert bench.exchange.stage is Stage.IDLE


def test_a_flash_is_counted_and_is_no_hang_up(bench: DaaBench) -> None:
    bench.exchange.ring()
    bench.step_ms(1000)
    bench.seize(500)
    bench.on_hook(100)
    bench.seize(500)
    assert (bench.exchange.stage, bench.exchange.flashes) == (Stage.TALKING, 1)


def test_an_unplugged_line_is_dead(bench: DaaBench) -> None:
    bench.exchange.unplug()
    bench.step_ms(10)
    assert bench.lvs() == 0
    bench.exchange.plug()
    bench.step_ms(10)
    assert bench.lvs() > 40


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda e: e.answer(), "fxo1: it cannot answer while idle, only while proceeding or ringback"),
        (lambda e: e.stop(), "fxo1: it cannot stop while idle, only while ringing"),
        (lambda e: e.live_by("xx"), "there is no exchange of 'xx', allowed are es, us, gb, de, fr, au"),
        (lambda e: e.wires.set_office(ring_hz=5), "fxo1: ring_hz is 5, allowed 10 to 100 Hz"),
        (lambda e: e.wires.set_office(tea=5), "fxo1: an exchange has no 'tea', allowed are battery_v, feed_ohm"),
    ],
)
def test_refusals_say_what_is_allowed(bench: DaaBench, act: Any, sentence: str) -> None:
    with pytest.raises(RigError) as refused:
        act(bench.exchange)
    assert str(refused.value).startswith(sentence)
