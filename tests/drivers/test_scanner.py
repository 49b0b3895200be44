"""The line scanner over bare registers: hook, ring cadence, ring trip, feeds, open intervals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.errors import BusError, ChipError
from drivers.ports import HookFlash, HookProfile, OffHook, OnHook, PulseDigitDialled
from drivers.slic_registers import Linefeed
from tests.drivers.register_card import Card

SPAIN_MS = [1500, 3000]
BRITAIN_MS = [400, 200, 400, 2000]
SETTLED_MS = 300


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card()
    card.run(10)
    yield card
    card.close()


def lift(card: Card, cs: int = 0) -> None:
    card.loop(cs, 1)
    assert [type(e) for e in card.run(50)] == [OffHook]


def test_lifting_and_hanging_up_are_told_once_in_board_time(card: Card) -> None:
    start_s = card.now_us / 1e6
    card.loop(1, 1)
    (off,) = card.run(500)
    assert isinstance(off, OffHook) and off.port == "fxs2" and not off.ring_trip
    assert 0.015 <= off.at_s - start_s <= 0.020
    hung_up_s = card.now_us / 1e6
    card.loop(1, 0)
    (on,) = card.run(500)
    assert isinstance(on, OnHook) and on.port == "fxs2"
    assert 0.130 < on.at_s - hung_up_s <= 0.136


def test_flash_and_pulses_reach_python(card: Card) -> None:
    lift(card)
    told = []
    for open_ms, closed_ms in [(100, 400), (60, 40), (60, 600)]:
        card.loop(0, 0)
        told += card.run(open_ms)
        card.loop(0, 1)
        told += card.run(closed_ms)
    flash, digit = told
    assert isinstance(flash, HookFlash) and flash.open_ms == 100.0
    assert isinstance(digit, PulseDigitDialled) and digit.digit == "2"


def test_a_new_hook_profile_counts_at_once(card: Card) -> None:
    lift(card)
    card.ports[0].set_hook_profile(HookProfile(flash_min_ms=300, flash_max_ms=1000))
    card.loop(0, 0)
    assert card.run(600) == []
    card.loop(0, 1)
    (flash,) = card.run(50)
    assert isinstance(flash, HookFlash) and flash.open_ms == 600.0


@pytest.mark.parametrize("cadence_ms", [SPAIN_MS, BRITAIN_MS, [500, 500] * 4])
def test_ring_cadence_keeps_time_without_drift(card: Card, cadence_ms: list[int]) -> None:
    start_ms = card.ms
    card.ports[0].ring(cadence_ms)
    assert card.ports[0].ringing
    assert card.run(sum(cadence_ms) * 3) == []
    expected, at_ms = [], start_ms
    for n in range(3 * len(cadence_ms) + 1):
        expected.append((at_ms, 0, Linefeed.FORWARD_ON_HOOK_TRANSMISSION if n % 2 else Linefeed.RINGING))
        at_ms += cadence_ms[n % len(cadence_ms)]
    assert card.linefeeds == expected
    card.ports[0].stop_ring()
    assert not card.ports[0].ringing
    assert card.linefeeds[-1] == (card.ms, 0, Linefeed.FORWARD_ACTIVE)


def test_a_ring_trip_ends_ringing_and_is_confirmed_as_active(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(700)
    card.loop(0, 2)
    (off,) = card.run(4)
    assert off == OffHook("fxs1", off.at_s, ring_trip=True)
    assert card.linefeeds[-1][1:] == (0, Linefeed.FORWARD_ACTIVE)
    assert not card.ports[0].ringing
    # The loop bit comes up only after the feed has settled: no pulse, no hang-up.
    card.loop(0, 0)
    assert card.run(60) == []
    card.loop(0, 1)
    assert card.run(2000) == []


def test_a_chip_that_moved_on_by_itself_has_tripped(card: Card) -> None:
    card.chips[0].shadow = Linefeed.FORWARD_ACTIVE  # not yet ringing: a slow change of state is no trip
    card.ports[0].ring(SPAIN_MS)
    assert card.run(20) == []
    card.chips[0].shadow = None
    assert card.run(200) == []
    card.chips[0].shadow = Linefeed.FORWARD_ACTIVE
    (off,) = card.run(4)
    assert isinstance(off, OffHook) and off.ring_trip


def test_answering_in_the_silent_part_counts_as_ring_trip(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(2500)
    card.loop(0, 1)
    (off,) = card.run(30)
    assert isinstance(off, OffHook) and off.ring_trip
    assert card.linefeeds[-1][1:] == (0, Linefeed.FORWARD_ACTIVE)


def test_ringers_that_charge_after_a_burst_do_not_answer(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(1500)
    card.loop(0, 1)
    for ms in range(140):
        card.volts(0, min(46.0, ms / 2 - 20))  # 40 uF at 20 mA, then nearly the idle voltage
        card.run(1)
    card.loop(0, 0)
    assert card.run(4000) == []
    assert card.ports[0].ringing


@pytest.mark.parametrize(("volts", "within_ms"), [(9.0, 50), (-9.0, 50), (30.0, 180)])
def test_a_low_and_steady_voltage_after_a_burst_answers_sooner(card: Card, volts: float, within_ms: int) -> None:
    """A telephone at 20 mA, 450 ohm away, and one on a line so long that it could be a ringer for a while."""
    card.ports[0].ring(SPAIN_MS)
    card.run(1500)
    card.loop(0, 1)
    card.volts(0, volts)
    (off,) = card.run(300)
    assert isinstance(off, OffHook) and off.ring_trip
    assert within_ms - 20 < off.at_s * 1000 - 1000 - 1500 < within_ms


def test_a_telephone_lifted_as_the_burst_begins_has_answered_though_the_chip_never_rang(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(4499)
    card.loop(0, 1)
    card.chips[0].shadow = Linefeed.FORWARD_ACTIVE
    (off,) = card.run(100)
    assert isinstance(off, OffHook) and off.ring_trip
    assert not card.ports[0].ringing


def test_a_chip_that_did_not_begin_a_burst_is_told_again(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(4499)
    card.chips[0].shadow = Linefeed.FORWARD_ACTIVE
    assert card.run(100) == []
    told = [code for _, _, code in card.linefeeds]
    assert told.count(Linefeed.RINGING) >= 4, "once in 20 ms"
    card.chips[0].shadow = None
    card.linefeeds.clear()
    assert card.run(1000) == [] and card.linefeeds == []
    assert card.ports[0].ringing


def test_a_false_trip_ends_as_on_hook(card: Card) -> None:
    card.ports[0].ring(SPAIN_MS)
    card.run(700)
    card.loop(0, 2)
    card.run(4)
    card.loop(0, 0)
    assert [type(e) for e in card.run(500)] == [OnHook]


def test_a_reversed_line_rings_and_answers_reversed(card: Card) -> None:
    card.ports[0].feed(Linefeed.REVERSE_ACTIVE)
    card.run(SETTLED_MS)
    card.ports[0].ring(SPAIN_MS)
    card.run(1600)
    assert card.linefeeds[-1][2] == Linefeed.REVERSE_ON_HOOK_TRANSMISSION
    card.run(500)
    card.loop(0, 1)
    card.run(30)
    assert card.linefeeds[-1][2] == Linefeed.REVERSE_ACTIVE


def test_an_open_interval_is_timed_and_hides_the_hook(card: Card) -> None:
    lift(card)
    start_ms = card.ms
    card.ports[0].open_interval(500)
    card.loop(0, 0)
    assert card.run(500) == []
    assert card.linefeeds == [(start_ms, 0, Linefeed.OPEN), (start_ms + 500, 0, Linefeed.FORWARD_ACTIVE)]
    card.run(40)
    card.loop(0, 1)
    assert card.run(1000) == []


def test_hanging_up_during_an_open_interval_is_told_after_it(card: Card) -> None:
    lift(card)
    card.ports[0].open_interval(500)
    card.loop(0, 0)
    assert [type(e) for e in card.run(1000)] == [OnHook]


def test_feed_during_an_open_interval_counts_from_its_end(card: Card) -> None:
    card.ports[0].open_interval(200)
    card.ports[0].feed(Linefeed.FORWARD_ON_HOOK_TRANSMISSION)
    card.run(300)
    assert [code for _, _, code in card.linefeeds] == [Linefeed.OPEN, Linefeed.FORWARD_ON_HOOK_TRANSMISSION]


def test_a_change_of_feed_is_no_hook_event(card: Card) -> None:
    lift(card)
    card.ports[0].feed(Linefeed.REVERSE_ACTIVE)
    card.loop(0, 0)
    card.run(40)
    card.loop(0, 1)
    assert card.run(500) == []


def test_commands_that_do_not_fit_the_state_are_refused(card: Card) -> None:
    port = card.ports[0]
    port.ring(SPAIN_MS)
    for refused in (
        lambda: port.ring(SPAIN_MS),
        lambda: port.feed(Linefeed.OPEN),
        lambda: port.open_interval(100),
    ):
        with pytest.raises(ChipError, match=r"fxs1: .* is refused in the line's state"):
            refused()
    port.stop_ring()
    port.stop_ring()
    for bad in ([1500], [1500, 0], [100] * 10, [1500, 3000, 500], []):
        with pytest.raises(ChipError, match="value out of range"):
            port.ring(bad)
    card.run(SETTLED_MS)
    lift(card)
    with pytest.raises(ChipError, match="off hook"):
        port.ring(SPAIN_MS)


def test_a_command_over_a_dead_bus_says_so(card: Card) -> None:
    card.fails = 32
    with pytest.raises(BusError, match="fxs1: feed REVERSE_ACTIVE failed: Broken pipe"):
        card.ports[0].feed(Linefeed.REVERSE_ACTIVE)


def test_all_ports_are_polled_in_one_transfer(card: Card) -> None:
    before = card.transfers
    card.run(40)
    assert card.transfers - before == 20


def test_a_telephone_already_off_hook_is_told_when_the_watch_begins() -> None:
    card = Card(ports=1)
    card.loop(0, 1)
    assert [type(e) for e in card.run(100)] == [OffHook]
    card.close()
