"""The simulated Si3050's line side in volts and milliamperes: sections 6, 7 and 12 of the sheet."""

from __future__ import annotations

import pytest

from drivers.sim.office_wires import WireFeed
from tests.drivers_sim.daa_bench import DaaBench


def test_on_hook_it_draws_nothing_and_shows_the_battery() -> None:
    bench = DaaBench()
    bench.power_up()
    now = bench.wires.now()
    assert (now.loop_ma, now.closed, now.off_hook) == (0.0, False, False)
    assert now.port_v == pytest.approx(48.0)
    assert bench.lvs() == pytest.approx(48, rel=0.11)
    assert bench.read(19) & 0x02  # DOD: on hook it is set
    assert bench.violations == ""


@pytest.mark.parametrize(
    ("dc", "feed_ohm", "low_ma", "high_ma", "low_v", "high_v"),
    [
        (0xC0, 2000, 19, 22, 6.0, 7.5),  # DCV=11: 6 to 7.5 V at 20 mA
        (0x00, 2000, 19, 22, 5.5, 7.0),
        (0xC1, 2000, 13, 18, 15, 20),  # DCR: 800 ohm
        (0xC2, 400, 40, 60, 7, 40),  # ILIM: flat above 40 mA
        (0xC2, 800, 40, 48, 7, 16),
        (0xC0, 400, 85, 98, 8, 12),
    ],
)
def test_dc_termination(dc: int, feed_ohm: float, low_ma: float, high_ma: float, low_v: float, high_v: float) -> None:
    bench = DaaBench()
    bench.wires.set_office(feed_ohm=feed_ohm)
    bench.power_up(r26=dc)
    bench.seize()
    now = bench.wires.now()
    assert low_ma <= now.loop_ma <= high_ma
    assert low_v <= now.port_v <= high_v
    assert bench.read(28) * 1.1 == pytest.approx(now.loop_ma, abs=1.2)
    assert (bench.read(12) & 31) * 3.3 == pytest.approx(now.loop_ma, abs=3.4)
    assert now.closed
    bench.on_hook()
    assert bench.wires.now().loop_ma == 0.0
    assert bench.violations == ""


@pytest.mark.parametrize(
    ("overrides", "ms"),
    [({}, 402.75), ({"r31": 0x68, "r17": 0x20, "r25": 0x20}, 9.75), ({"r31": 0x48, "r17": 0x20, "r25": 0x20}, 65.75)],
)
def test_audio_comes_after_off_hook_counter_and_calibrations(overrides: dict[str, int], ms: float) -> None:
    bench = DaaBench()
    bench.power_up(**overrides)
    bench.seize(ms - 3)
    assert bench.wires.now().audio == 0
    bench.step_ms(5)
    assert bench.wires.now().audio == 2


@pytest.mark.parametrize("feed", [WireFeed.NO_FEED, WireFeed.REVERSED])
def test_break_and_reversal_show_in_current_and_voltage(feed: WireFeed) -> None:
    bench = DaaBench()
    bench.power_up()
    bench.seize()
    bench.write(4, 0x00)
    bench.wires.put(feed)
    bench.step_ms(5)
    if feed is WireFeed.NO_FEED:
        assert (bench.read(28), bench.lvs(), bench.read(12) & 31) == (0, 0, 0)
        assert bench.read(4) & 0x08  # DODI
        assert bench.read(19) & 0x02
    else:
        assert bench.lvs() < 0
        assert bench.read(28) > 20
        assert bench.read(4) & 0x01  # POLI


@pytest.mark.parametrize(("battery_v", "shown"), [(2.5, False), (4.0, True)])
def test_lvs_is_blind_below_3_volts(battery_v: float, shown: bool) -> None:
    bench = DaaBench()
    bench.wires.set_office(battery_v=battery_v)
    bench.power_up()
    assert (bench.lvs() != 0) == shown
    bench.write(31, 0x29)  # LVFD
    bench.step_ms(1)
    assert bench.lvs() != 0


def test_a_parallel_telephone_lowers_voltage_and_takes_current() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.wires.set_office(parallel_ohm=300)
    bench.step_ms(5)
    assert 8 <= bench.lvs() <= 18
    bench.wires.set_office(parallel_ohm=0)
    bench.seize()
    alone_v, alone = bench.lvs(), bench.read(28)
    bench.wires.set_office(parallel_ohm=300)
    bench.step_ms(5)
    assert bench.read(28) < alone * 0.75
    assert bench.lvs() < alone_v


@pytest.mark.parametrize(
    ("dc", "feed_ohm", "battery_v", "trips"),
    [(0xC2, 800, 48, False), (0xC2, 100, 120, True), (0xC0, 400, 48, False), (0xC0, 100, 60, True)],
)
def test_overload_protection(dc: int, feed_ohm: float, battery_v: float, trips: bool) -> None:
    bench = DaaBench()
    bench.wires.set_office(feed_ohm=feed_ohm, battery_v=battery_v, limit_ma=500)
    bench.power_up(r26=dc)
    bench.write(5, 0x09)
    bench.step_ms(25)
    bench.write(17, 0x08)  # OPE
    bench.step_ms(2)
    assert bool(bench.read(19) & 1) == trips
    bench.write(17, 0x00)
    bench.on_hook(5)
    assert not bench.read(19) & 1
    assert bench.violations == ""
    bench.write(17, 0x08)
    bench.write(5, 0x09)
    assert "off hook with OPE=1" in bench.violations


@pytest.mark.parametrize(("v_rms", "seen", "overloads"), [(0.1, 0, 0), (0.5, 1, 0), (2.0, 1, 1)])
def test_billing_tone_bits_of_registers_4_and_17(v_rms: float, seen: int, overloads: int) -> None:
    bench = DaaBench()
    bench.power_up()
    bench.seize()
    bench.wires.set_office(meter_v_rms=v_rms)
    bench.step_ms(5)
    assert not bench.read(17) & 0x01  # BTE=0: not looked for
    bench.write(17, 0x04)
    bench.step_ms(5)
    assert bench.read(17) & 0x03 == seen | overloads << 1  # BTD, ROV
    assert bool(bench.read(4) & 0x10) == bool(seen) and bool(bench.read(19) & 0x04) == bool(overloads)
    bench.wires.set_office(meter_v_rms=0)
    bench.step_ms(5)
    assert bench.read(17) & 0x01 == seen and not bench.read(19) & 0x04  # it stays, OVL does not
    bench.write(17, 0x00)
    bench.write(17, 0x04)
    bench.step_ms(5)
    assert not bench.read(17) & 0x03
    assert bench.violations == ""


def test_full_scale_mode_wants_its_dc_termination() -> None:
    bench = DaaBench()
    bench.power_up(r31=0xA0, r26=0x50)
    bench.seize(1)
    assert "FULL=1 but not DCV=11 and MINI=00" in bench.violations


def test_the_watchdog_releases_the_line_after_4_seconds_without_access() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.write(2, 0x13)
    bench.seize(3900)
    assert bench.wires.now().off_hook
    bench.read(12)
    bench.step_ms(3900)
    assert bench.wires.now().off_hook
    bench.step_ms(200)
    assert not bench.wires.now().off_hook
    bench.write(2, 0x03)
    assert bench.read(2) & 0x10  # only a hardware reset clears it
    bench.write(5, 0x09)
    bench.step_ms(100)
    assert bench.wires.now().off_hook
    bench.reset(False)
    assert not bench.wires.now().off_hook


def test_a_dead_link_releases_the_line() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.seize()
    bench.write(6, 0x10)
    bench.step_ms(1)
    assert bench.wires.now().loop_ma == 0.0
    assert bench.read(4) & 0x20  # FDTI


def test_the_threshold_interrupt_compares() -> None:
    bench = DaaBench()
    bench.power_up()
    bench.seize()
    bench.write_all({43: 5, 44: 0x02, 2: 0x83})
    bench.step_ms(2)
    assert not bench.read(44) & 0x08
    bench.wires.put(WireFeed.NO_FEED)
    bench.step_ms(2)
    assert bench.read(44) & 0x08
    assert bench.interrupt_low
    bench.write(44, 0x02)
    assert not bench.read(44) & 0x08
