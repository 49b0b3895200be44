"""Faults of the simulated board: what a driver can see of each, and that it goes when it is turned off."""

from __future__ import annotations

import errno

import pytest

from drivers.sim._sim import lib
from tests.drivers_sim.chip_bench import ChipBench


def set_fault(bench: ChipBench, fault: int, on: bool = True) -> None:
    assert lib.simboard_fault(bench.board, 0, fault, int(on)) == 0
    if fault != lib.SIMBOARD_FAULT_CHIP_RESET:
        assert lib.simboard_fault_state(bench.board, 0, fault) == int(on)


@pytest.fixture
def bench() -> ChipBench:
    bench = ChipBench()
    bench.power_up()
    return bench


def test_dead_bus_reads_all_ones_and_loses_writes(bench: ChipBench) -> None:
    set_fault(bench, lib.SIMBOARD_FAULT_DEAD_BUS)
    assert bench.read(64) == 0xFF
    bench.write(64, 0)
    set_fault(bench, lib.SIMBOARD_FAULT_DEAD_BUS, on=False)
    assert bench.read(64) == 0x11


def test_wrong_identity_fails_every_presence_check(bench: ChipBench) -> None:
    set_fault(bench, lib.SIMBOARD_FAULT_WRONG_IDENTITY)
    assert bench.read(8) != 0x02
    assert bench.read(11) != 0x33
    assert bench.read(0) & 0x0F == 0


def test_stuck_interrupt_keeps_its_status_bit_and_holds_the_line_low(bench: ChipBench) -> None:
    set_fault(bench, lib.SIMBOARD_FAULT_STUCK_INTERRUPT)
    bench.write_all({18: 0xFF, 19: 0xFF, 20: 0xFF})
    assert [bench.read(register) for register in (18, 19, 20)] == [0, 0x02, 0]
    assert bench.interrupt_low
    set_fault(bench, lib.SIMBOARD_FAULT_STUCK_INTERRUPT, on=False)
    assert not bench.interrupt_low


def test_chip_reset_opens_the_line_and_shows_in_dr8(bench: ChipBench) -> None:
    set_fault(bench, lib.SIMBOARD_FAULT_CHIP_RESET)
    bench.step_ms(5)
    assert (bench.read(8), bench.read(64)) == (0x02, 0x00)
    assert bench.line().linefeed_state == 0
    assert bench.line().loop_ma == pytest.approx(0, abs=0.5)


def test_lost_clock_silences_registers_and_freezes_the_chip(bench: ChipBench) -> None:
    set_fault(bench, lib.SIMBOARD_FAULT_PCM_CLOCK_LOSS)
    assert bench.read(64) == 0xFF
    bench.lift()
    bench.step_ms(100)
    set_fault(bench, lib.SIMBOARD_FAULT_PCM_CLOCK_LOSS, on=False)
    assert bench.read(68) & 1 == 0  # no tick passed
    bench.step_ms(40)
    assert bench.read(68) & 1 == 1
    assert bench.violations == ""


def test_reset_released_without_clock_is_a_breach() -> None:
    bench = ChipBench(released=False)
    set_fault(bench, lib.SIMBOARD_FAULT_PCM_CLOCK_LOSS)
    bench.gpio(0, 1)
    assert "without PCLK" in bench.violations


def test_unknown_faults_and_ports_are_refused(bench: ChipBench) -> None:
    assert lib.simboard_fault(bench.board, 0, 7, 1) == -errno.EINVAL
    assert lib.simboard_fault(bench.board, 1, 1, 1) == -errno.EINVAL
    assert lib.simboard_fault(bench.board, -1, lib.SIMBOARD_FAULT_DEAD_BUS, 1) == -errno.EINVAL


def test_the_violation_log_counts_on_when_its_text_is_full(bench: ChipBench) -> None:
    for _ in range(300):
        bench.write(7, 1)
    assert lib.simboard_violation_count(bench.board) == 300
    assert bench.violations.count("\n") == 256
    assert bench.violations.startswith("fxs1 ")
    lib.simboard_clear_violations(bench.board)
    assert (bench.violations, lib.simboard_violation_count(bench.board)) == ("", 0)
