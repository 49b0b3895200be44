"""Framing and registers of the simulated Si3050 against sections 1 and 2 of the sheet."""

from __future__ import annotations

import pytest

from tests.drivers_sim.daa_bench import DaaBench

RESET = {
    1: 0, 2: 0x03, 3: 0, 4: 0, 5: 0, 6: 0x10, 7: 0, 8: 0, 9: 0, 10: 0, 12: 0, 14: 0, 15: 0, 16: 0, 17: 0, 18: 0,
    19: 0, 20: 0, 21: 0, 22: 0x96, 23: 0x2D, 24: 0x19, 26: 0, 27: 0, 28: 0, 29: 0, 30: 0, 31: 0x20, 33: 0, 34: 0,
    35: 0, 36: 0, 37: 0, 38: 0, 39: 0, 40: 0, 41: 0, 42: 0, 43: 0, 44: 0, 45: 0, 52: 0, 53: 0, 58: 0,
}  # fmt: skip


def test_every_reset_value() -> None:
    bench = DaaBench()
    assert {register: bench.read(register) for register in RESET} == RESET
    assert bench.read(32) & ~0x04 == 0x03
    assert bench.read(13) == 0x40
    assert bench.violations == ""


def test_only_its_own_control_octet_is_heard() -> None:
    bench = DaaBench()
    bench.octets(0x28, 38, 0x05)  # the chip after it in a daisy chain
    assert bench.read(38) == 0
    assert bench.octets(0x68, 2, 0xFF)[2] == 0xFF
    bench.octets(0xA0, 38, 0x05)  # broadcast
    assert bench.read(38) == 0x05
    assert bench.violations == ""
    bench.octets(0x00, 38, 0x07)
    assert "control octet 0x00" in bench.violations


def test_reserved_registers_and_addresses_are_breaches() -> None:
    bench = DaaBench()
    bench.write(8, 0xFF)
    bench.write(12, 0xFF)
    bench.octets(0x20, 0x80 | 38, 1)
    assert bench.violations.count("read-only or reserved") == 2
    assert "registers end at 59" in bench.violations


def test_the_revision_shows_the_line_side_only_over_the_link() -> None:
    bench = DaaBench()
    assert bench.read(11) >> 4 == 0
    bench.write(6, 0x00)
    bench.step_ms(10)
    assert bench.read(11) >> 4 == 3  # Si3019
    assert bench.read(12) & 0x40
    assert bench.read(13) == 0x58
    assert bench.read(4) & 0x88 == 0x88  # RDTI and DODI: set by powering up
    bench.write(6, 0x10)
    assert (bench.read(11) >> 4, bench.read(12), bench.read(13)) == (0, 0, 0x40)


def test_flags_are_cleared_by_zeros_and_ones_change_nothing() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.write(6, 0x10)
    bench.write(6, 0x00)
    bench.step_ms(15)
    flags = bench.read(4)
    assert flags & 0xA8 == 0xA8  # FDTI, RDTI, DODI
    bench.write(4, 0xFF)
    assert bench.read(4) == flags
    bench.write(4, 0x7F)
    assert bench.read(4) == flags & 0x7F


def test_the_pin_tells_what_is_enabled() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.write(6, 0x10)
    assert bench.read(4) & 0x20
    assert not bench.interrupt_low
    bench.write_all({3: 0x20, 2: 0x83})
    assert bench.interrupt_low
    bench.write(4, 0x00)
    assert not bench.interrupt_low


def test_a_soft_reset_restores_everything_and_wants_a_millisecond() -> None:
    bench = DaaBench()
    bench.write(38, 0x05)
    bench.write(1, 0x80)
    bench.step_ms(2)
    assert bench.read(38) == 0
    assert bench.violations == ""
    bench.write(1, 0x80)
    bench.read(2)
    assert "within 1 ms of a soft reset" in bench.violations


def test_sleep_is_left_only_by_reset() -> None:
    bench = DaaBench()
    bench.write(6, 0x08)
    assert bench.read(2) == 0xFF
    bench.write(6, 0x00)
    assert bench.read(2) == 0xFF
    bench.reset(False)
    bench.reset(True)
    bench.step_ms(10)
    assert bench.read(2) == 0x03


@pytest.mark.parametrize(
    ("writes", "sentence"),
    [
        ({17: 0x10}, "RT2=1 with RT=0 is reserved"),
        ({23: 0x05}, "RTO=0 is not allowed"),
        ({33: 0x20, 34: 8}, "PCM start count written with PCME=1"),
        ({33: 0x24}, "reserved bit 2 of register 33"),
        ({34: 3, 33: 0x20}, "TXS or RXS is not the start of a slot"),
        ({5: 0x01}, "off hook without the isolation link"),
    ],
)
def test_breaches_of_the_sheet_are_named(writes: dict[int, int], sentence: str) -> None:
    bench = DaaBench()
    bench.write_all(writes)
    assert sentence in bench.violations


def test_access_straight_after_reset_is_a_breach() -> None:
    bench = DaaBench(released=False)
    bench.write(38, 1)
    assert "while RESET is low" in bench.violations
    bench.reset(True)
    assert bench.read(2) == 0x03
    assert "before the PLL has settled" in bench.violations
