"""The driver on simulated chips, stepped: starts on any silicon, and never breaches a data sheet."""

from collections.abc import Iterator

import pytest

from drivers.bus import GPIO_RESET, Bus
from drivers.errors import HardwareError
from drivers.ports import LineProfile
from drivers.sim.board import SimBoard
from drivers.slic import Slic
from drivers.startup import run_together

SEEDS = range(1, 21)
STORED_LIMIT_MS = 1000
FIRST_LIMIT_MS = 5000


class Card:
    """Both chips of the simulated board, with the true driver on them."""

    def __init__(self, seed: int, calibrations: dict[str, bytes] | None = None) -> None:
        self.board = SimBoard("sim", seed=seed)
        self.bus = Bus.in_process(self.board.spi_ops_address)
        stored = calibrations or {}
        self.slics = {
            p.name: Slic(p.name, self.bus, p.cs, p.slot, LineProfile(), stored.get(p.name), p.chip)
            for p in self.board.ports
        }

    def start(self) -> float:
        """Release the reset line and start all chips together; returns how many ms of board time it took."""
        began_us = self.board.now_us
        self.bus.gpio_set(GPIO_RESET, 0)
        self.bus.wait_ms(1)
        self.bus.gpio_set(GPIO_RESET, 1)
        self.bus.wait_ms(10)
        jobs = {name: slic.begin(after_reset=True) for name, slic in self.slics.items()}
        assert run_together(self.bus, jobs) == {}
        return (self.board.now_us - began_us) / 1000

    def calibrations(self) -> dict[str, bytes]:
        return {name: slic.calibration for name, slic in self.slics.items()}

    def close(self) -> None:
        self.bus.close()
        self.board.close()


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card(seed=7)
    yield card
    card.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_first_and_stored_start_on_any_silicon_breach_nothing(seed: int) -> None:
    first = Card(seed)
    first_ms = first.start()
    stored = Card(seed, first.calibrations())
    stored_ms = stored.start()
    try:
        for card in (first, stored):
            card.board.step_ms(100)
            assert card.board.violations() == []
            for name, phone in card.board.copper.items():
                line = phone.line()
                assert card.slics[name].in_service
                assert (line.linefeed_state, line.slot) == (1, card.slics[name].slot)
                assert line.port_v == pytest.approx(48.0, abs=1.0)
        assert stored.calibrations() == first.calibrations()
        assert first_ms < FIRST_LIMIT_MS
        assert stored_ms < STORED_LIMIT_MS
    finally:
        first.close()
        stored.close()


def test_readings_are_those_of_the_copper(card: Card) -> None:
    card.start()
    card.board.step_ms(50)
    idle = card.slics["fxs1"].readings()
    assert (idle.off_hook, idle.ringing, idle.feed, idle.loop_ma) == (False, False, "active", 0.0)
    assert idle.loop_v == pytest.approx(48.0, abs=1.5)
    assert idle.battery_v == pytest.approx(63.0, abs=1.5)
    card.board.phone("fxs1").lift(600)
    card.board.step_ms(100)
    lifted = card.slics["fxs1"].readings()
    assert lifted.off_hook
    assert lifted.loop_ma == pytest.approx(20.0, abs=1.25)
    assert lifted.loop_v == pytest.approx(card.board.phone("fxs1").line().port_v, abs=1.5)
    assert card.board.violations() == []


def test_a_telephone_lifted_at_the_first_start_costs_only_the_balance() -> None:
    card = Card(seed=3)
    card.board.phone("fxs2").lift(600)
    card.board.step_ms(1)
    card.start()
    assert card.slics["fxs2"].in_service
    assert card.calibrations()["fxs2"] == b""
    assert len(card.calibrations()["fxs1"]) == 14
    assert card.board.violations() == []
    card.close()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("dead-bus", "fxs1: no chip answers on chip select 0 (register 8 reads 0xFF, expected 0x02)"),
        (
            "wrong-identity",
            "fxs1: no Si321x fresh from reset answers on chip select 0 (register 8 reads 0x55, expected 0x02)",
        ),
    ],
)
def test_a_broken_chip_is_refused_and_the_other_port_starts(card: Card, fault: str, sentence: str) -> None:
    card.board.fault("fxs1", fault)
    card.bus.gpio_set(GPIO_RESET, 1)
    card.bus.wait_ms(10)
    failures = run_together(card.bus, {n: s.begin(after_reset=True) for n, s in card.slics.items()})
    assert {name: str(error) for name, error in failures.items()} == {"fxs1": sentence}
    assert card.slics["fxs1"].failure == sentence.removeprefix("fxs1: ")
    assert card.slics["fxs2"].in_service


def test_recover_after_a_chip_reset_is_fast_and_leaves_the_other_chip_alone(card: Card) -> None:
    card.start()
    card.board.phone("fxs2").lift(600)
    card.board.step_ms(100)
    card.board.fault("fxs1", "chip-reset")
    card.slics["fxs1"].out_of_service("the chip was reset")
    began_us = card.board.now_us
    card.slics["fxs1"].recover()
    assert (card.board.now_us - began_us) / 1000 < 1500 + STORED_LIMIT_MS
    assert card.slics["fxs1"].in_service
    assert card.board.phone("fxs1").line().port_v == pytest.approx(48.0, abs=1.0)
    assert card.slics["fxs2"].readings().off_hook
    assert card.board.violations() == []


def test_recover_of_a_running_chip_breaches_nothing(card: Card) -> None:
    card.start()
    card.board.step_ms(100)
    card.slics["fxs2"].out_of_service("tried out")
    assert card.board.phone("fxs2").line().linefeed_state == 0
    card.slics["fxs2"].recover()
    card.board.step_ms(50)
    assert card.board.phone("fxs2").line().port_v == pytest.approx(48.0, abs=1.0)
    assert card.board.violations() == []


def test_recover_refuses_while_the_chip_is_hot_and_works_when_it_has_cooled(card: Card) -> None:
    card.start()
    card.board.fault("fxs1", "over-temperature")
    card.board.step_ms(2000)
    assert card.board.phone("fxs1").line().linefeed_state == 0
    card.slics["fxs1"].out_of_service("power alarm")
    with pytest.raises(HardwareError, match="power alarm again after"):
        card.slics["fxs1"].recover()
    assert not card.slics["fxs1"].in_service
    assert card.board.phone("fxs1").line().linefeed_state == 0
    card.board.fault("fxs1", "over-temperature", on=False)
    card.board.step_ms(5000)
    card.slics["fxs1"].recover()
    assert card.slics["fxs1"].in_service
    assert card.board.violations() == []


def test_close_opens_the_line(card: Card) -> None:
    card.start()
    card.slics["fxs1"].close()
    assert card.board.phone("fxs1").line().linefeed_state == 0
    assert card.slics["fxs1"].failure == "closed"
