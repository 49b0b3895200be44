"""The simulated wire and hook: exact edges, bounce, ringer load, cuts, limits of the settings."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from drivers.sim._sim import ffi, lib
from tests.drivers_sim.chip_bench import ChipBench


def idle(**wire: float) -> ChipBench:
    bench = ChipBench()
    bench.power_up()
    bench.wire(ren=0, loop_ohm=0, **wire)
    bench.step_ms(100)
    return bench


def test_scheduled_pulses_are_exact_to_a_frame() -> None:
    bench = idle(phone_ohm=600)
    bench.lift()
    bench.step_ms(100)
    edges = [(20 + 100 * n + add, up) for n in range(5) for add, up in ((0, False), (60, True))]
    bench.schedule(*edges)
    trace = bench.trace_of_next_ms(600)
    opened = trace > 20
    changes = np.flatnonzero(np.diff(opened.astype(int))) / 8
    breaks = changes[1::2] - changes[::2]
    assert breaks == pytest.approx([60] * 5, abs=1.5)  # the feed itself needs about 1 ms to rise
    assert lib.simboard_phone_edges(bench.board, 0) == 0


def test_contact_bounces_as_long_as_told_and_settles() -> None:
    bench = idle(bounce_ms=10)
    bench.lift()
    start_us = bench.now_us
    states = []
    while bench.now_us - start_us < 20000:
        bench.step_ms(0.125)
        states.append(bool(bench.line().lifted))
    changes = np.flatnonzero(np.diff(states))
    assert len(changes) >= 4
    assert changes[-1] / 8 <= 10.2
    assert states[-1] is True
    assert bench.read(68) & 1 == 0  # not longer than the debounce


def test_a_cut_wire_leaves_the_port_fed_and_the_telephone_dead() -> None:
    bench = idle()
    bench.wire(cut=1)
    bench.lift()
    bench.step_ms(100)
    line = bench.line()
    assert line.port_v == pytest.approx(48, abs=0.1)
    assert (line.phone_v, line.loop_ma) == (0, 0)
    assert bench.read(68) & 1 == 0


def test_loop_resistance_divides_voltage_between_port_and_telephone() -> None:
    bench = idle(phone_ohm=300)
    bench.wire(loop_ohm=500)
    bench.lift()
    bench.step_ms(60)
    line = bench.line()
    assert line.phone_v == pytest.approx(6.0, abs=0.01)
    assert line.port_v == pytest.approx(16.0, abs=0.01)


def test_ringer_load_is_that_of_7_kilohm_per_ren() -> None:
    bench = ChipBench()
    bench.power_up()
    bench.wire(ren=1, loop_ohm=0)
    bench.linefeed(4, 500)
    currents = []
    for _ in range(1600):
        bench.step_ms(0.125)
        line = bench.line()
        currents.append((line.phone_v, line.loop_ma))
    volts, ma = np.array(currents).T
    assert np.std(volts) / np.std(ma) * 1000 == pytest.approx(7001, rel=0.01)  # |Z| at 20 Hz


@pytest.mark.parametrize(
    ("name", "value"),
    [("loop_ohm", -1), ("ren", 11), ("phone_ohm", 0), ("erl_db", float("nan")), ("bounce_ms", 51), ("echo_ms", 61)],
)
def test_impossible_wires_are_refused(name: str, value: float) -> None:
    bench = ChipBench()
    wire = ffi.new("struct simboard_wire *")
    lib.simboard_wire_default(wire)
    setattr(wire, name, value)
    assert lib.simboard_set_wire(bench.board, 0, wire) == -errno.ERANGE
    assert lib.simboard_get_wire(bench.board, 7, wire) == -errno.EINVAL


def test_edges_that_run_backwards_are_refused() -> None:
    bench = ChipBench()
    edges = ffi.new("struct simboard_edge[]", [(5000, 1), (4000, 0)])
    assert lib.simboard_phone_schedule(bench.board, 0, edges, 2) == -errno.EINVAL


def test_clock_error_moves_frames_against_the_boards_time() -> None:
    bench = ChipBench()
    highway = lib.simboard_highway(bench.board)
    lib.simboard_set_clock_ppm(bench.board, 200.0)
    before = lib.simboard_frames(bench.board)
    bench.step_ms(10000)
    assert lib.simboard_frames(bench.board) - before == pytest.approx(80000 * (1 + 200e-6), abs=1)
    assert highway.drift_ppm(highway.self) == pytest.approx(200.0, abs=0.01)


def test_the_same_seed_gives_the_same_board() -> None:
    traces = []
    for _ in range(2):
        bench = ChipBench(seed=99)
        bench.wire(bounce_ms=8, noise_dbm0=-40)
        bench.power_up()
        bench.lift()
        traces.append(bench.trace_of_next_ms(200))
    assert np.array_equal(traces[0], traces[1])
    assert lib.simboard_seed(bench.board) == 99
