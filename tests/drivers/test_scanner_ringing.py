"""Ringing that begins otherwise than it goes on, and several lines on a supply that carries only some of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.errors import ChipError
from drivers.ports import OffHook, RingOpening, RingPartBegan
from drivers.slic_registers import Linefeed
from tests.drivers.register_card import Card

ACTIVE, OHT, RINGING = Linefeed.FORWARD_ACTIVE, Linefeed.FORWARD_ON_HOOK_TRANSMISSION, Linefeed.RINGING
REVERSED_OHT = Linefeed.REVERSE_ON_HOOK_TRANSMISSION


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card(ports=4)
    card.run(10)
    yield card
    card.close()


def written(card: Card, cs: int = 0) -> list[tuple[float, int]]:
    """Linefeed codes of one chip, with ms since `card` was 10 ms old."""
    return [(ms - 10, code) for ms, chip, code in card.linefeeds if chip == cs]


def test_a_pulse_before_the_data_and_a_pause_as_long_as_they_need(card: Card) -> None:
    card.ports[0].ring([1500, 3000], RingOpening(first_ms=(250, 1400), told=1))
    assert card.run(249) == []
    assert card.run(1) == [RingPartBegan("fxs1", 0.26 + 1, 1)]
    card.run(5900)
    expected = [(0, RINGING), (250, OHT), (1650, RINGING), (3150, OHT), (6150, RINGING)]
    assert written(card) == expected


def test_data_before_any_ringing_on_a_reversed_line(card: Card) -> None:
    card.ports[0].ring([1000, 4000], RingOpening(first_ms=(0, 1200), told=1, reversed=True))
    assert card.scanner.drain() == [RingPartBegan("fxs1", 1.01, 1)]
    assert card.run(3000) == []
    assert written(card) == [(0, REVERSED_OHT), (1200, RINGING), (2200, REVERSED_OHT)]
    card.ports[0].stop_ring()
    assert written(card)[-1] == (3000, ACTIVE)


def test_a_reversed_line_turns_back_when_it_is_answered(card: Card) -> None:
    card.ports[0].ring([1000, 4000], RingOpening(first_ms=(0, 1200), reversed=True))
    card.run(600)
    card.loop(0, 1)
    (off,) = card.run(60)
    assert isinstance(off, OffHook) and off.ring_trip
    assert written(card)[-1][1] == ACTIVE


def test_a_line_that_stops_in_a_burst_turns_back_when_its_voltage_is_gone(card: Card) -> None:
    card.ports[0].ring([1000, 4000], RingOpening(first_ms=(0, 1200), reversed=True))
    card.run(1500)
    card.ports[0].stop_ring()
    card.ports[0].ring([500, 500])
    card.run(100)
    assert written(card)[2:] == [(1500, Linefeed.REVERSE_ACTIVE), (1560, ACTIVE), (1580, RINGING)]


def test_the_part_told_may_be_one_of_the_cadence_and_is_told_once(card: Card) -> None:
    card.ports[0].ring([400, 200, 400, 2000], RingOpening(told=3))
    assert card.run(7000) == [RingPartBegan("fxs1", 1.01 + 1.0, 3)]


def test_a_message_without_ringing_ends_by_itself(card: Card) -> None:
    card.ports[0].ring([], RingOpening(first_ms=(0, 700), told=1))
    card.run(699)
    assert card.ports[0].ringing
    card.run(1)
    assert not card.ports[0].ringing
    assert written(card) == [(0, OHT), (700, ACTIVE)]


@pytest.mark.parametrize("cadence_ms", [[], [100], [0, 100], [60001, 1], [1, 1] * 5])
def test_what_is_no_cadence_is_refused(card: Card, cadence_ms: list[int]) -> None:
    with pytest.raises(ChipError, match="value out of range"):
        card.ports[0].ring(cadence_ms)
    with pytest.raises(ChipError, match="value out of range"):
        card.ports[0].ring([1000, 1000], RingOpening(first_ms=(1000,)))
    assert written(card) == []


def bursts(card: Card) -> list[tuple[int, float, float]]:
    """(chip select, begin, end) of every burst that has ended, in ms."""
    found, began = [], {}
    for ms, cs, code in card.linefeeds:
        if code == RINGING:
            began[cs] = ms
        elif cs in began:
            found.append((cs, began.pop(cs), ms))
    return found


def most_at_once(card: Card, fade_ms: float = 55) -> int:
    """Lines that ring together, counting that the voltage of each burst outlasts it by a little."""
    all_bursts = bursts(card)
    return max(len({cs for cs, begin, end in all_bursts if begin <= at < end + fade_ms}) for _, at, _ in all_bursts)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_lines_ring_at_once_than_the_supply_carries(card: Card, most: int) -> None:
    card.scanner.set_ring_most(most)
    for port, cadence_ms in zip(
        card.ports, ([1500, 3000], [2000, 500], [400, 200, 400, 2000], [1000, 40]), strict=True
    ):
        port.ring(cadence_ms)
    card.run(60_000)
    assert most_at_once(card) == most
    rung = [sum(cs == chip for cs, _, _ in bursts(card)) for chip in range(4)]
    assert min(rung) >= 6, "a line was starved"


def test_a_line_that_sends_data_first_keeps_its_turn(card: Card) -> None:
    card.scanner.set_ring_most(1)
    card.ports[0].ring([1000, 1000], RingOpening(first_ms=(0, 1200)))
    card.ports[1].ring([1000, 1000])
    card.run(2500)
    assert written(card, 0)[:2] == [(0, OHT), (1200, RINGING)]
    assert written(card, 1)[0] == (2260, RINGING)


def test_a_line_that_waits_can_be_answered_and_stopped(card: Card) -> None:
    card.scanner.set_ring_most(1)
    for port in card.ports[:3]:
        port.ring([5000, 1000])
    card.run(100)
    card.loop(1, 1)
    (off,) = card.run(50)
    assert isinstance(off, OffHook) and (off.port, off.ring_trip) == ("fxs2", True)
    card.ports[2].stop_ring()
    card.run(20_000)
    assert all(code != RINGING for chip in (1, 2) for _, code in written(card, chip))


@pytest.mark.parametrize("most", [0, 17, -1])
def test_how_many_may_ring_has_limits(card: Card, most: int) -> None:
    with pytest.raises(ValueError, match="allowed 1 to 16"):
        card.scanner.set_ring_most(most)
