"""Chips and buses that fail under the scanner: one port is lost, the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.errors import ChipError, Trouble
from drivers.ports import OffHook, PortFailed
from drivers.slic_registers import Linefeed
from tests.drivers.register_card import LINEFEED, STATUS, Card

LOOPBACK = 8


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card()
    card.run(100)
    yield card
    card.close()


def vanish(card: Card) -> None:
    card.chips[0].absent = True


def reset(card: Card) -> None:
    card.chips[0].registers[LOOPBACK] = 2
    card.chips[0].registers[LINEFEED] = 0


def alarm(card: Card) -> None:
    card.chips[0].registers[STATUS[1]] = 0xC0
    card.chips[0].shadow = Linefeed.OPEN


@pytest.mark.parametrize(
    ("breakage", "trouble", "reason"),
    [
        (vanish, Trouble.SILENT, "the chip does not answer any more (register 68 reads 0xFF)"),
        (reset, Trouble.RESET, "the chip was reset, probably by a dip of its supply (register 8 reads 0x02)"),
        (alarm, Trouble.POWER, "power alarm: the chip opened the line because Q5, Q6 ran hot"),
    ],
)
def test_a_failed_port_is_left_alone_and_the_other_works(
    card: Card, breakage: Callable[[Card], None], trouble: Trouble, reason: str
) -> None:
    breakage(card)
    (failed,) = card.run(50)
    assert failed == PortFailed("fxs1", failed.at_s, reason, trouble)
    assert failed.at_s * 1e6 - 1_100_000 <= 12_000
    assert card.linefeeds[-1][1:] == (0, Linefeed.OPEN)
    with pytest.raises(ChipError, match="is not in service"):
        card.ports[0].ring([1500, 3000])
    writes = len(card.linefeeds)
    card.loop(1, 1)
    assert [(type(e), e.port) for e in card.run(100)] == [(OffHook, "fxs2")]
    assert len(card.linefeeds) == writes


@pytest.mark.parametrize("breakage", [vanish, reset, alarm])
def test_one_wrong_reading_is_no_failure(card: Card, breakage: Callable[[Card], None]) -> None:
    for _ in range(5):
        breakage(card)
        assert card.run(6) == []
        card.chips[0].absent, card.chips[0].shadow = False, None
        card.chips[0].registers[LOOPBACK] = 0
        card.chips[0].registers[LINEFEED] = 1
        assert card.run(20) == []


def test_a_mended_port_is_watched_again(card: Card) -> None:
    vanish(card)
    card.run(50)
    card.chips[0].absent = False
    card.chips[0].write(LINEFEED, 1)
    card.ports[0].rearm()
    assert card.run(100) == []
    card.loop(0, 1)
    assert [type(e) for e in card.run(50)] == [OffHook]


def test_a_removed_port_is_silent(card: Card) -> None:
    card.ports[0].remove()
    vanish(card)
    assert card.run(100) == []


def test_a_dead_bus_fails_every_port_and_is_left_alone(card: Card) -> None:
    card.fails = 32
    failed = card.run(50)
    assert [(type(e), e.port) for e in failed] == [(PortFailed, "fxs1"), (PortFailed, "fxs2")]
    assert failed[0].reason == "the bus to the line card failed: Broken pipe"
    transfers = card.transfers
    card.run(50)
    assert card.transfers == transfers


def test_a_bus_that_fails_while_ringing_stops_the_cadence(card: Card) -> None:
    card.ports[0].ring([100, 100])
    card.fails = 5
    card.run(50)
    assert not card.ports[0].ringing


def test_status_bits_are_cleared(card: Card) -> None:
    card.chips[0].registers[STATUS[1]] = 0x03
    card.run(4)
    assert card.chips[0].registers[STATUS[1]] == 0


def test_an_interrupt_line_that_stays_low_is_told_and_harms_no_port(
    card: Card, caplog: pytest.LogCaptureFixture
) -> None:
    card.interrupt_level = 0
    assert card.run(2000) == []
    assert [r.getMessage() for r in caplog.records] == [
        "board in this process: interrupt line stays low though no chip says why; polling goes on"
    ]
    card.loop(0, 1)
    assert [type(e) for e in card.run(50)] == [OffHook]


def test_an_interrupt_that_one_chip_keeps_up_fails_that_chip(card: Card) -> None:
    card.interrupt_level = 0
    card.chips[1].sticky = 0x01
    (failed,) = card.run(1000)
    assert (failed.port, type(failed)) == ("fxs2", PortFailed)
    assert failed.reason == "interrupts of the chip cannot be cleared (registers 18 to 20 read 0x00 0x01 0x00)"
    assert card.run(1000) == []


def test_events_nobody_drains_are_counted(card: Card, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(520):
        card.chips[0].absent = True
        card.step(12)
        card.chips[0].absent = False
        card.ports[0].rearm()
        card.loop(0, 1)
        card.step(20)
    assert len(card.scanner.drain()) == 1024
    assert "16 line events lost" in caplog.text
