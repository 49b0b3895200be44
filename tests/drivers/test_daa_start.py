"""Start-up of the Si3050 against a scripted bus: every octet in its place, and every refusal a plain sentence."""

from __future__ import annotations

import pytest

from drivers.bus import Bus
from drivers.daa import Daa
from drivers.daa_levels import daa_codes, gain_codes, terminations
from drivers.errors import ChipError
from drivers.exchange_port import ExchangeLineProfile
from drivers.startup import run_together
from tests.drivers.scripted_spi import ScriptedSpi

PROBE = "R 2 03\nW 1 80\nWAIT 100\nR 2 03\nW 33 00\nW 36 5A\nR 36 5A\nW 36 00\n"
SPAIN = """
W 34 10\nW 35 00\nW 36 10\nW 37 00                ; slot 2
W 16 00\nW 17 00\nR 25 97\nW 25 07                ; the resistor's calibration is kept
W 26 C2\nW 30 02\nW 31 A8\nW 59 00                ; Spain, full scale of 3.2 dBm
W 45 04\nW 46 F6\nW 47 F2\nW 48 04\nW 49 FE\nW 50 FF\nW 51 01\nW 52 FF   ; hybrid of 270+(750//150n)
W 18 02\nW 23 2D\nW 3 00
W 6 00\nWAIT 10\nR 12 00\nWAIT 10\nR 12 40        ; the line side answers
R 11 35\nW 5 08
W 38 00\nW 39 01\nW 40 11\nW 41 00                ; -0.1 dB to the line, 1.0 dB from it
W 33 20\nW 4 00\nW 2 13
"""
JAPAN = """
W 34 F8\nW 35 00\nW 36 F8\nW 37 00                ; slot 31
W 16 00\nW 17 00\nR 25 00\nW 25 00
W 26 90\nW 30 00\nW 31 20\nW 59 00                ; DCV and MINI forbid full scale
W 45 00\nW 46 FE\nW 47 00\nW 48 01\nW 49 FF\nW 50 01\nW 51 00\nW 52 00
W 18 02\nW 23 2D\nW 3 00
W 6 00\nWAIT 10\nR 12 40
R 11 33\nW 5 08
W 38 00\nW 39 12\nW 40 11\nW 41 12                ; -3.0+3.1 = 0.1 dB to the line ... see below
W 33 28\nW 4 00\nW 2 13
"""


def start(script: str, profile: ExchangeLineProfile, slot: int) -> tuple[Daa, ScriptedSpi]:
    spi = ScriptedSpi(script, daa=True)
    daa = Daa("fxo1", Bus.in_process(spi.address), 0, slot, profile)
    run_together(Bus.in_process(spi.address), {"fxo1": daa.begin(after_reset=True)})
    return daa, spi


def test_start_for_spain_is_right_octet_by_octet() -> None:
    daa, spi = start(PROBE + SPAIN, ExchangeLineProfile(), 2)
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place}"
    assert daa.in_service
    assert str(daa.identity) == "Si3050 revision E with Si3019"


def test_start_for_japan_with_u_law_and_gains_is_right_octet_by_octet() -> None:
    profile = ExchangeLineProfile(termination="japan", law="ulaw", into_call_db=0.0, to_line_db=-3.2)
    _, spi = start(PROBE + JAPAN, profile, 31)
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place}"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("R 2 FF", "fxo1: no chip answers on chip select 0 (register 2 reads 0xFF, expected 0x03)"),
        ("R 2 00", "fxo1: no Si3050 answers on chip select 0 (register 2 reads 0x00, expected 0x03)"),
        (
            "R 2 03\nW 1 80\nWAIT 100\nR 2 03\nW 33 00\nW 36 5A\nR 36 58\nW 36 00",
            "fxo1: chip select 0 does not keep what is written (register 36 reads 0x58, expected 0x5A)",
        ),
        (
            PROBE + SPAIN[: SPAIN.index("R 11 35")] + "R 11 15",
            "fxo1: chip select 0 has a Si3018 (register 11 reads 0x15), this driver wants a Si3019",
        ),
    ],
)
def test_a_chip_that_is_not_right_is_refused(script: str, sentence: str) -> None:
    daa, spi = start(script, ExchangeLineProfile(), 2)
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place}"
    assert not daa.in_service
    assert f"fxo1: {daa.failure}" == sentence


def test_a_dead_line_side_is_tried_three_times() -> None:
    tries = ("W 6 00\n" + "WAIT 10\nR 12 00\n" * 200 + "W 6 10\nWAIT 10\n") * 3
    daa, spi = start(PROBE + SPAIN[: SPAIN.index("W 6 00")] + tries + "R 12 00", ExchangeLineProfile(), 2)
    assert spi.finished(), spi.wrong or f"stopped at step {spi.place}"
    assert daa.failure == "the line side of the chip does not start (register 12 reads 0x00)"


@pytest.mark.parametrize(
    ("db", "codes"),
    [(0.0, (0, 0)), (3.1, (3, 1)), (-2.2, (0x12, 0x12)), (12.0, (12, 0)), (-15.0, (0x1F, 0)), (-0.1, (0, 0x11))],
)
def test_gain_registers(db: float, codes: tuple[int, int]) -> None:
    assert gain_codes("to_line_db", db, 0.0) == codes


def test_what_cannot_be_set_is_said() -> None:
    with pytest.raises(ValueError, match=r"to_line_db is 13 dB, allowed -15.0 to 12.0 dB"):
        gain_codes("to_line_db", 13.0, 0.0)
    with pytest.raises(ValueError, match=r"no termination 'atlantis' in datasheet, allowed are argentina"):
        daa_codes(ExchangeLineProfile(termination="atlantis"))
    with pytest.raises(ValueError, match=r"no list of terminations is called 'x', allowed are datasheet"):
        daa_codes(ExchangeLineProfile(source="x"))


@pytest.mark.parametrize("source", ["datasheet", "dahdi", "vendor"])
def test_every_row_of_every_list_can_be_programmed(source: str) -> None:
    rows = terminations(source)
    assert len(rows) == {"datasheet": 71, "dahdi": 73, "vendor": 13}[source]
    for name in rows:
        codes = daa_codes(ExchangeLineProfile(termination=name, source=source))
        assert codes.control5 & 0x80 == 0 or codes.dc & 0xF0 == 0xC0  # FULL wants DCV=11 and MINI=00
        assert codes.ring2 & 0x78  # RTO=0 is not allowed


def test_a_chip_without_a_scanner_takes_no_commands() -> None:
    daa, _ = start(PROBE + SPAIN, ExchangeLineProfile(), 2)
    with pytest.raises(ChipError, match="no scanner watches this line"):
        daa.seize()
