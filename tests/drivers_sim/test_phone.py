"""The rig's telephone on a stepped board whose chip is powered up by raw register pokes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure, measure_dtmf
from drivers.sim._sim import ffi, lib
from drivers.sim.board import SimBoard, read_ports
from drivers.sim.dialling import KeyPad, RotaryDial, dtmf_sound, pulse_edges
from drivers.sim.phone import Phone
from drivers.sim.phone_state import phone_state
from drivers.sim.rig_protocol import RigError
from tests.drivers_sim.chip_bench import ChipBench


def powered(**wire: float) -> tuple[ChipBench, Phone]:
    bench = ChipBench()
    bench.power_up()
    phone = Phone(bench.board, 0, "fxs1")
    phone.set_wire(**wire)
    bench.step_ms(500)  # the ringer's capacitor charges
    return bench, phone


def sound_at_the_port(bench: ChipBench, ms: float) -> np.ndarray:
    """What the chip sends on its slot, decoded from A-law here."""
    highway = lib.simboard_highway(bench.board)
    octets = bytearray()
    block = ffi.new("unsigned char[40]")
    while highway.begin_block(highway.self):
        pass
    for _ in range(round(ms / 5)):
        bench.step_ms(5)
        while highway.begin_block(highway.self):
            highway.read(highway.self, 0, block)
            octets += bytes(block)
    return alaw_decoded(bytes(octets))


def alaw_decoded(octets: bytes) -> np.ndarray:
    code = np.frombuffer(octets, dtype=np.uint8) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    step = np.where(exponent == 0, mantissa * 2 + 1, (mantissa * 2 + 33) << np.maximum(exponent, 1) - 1)
    return np.where(code & 0x80, step, -step) * 8


def test_lift_draws_loop_current_and_hang_up_ends_it() -> None:
    bench, phone = powered(ren=0)  # no ringer: its capacitor would draw a charging current
    assert (phone.lifted, phone.line().loop_ma) == (False, pytest.approx(0, abs=0.1))
    phone.lift(resistance_ohm=600)
    bench.step_ms(100)
    line = phone.line()
    assert line.lifted
    assert line.loop_ma == pytest.approx(20.0, abs=0.5)
    assert line.phone_v == pytest.approx(12.0, abs=0.3)
    phone.hang_up()
    bench.step_ms(500)
    assert phone.line().loop_ma == pytest.approx(0, abs=0.1)


def test_flash_opens_the_loop_for_exactly_as_long_as_told() -> None:
    bench, phone = powered(ren=0)
    phone.lift(600)
    bench.step_ms(100)
    start = phone.frame
    phone.flash(100)
    bench.step_ms(200)
    opened = np.flatnonzero(phone.volts_since(start) > 30)
    # The voltage needs about 2 ms to rise past 30 V once the contact has opened.
    assert 96 < (opened[-1] - opened[0]) / 8 <= 100.2
    assert phone.lifted
    assert phone.edges_waiting == 0


@pytest.mark.parametrize(("pulses_per_s", "break_ratio"), [(10, 0.6), (10, 0.667), (8, 0.6), (11, 0.6)])
def test_pulse_edges_follow_speed_and_break_ratio(pulses_per_s: float, break_ratio: float) -> None:
    edges = pulse_edges("30", 1000, RotaryDial(pulses_per_s, break_ratio, gap_ms=800))
    assert len(edges) == 2 * 13
    breaks_ms = [(closed - opened) / 1000 for (opened, _), (closed, _) in zip(edges[0::2], edges[1::2], strict=True)]
    assert breaks_ms == pytest.approx([1000 / pulses_per_s * break_ratio] * 13, abs=0.01)
    assert (edges[6][0] - edges[5][0]) / 1000 == pytest.approx(800 + 1000 / pulses_per_s * (1 - break_ratio), abs=0.01)


def test_digits_reach_the_highway_at_their_levels() -> None:
    bench, phone = powered(loss_db=0)
    phone.lift(600)
    bench.step_ms(100)
    took_ms = phone.dial("159D", KeyPad(on_ms=65, off_ms=65, low_dbm0=-12, high_dbm0=-10))
    assert took_ms == 4 * 130
    seen = measure_dtmf.dtmf(sound_at_the_port(bench, 600))
    assert "".join(one.digit for one in seen) == "159D"
    for one in seen:
        assert one.low.dbm0 == pytest.approx(-12, abs=0.7)
        assert one.high.dbm0 == pytest.approx(-10, abs=0.7)
    assert phone.digits_sent == "159D"


def test_speech_is_heard_back_as_sidetone_30_db_down() -> None:
    bench, phone = powered()
    phone.lift(600)
    bench.step_ms(100)
    start = phone.frame
    assert phone.say(measure.sine(1020, -10, 0.5)) == 4000
    assert phone.unsaid_ms == 500
    bench.step_ms(400)
    assert measure.level_dbm0(phone.heard_since(start)[800:]) == pytest.approx(-40, abs=0.5)
    phone.hang_up()
    assert phone.unsaid_ms == 0


def test_ringing_is_told_with_hertz_volts_and_cadence_and_ends_with_the_lift() -> None:
    bench, phone = powered(ren=1, loop_ohm=0)
    assert phone_state(phone)["ringing"] is None
    for _ in range(2):
        bench.linefeed(4, 1000)
        bench.linefeed(2, 1000)
    told = phone_state(phone)
    assert told["hook"] == "on"
    assert told["ringing"]["hz"] == pytest.approx(20, abs=0.2)
    assert told["ringing"]["v_rms"] == pytest.approx(49, abs=2)
    assert told["ringing"]["cadence_ms"] == pytest.approx([1000, 1000, 1000], abs=50)
    assert told["ringing"]["silent_ms"] == pytest.approx(1000, abs=60)
    phone.lift(600)
    bench.step_ms(100)
    assert phone_state(phone)["ringing"] is None


def test_ringing_counts_as_over_when_the_bell_stays_silent() -> None:
    bench, phone = powered(ren=1)
    for _ in range(2):
        bench.linefeed(4, 400)
        bench.linefeed(1, 400)
    assert phone_state(phone)["ringing"] is not None
    bench.step_ms(700)
    assert phone_state(phone)["ringing"] is None


def test_the_state_of_an_idle_telephone() -> None:
    _, phone = powered(ren=0)
    told = phone_state(phone)
    assert told == {
        "port": "fxs1",
        "hook": "on",
        "loop_v": pytest.approx(48, abs=0.5),
        "loop_ma": pytest.approx(0, abs=0.2),
        "ringing": None,
        "tones": [],
        "digits_sent": "",
        "digits_heard": "",
        "first_tone_ms": None,
        "ring_trip_ms": None,
    }


def test_wires_and_digits_that_cannot_be_are_told_with_what_is_allowed() -> None:
    _, phone = powered()
    for change, sentence in [
        ({"ren": 11}, "fxs1: ren is 11, allowed 0 to 10 REN"),
        ({"loop_ohms": 5}, "fxs1: a wire has no 'loop_ohms', allowed are loop_ohm, leak_ohm"),
        ({"bounce_ms": float("nan")}, "fxs1: bounce_ms is nan, allowed 0 to 50 ms"),
    ]:
        with pytest.raises(RigError, match=sentence):
            phone.set_wire(**change)
    with pytest.raises(RigError, match="digits '12x' cannot be dialled, DTMF digits are"):
        dtmf_sound("12x")
    with pytest.raises(RigError, match="dial pulses are for the digits 0123456789"):
        pulse_edges("1#", 0)
    with pytest.raises(RigError, match="longer than 8 s to dial"):
        phone.dial("1" * 80)
    with pytest.raises(RigError, match="allowed are 256 in all"):
        phone.pulse_dial("0" * 13)


def test_boards_that_cannot_be_simulated_are_told(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"

    def refused(text: str, sentence: str) -> None:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(RigError, match=sentence):
            read_ports(file)

    refused("x = ", "is no TOML file")
    refused("x = 1", r"has no \[\[port\]\] table")
    refused(
        '[[port]]\nname = "fxs1"\nchip = "xhfc"\ncs = 0\nslot = 0',
        "chip is 'xhfc', simulated are si3210, si3215, si3050",
    )
    refused('[[port]]\nname = "fxs1"\nchip = "si3210"\ncs = "a"\nslot = 0', "cs is 'a', allowed is a number")
    with pytest.raises(RigError, match=r"nowhere\.toml cannot be read"):
        SimBoard("nowhere")


def test_unknown_ports_and_faults_are_told() -> None:
    with SimBoard("sim", seed=3) as board:
        with pytest.raises(RigError, match="no port 'fxs9' on this board, its ports are fxs1, fxs2"):
            board.fault("fxs9", "dead-bus")
        with pytest.raises(RigError, match="no fault 'rain', allowed are dead-bus, wrong-identity"):
            board.fault("fxs1", "rain")
        board.fault("fxs1", "stuck-interrupt")
        assert board.faults("fxs1") == ["stuck-interrupt"]
        board.fault("fxs1", "stuck-interrupt", on=False)
        assert board.faults("fxs1") == []
        assert (board.reset_high, board.violations()) == (False, [])
