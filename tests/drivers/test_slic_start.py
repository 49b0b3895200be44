"""Start-up against a scripted bus: every octet in its place, and every refusal a plain sentence."""

import pytest

from drivers.bus import Bus
from drivers.errors import ChipError
from drivers.ports import LineProfile
from drivers.slic import Slic
from tests.drivers import start_scripts as scripts
from tests.drivers.scripted_spi import ScriptedSpi

SPAIN = LineProfile()
UNITED_STATES = LineProfile(ring_hz=20.0, ring_v_rms=48.0, impedance="600", loop_ma=28, rx_gain_db=-6.0, law="ulaw")
SI3215_STORED = bytes((0x03, 0x80)) + scripts.SI3215_VECTOR
SI3210_STORED = bytes((0x05, 0x00)) + scripts.SI3210_VECTOR


def start(script: str, chip: str = "si3215", calibration: bytes | None = None) -> tuple[Slic, ScriptedSpi]:
    """A port whose start ran through `script` to its end."""
    spi = ScriptedSpi(script)
    profile, slot = (SPAIN, 0) if chip == "si3215" else (UNITED_STATES, 9)
    slic = Slic("fxs1", Bus.in_process(spi.address), 0, slot, profile, calibration, chip)
    slic.start()
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place} of {len(spi.steps)}"
    return slic, spi


def refusal(script: str, chip: str | None = "si3215", profile: LineProfile = SPAIN) -> str:
    """The sentence of a start that must fail exactly where `script` ends."""
    spi = ScriptedSpi(script)
    slic = Slic("fxs1", Bus.in_process(spi.address), 0, 0, profile, None, chip)
    with pytest.raises(ChipError) as refused:
        slic.start()
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place} of {len(spi.steps)}"
    assert not slic.in_service
    assert slic.failure == refused.value.reason
    return str(refused.value)


@pytest.mark.parametrize(
    ("script", "chip", "stored", "kept"),
    [
        (scripts.SI3215_FIRST, "si3215", None, SI3215_STORED),
        (scripts.SI3215_STORED, "si3215", SI3215_STORED, SI3215_STORED),
        (scripts.SI3210_FIRST, "si3210", None, SI3210_STORED),
        (scripts.SI3210_STORED, "si3210", SI3210_STORED, SI3210_STORED),
    ],
    ids=["si3215-first", "si3215-stored", "si3210-first", "si3210-stored"],
)
def test_start_is_right_octet_by_octet(script: str, chip: str, stored: bytes | None, kept: bytes) -> None:
    slic, _ = start(script, chip, stored)
    assert slic.in_service
    assert slic.failure == ""
    assert slic.calibration == kept


@pytest.mark.parametrize(
    "stored",
    [
        SI3210_STORED,  # of another family
        SI3215_STORED[:-1],
        bytes((0x03, 0x80, 0x40)) + scripts.SI3215_VECTOR[1:],  # would start a calibration
        SI3215_STORED[:-1] + b"\x0f",
    ],
)
def test_a_calibration_that_does_not_fit_is_made_anew(stored: bytes) -> None:
    assert start(scripts.SI3215_FIRST, "si3215", stored)[0].calibration == SI3215_STORED


def test_off_hook_during_balance_leaves_calibration_to_the_next_start() -> None:
    calibration = scripts.SI3210_CALIBRATION
    lifted = calibration.replace("R 68 00\nW 64 00\nW 20 FF\nW 97 01\nW 96 40\nR 96 40\nWAIT 5\nR 96 00\nR 20 00\n",
                                 "R 68 01\nW 64 00\n")  # fmt: skip
    assert lifted != calibration
    slic, _ = start(scripts.SI3210_FIRST.replace(calibration, lifted), "si3210")
    assert slic.in_service
    assert slic.calibration == b""


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("R 8 FF", "fxs1: no chip answers on chip select 0 (register 8 reads 0xFF, expected 0x02)"),
        (
            "R 8 02\nR 11 00",
            "fxs1: no Si321x fresh from reset answers on chip select 0 (register 11 reads 0x00, expected 0x33)",
        ),
        (
            "R 8 02\nR 11 33\nR 64 00\nR 0 01\nR 1 88",
            "fxs1: the chip on chip select 0 has revision 1 (register 0 reads 0x01), supported are 2 to 14",
        ),
        (
            "R 8 02\nR 11 33\nR 64 00\nR 0 13\nR 1 08",
            "fxs1: chip select 0 holds a Si3211, which this driver cannot run",
        ),
        (
            "R 8 02\nR 11 33\nR 64 00\nR 0 03\nR 1 88\nR 6 80",
            "fxs1: chip select 0 holds a Si3216, which this driver cannot run",
        ),
        (
            "R 8 02\nR 11 33\nR 64 00\nR 0 05\nR 1 08",
            "fxs1: chip select 0 holds a Si3210, the board file says si3215",
        ),
        (
            "R 8 02\nR 11 33\nR 64 00\nR 0 03\nR 1 88\nR 6 00\nW 1 00\nR 4 00\nW 4 5A\nR 4 00\nW 4 00",
            "fxs1: chip select 0 does not keep what is written (register 4 reads 0x00, expected 0x5A)",
        ),
    ],
)
def test_what_cannot_be_identified_is_refused_and_not_written_to(script: str, sentence: str) -> None:
    assert refusal(script) == sentence


def cut(script: str, after: str) -> str:
    """The script up to and with the line(s) `after`."""
    head, found, _ = script.partition(after)
    assert found
    return head + found + "\n"


STEADY_18_V = "R 80 30\nR 81 00\n" + "WAIT 5\nR 80 30\nR 81 00\n" * 200
IDENTITY = scripts.SI3215_IDENTITY


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (
            cut(scripts.SI3215_FIRST, "W 70 0B\n") + STEADY_18_V,
            "fxs1: foreign voltage on the line: 18 V while the port is off (registers 80 and 81); "
            "is it connected to an exchange line?",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 14 00\n") + "R 82 20\n" + "WAIT 5\nR 82 20\n" * 100 + "W 14 10\n",
            "fxs1: no line battery: 12 V after 500 ms, expected 88 V (register 82); "
            "is the card's 12 V supply connected?",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 93 99 ") + "R 93 99\n" + "WAIT 5\nR 93 99\n" * 220,
            "fxs1: calibration of the battery converter did not end in 1100 ms (register 93)",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 64 00\nW 97 1F\n")
            + ("W 96 5F\nR 96 5F\n" + "WAIT 5\nR 96 5F\n" * 400 + "W 97 1F\n") * 1
            + "W 96 5F\nR 96 5F\n"
            + "WAIT 5\nR 96 5F\n" * 400,
            "fxs1: calibration did not end in 2000 ms, tried 2 times (register 96)",
        ),
        (
            cut(scripts.SI3215_FIRST, "WI 26 0010\n") + "RI 0 7B31\n",
            "fxs1: indirect register 0 (OSC1) reads 0x7B31, expected 0x7B30",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 1 20 ") + "W 18 FF\nR 18 00\nW 19 FF\nR 19 02\n",
            "fxs1: interrupt stuck: register 19 reads 0x02 after clearing",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 22 FF ") + "W 64 01\nR 64 01\nR 19 80\n",
            "fxs1: the line feed does not start (power alarm, register 19 reads 0x80)",
        ),
        (
            cut(scripts.SI3215_FIRST, "W 22 FF ") + "W 64 01\nR 64 01\nR 19 00\n" + "WAIT 5\nR 64 01\nR 19 00\n" * 20,
            "fxs1: the line feed does not start (register 64 reads 0x01)",
        ),
    ],
    ids=["foreign", "battery", "converter", "calibration", "read-back", "interrupt", "alarm", "feed"],
)
def test_a_start_that_goes_wrong_says_why_and_leaves_the_line_open(script: str, sentence: str) -> None:
    assert refusal(script + scripts.QUIET) == sentence


def test_a_ringer_that_discharges_is_no_foreign_voltage() -> None:
    charged = "R 80 30\nR 81 00\nWAIT 5\nR 80 2D\nR 81 00\nWAIT 5\nR 80 2C\nR 81 00\n"
    script = scripts.SI3215_FIRST.replace("R 80 03  ; no foreign voltage\nR 81 02\n", charged)
    assert start(script)[0].in_service


def test_gain_search_that_finds_no_balance_is_refused() -> None:
    search = "".join(f"W 98 {code:02X}\nWAIT 40\nR 88 05\n" for code in range(0x1F, 0, -1))
    script = cut(scripts.SI3210_FIRST, "W 99 10 ") + search + scripts.QUIET
    spi = ScriptedSpi(script)
    slic = Slic("fxs1", Bus.in_process(spi.address), 0, 9, UNITED_STATES, None, "si3210")
    with pytest.raises(ChipError, match="gain calibration of the ring wire found no balance"):
        slic.start()
    assert spi.finished(), spi.wrong


def test_an_impedance_nobody_knows_is_refused_before_the_chip_is_powered() -> None:
    sentence = refusal(IDENTITY + scripts.QUIET, profile=LineProfile(impedance="50"))
    assert sentence.startswith("fxs1: impedance 50 is unknown, allowed ")
