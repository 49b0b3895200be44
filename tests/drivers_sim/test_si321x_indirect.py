"""Indirect registers of the simulated chips: access rules and busy times of section 3."""

from __future__ import annotations

import pytest

from tests.drivers_sim.chip_bench import INDIRECT, ChipBench


@pytest.mark.parametrize("part", [3210, 3215])
def test_everything_written_reads_back(part: int) -> None:
    bench = ChipBench(part)
    for number, value in INDIRECT.items():
        bench.write_indirect(number, value)
    assert {number: bench.read_indirect(number) for number in INDIRECT} == INDIRECT
    assert bench.violations == ""


def test_undefined_after_reset_and_reproducible_by_seed() -> None:
    first, same, other = ChipBench(seed=1), ChipBench(seed=1), ChipBench(seed=2)
    values = [[bench.read_indirect(n) for n in range(13, 44)] for bench in (first, same, other)]
    assert values[0] == values[1] != values[2]
    assert len(set(values[0])) > 20


def test_busy_until_the_next_tick_of_16_khz() -> None:
    bench = ChipBench()
    for offset_us in (0, 8, 24, 40, 56):
        bench.write_all({28: 1, 29: 2})
        bench.step_ms((125 - (bench.now_us + 16) % 125 + offset_us) / 1000)
        bench.write(30, 0x0D)
        written_us = bench.now_us
        while bench.read(31):
            pass
        waited_us = bench.now_us - written_us
        assert waited_us <= 62.5 + 16 + 1  # the last poll itself takes 16 us


def test_access_while_busy_is_refused_and_a_breach() -> None:
    bench = ChipBench()
    bench.write_indirect(20, 0x1234)
    bench.step_ms((125 - bench.now_us % 125) / 1000)
    bench.write(30, 20)
    bench.write(28, 0xFF)
    assert "IAS is busy" in bench.violations
    assert bench.read_indirect(20) == 0x1234


def test_address_alone_fetches_and_data_before_it_stores() -> None:
    bench = ChipBench()
    bench.write_indirect(21, 0x0177)
    bench.write(30, 21)
    bench.wait_indirect()
    assert (bench.read(28), bench.read(29)) == (0x77, 0x01)


def test_completion_raises_indp_only_when_enabled() -> None:
    bench = ChipBench(3215)
    bench.write_indirect(20, 1)
    assert bench.read(20) == 0
    bench.write(23, 0xFF)
    assert bench.read(23) == 0x02  # the only bit of the newer family
    bench.write_indirect(20, 1)
    assert bench.read(20) == 0x02
    assert bench.interrupt_low


def test_newer_family_numbers_them_anew() -> None:
    bench = ChipBench(3215)
    bench.write_all({28: 0xFD, 29: 0x7E, 30: 7})  # RCO is 7 there
    bench.wait_indirect()
    assert bench.read_indirect(20) == 0x7EFD
