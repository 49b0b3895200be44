"""Direct registers of the simulated Si3210 and Si3215 against section 4 of the sheet."""

from __future__ import annotations

import pytest

from tests.drivers_sim.chip_bench import ChipBench

# The column "Reset" of section 4, both families. Undefined ones (DR30, DR84-89) left out.
RESET = {
    2: 0, 3: 0, 4: 0, 5: 0, 8: 0x02, 9: 0, 10: 0x08, 11: 0x33, 14: 0x10, 15: 0, 18: 0, 19: 0, 20: 0, 21: 0, 22: 0,
    23: 0, 24: 0, 28: 0, 29: 0, 31: 0, 32: 0, 33: 0, 34: 0, 35: 0, 36: 0, 40: 0, 44: 0, 48: 0, 51: 0, 52: 0,
    63: 0x54, 64: 0, 65: 0x61, 66: 0x03, 67: 0x1F, 68: 0, 69: 0x0A, 70: 0x0A, 71: 0, 72: 0x20, 73: 0x02, 74: 0x32,
    75: 0x10, 76: 0, 77: 0, 78: 0, 79: 0, 80: 0, 81: 0, 82: 0, 83: 0, 92: 0xFF, 93: 0x14, 94: 0, 96: 0x1F, 97: 0x1F,
    98: 0x10, 99: 0x10, 100: 0x11, 101: 0x11, 102: 0x08, 103: 0x88, 104: 0, 105: 0, 107: 0x08, 108: 0,
}  # fmt: skip
RESERVED = (7, 12, 13, 16, 17, 25, 26, 27, *range(53, 63), 90, 91, 95)


@pytest.mark.parametrize("part", [3210, 3215])
def test_every_reset_value(part: int) -> None:
    bench = ChipBench(part)
    assert {register: bench.read(register) for register in RESET} == RESET
    assert bench.violations == ""


def test_families_tell_themselves_apart() -> None:
    older, newer = ChipBench(3210), ChipBench(3215)
    assert (older.read(1), newer.read(1)) == (0x08, 0x88)
    assert (older.read(106), newer.read(106)) == (0x20, 0x00)
    assert newer.read(6) == 0x00  # DR6 bits 7:5: plain Si3215
    for bench in (older, newer):
        assert bench.read(0) & 0x30 == 0  # no "M"
        assert 2 <= bench.read(0) & 0x0F < 15  # a revision that drivers accept


def test_reserved_registers_read_zero_and_writing_them_is_a_breach() -> None:
    bench = ChipBench()
    for register in RESERVED:
        bench.write(register, 0xFF)
        assert bench.read(register) == 0
    assert bench.violations.count("read-only or reserved") == len(RESERVED)


def test_reserved_bits_stay_zero() -> None:
    bench = ChipBench()
    bench.write_all({71: 0xFF, 74: 0xFF, 3: 0xFF, 69: 0xFF, 34: 0xFF, 92: 0x00})
    assert [bench.read(r) for r in (71, 74, 3, 69, 34)] == [0x07, 0x3F, 0x03, 0x7F, 0x1B]
    assert bench.read(92) == 0x40  # bit 6 always 1


def test_scratch_register_keeps_what_was_written() -> None:
    bench = ChipBench()
    bench.write(4, 0x5A)
    assert bench.read(4) == 0x5A


def test_absent_chip_reads_all_ones_and_its_breaches_are_none() -> None:
    bench = ChipBench()
    assert bench.octets(0x88, 0xFF, cs=3) == [0xFF, 0xFF]
    assert bench.violations == ""


def test_held_in_reset_it_drives_nothing_and_forgets() -> None:
    bench = ChipBench(released=False)
    assert bench.read(8) == 0xFF
    assert bench.violations == ""
    bench.write(8, 0)
    assert "while RESET is low" in bench.violations
    bench.gpio(0, 1)
    bench.step_ms(2)
    assert bench.read(8) == 0x02
    bench.write(4, 0x5A)
    bench.gpio(0, 0)
    bench.gpio(0, 1)
    bench.step_ms(2)
    assert bench.read(4) == 0


def test_access_before_the_pll_settled_is_a_breach() -> None:
    bench = ChipBench(released=False)
    bench.gpio(0, 1)
    bench.read(8)
    assert "PLL" in bench.violations


def test_daisy_chain_wants_a_select_octet_with_its_bit() -> None:
    bench = ChipBench()
    bench.write(0, 0x80)
    assert bench.octets(0x01, 0x80, 0xFF)[2] & 0xC0 == 0x80
    assert bench.octets(0x02, 0x80, 0xFF)[2] == 0xFF


@pytest.mark.parametrize("enabled", [False, True])
def test_enable_gates_the_status_bit_and_writing_one_clears_it(enabled: bool) -> None:
    bench = ChipBench()
    bench.power_up()
    bench.write(22, 0x02 if enabled else 0)
    bench.lift()
    bench.step_ms(40)
    assert bench.read(68) & 1 == 1
    assert bench.read(19) == (0x02 if enabled else 0)
    assert bench.interrupt_low is enabled
    bench.write(19, 0x01)  # another bit: nothing happens
    assert bench.interrupt_low is enabled
    bench.write(19, 0x02)
    assert bench.read(19) == 0
    assert not bench.interrupt_low
