"""Numbers called from outside: 200 of them, each by an independent reading, and what a look-up costs."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from firmware.app_numbers import inbound_table, with_inbound
from firmware.config.load import load
from firmware.config.number_span import read_span
from firmware.config.settings import Settings
from firmware.pbx.inbound import InboundRule, InboundTable
from firmware.telephony.countries import load_country
from firmware.telephony.numbering import Numbering

SPAIN = load_country("es").numbering
SINGLES = 60
TABLE = """
[inbound.kept]
numbers = ["912345600-912345669"]
keep = 2
add = "1"
[inbound.moved]
numbers = ["+34934440130-+34934440179"]
target = "241-290"
[inbound.rest]
numbers = ["91777*"]
target = "600"
[inbound.line_two]
numbers = ["912345600-912345609"]
lines = ["fxo2"]
target = "600"
[inbound.line_three]
lines = ["fxo3"]
target = "202"
"""


def settings_of(folder: Path, text: str) -> Settings:
    """A house with telephones 100 to 190 of SIP users, 200 to 299 too, group 600, lines fxo1 to fxo3."""
    check = f'ha1_md5 = "{"0" * 32}"\nha1_sha256 = "{"0" * 64}"\n'
    users = "".join(f"[users.{number}]\n{check}" for number in [*range(100, 190), *range(200, 300)])
    lines = "".join(f"[lines.fxo{n}]\n" for n in (1, 2, 3))
    file = folder / "tipring.toml"
    file.write_text(f'{users}{lines}[groups.all]\nnumber = "600"\nmembers = ["100", "200"]\n{text}', encoding="utf-8")
    return load(file)


def single(place: int) -> str:
    """One of the numbers that stand alone, written in one of the forms an installer may use."""
    national = f"9155{place * 163 % 100_000:05d}"
    return ("", "+34", "0034")[place % 3] + national


def independent() -> dict[str, str]:
    """National number -> who rings, said without the table's means: 60 alone, 70 kept, 50 moved, 20 of the rest."""
    wanted = {f"9155{place * 163 % 100_000:05d}": str(200 + place) for place in range(SINGLES)}
    wanted |= {"9123456" + last: "1" + last for last in (f"{n:02d}" for n in range(70))}
    wanted |= {f"934440{130 + n}": str(241 + n) for n in range(50)}
    wanted |= {f"917770{n:03d}": "600" for n in range(20)}
    return wanted


def test_two_hundred_numbers_ring_whom_they_should_in_every_form(tmp_path: Path) -> None:
    alone = "".join(
        f'[inbound.did{place}]\nnumbers = ["{single(place)}"]\ntarget = "{200 + place}"\n' for place in range(SINGLES)
    )
    table = inbound_table(settings_of(tmp_path, TABLE + alone), SPAIN)
    assert table.clashes == []
    wanted = independent()
    assert len(wanted) == 200
    for national, target in wanted.items():
        for form in (national, "+34" + national, "0034" + national, "34" + national):
            assert table.find(form) == table.find(form, "fxo1") == target, form
    near = {str(int(national) + step) for national in wanted for step in (-1, 1)} - wanted.keys()
    strangers = [number for number in near if not number.startswith("91777")]
    assert len(strangers) > 60
    for number in (*strangers, "", "112", "91234560", "9123456000", "+44912345600", "*31#", "9" * 5000, "٣" * 9):
        assert table.find(number) == table.find(number, "fxo1") == "", number


def test_one_number_before_a_range_before_a_beginning_before_the_line(tmp_path: Path) -> None:
    text = """
[inbound.begun]
numbers = ["9*"]
target = "201"
[inbound.longer]
numbers = ["9123*"]
target = "202"
[inbound.ranged]
numbers = ["912345600-912345699"]
target = "203"
[inbound.alone]
numbers = ["912345678"]
target = "204"
[inbound.of_line]
lines = ["fxo3"]
target = "205"
[inbound.both]
numbers = ["912345678"]
lines = ["fxo2"]
target = "206"
"""
    table = inbound_table(settings_of(tmp_path, text), SPAIN)
    calls = ["911111111", "912300000", "912345601", "912345678", "800000000", ""]
    assert [table.find(called, "fxo1") for called in calls] == ["201", "202", "203", "204", "", ""]
    assert [table.find(called, "fxo2") for called in calls] == ["201", "202", "203", "206", "", ""]
    assert [table.find(called, "fxo3") for called in calls] == ["201", "202", "203", "204", "205", "205"]


def test_digits_are_kept_where_there_is_such_a_number_and_the_rest_goes_to_the_target(tmp_path: Path) -> None:
    text = '[inbound.all]\nnumbers = ["9123450*"]\nkeep = 3\ntarget = "600"\n'
    table = inbound_table(settings_of(tmp_path, text), SPAIN)
    assert [table.find("9123450" + last) for last in ("29", "101", "0199", "0600", "")] == [
        "600", "101", "600", "600", "600",
    ]  # fmt: skip
    assert table.find("912345" + "0200") == "200"


def test_a_line_rings_what_its_own_number_leads_to(tmp_path: Path) -> None:
    text = '[inbound.a]\nnumbers = ["912345100-912345189"]\nkeep = 3\n'
    settings = settings_of(tmp_path, text)
    table = inbound_table(settings, SPAIN)
    line = settings.exchange_lines["fxo1"]
    for number, target in (("912345142", "142"), ("0034912345142", "142"), ("912345099", None), (None, None)):
        known = type(line)(number=number, target=None)
        assert with_inbound(known, "fxo1", table).target == target
    assert with_inbound(type(line)(number="912345099", target="200"), "fxo1", table).target == "200"


def test_two_forms_of_one_number_that_two_tables_claim_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = '[inbound.a]\nnumbers = ["912345600-912345699"]\ntarget = "200"\n'
    text += '[inbound.b]\nnumbers = ["+34912345650-+34912345660", "+34912345700"]\ntarget = "201"\n'
    table = inbound_table(settings_of(tmp_path, text), SPAIN)
    assert (table.find("912345655"), table.find("912345700")) == ("200", "201")
    assert "inbound.b: +34912345650-+34912345660 is a number of inbound.a, which has it" in caplog.text


def test_a_look_up_costs_no_more_with_many_rules_than_with_few() -> None:
    """Counted in lines of Python that run: the search of a sorted list is one call, whatever its length."""
    few, many = (_steps(count) for count in (4, 4000))
    assert few == many


def _steps(count: int) -> list[int]:
    dice = random.Random(5)
    rules = [
        InboundRule(f"r{n}", tuple(read_span(text) for text in spans), target=read_span(f"{n % 90 + 10}"))
        for n in dice.sample(range(count), count)
        if (spans := (f"91{n:04d}000-91{n:04d}499", f"93{n:04d}000", f"95{n:04d}*"))
    ]
    table = InboundTable(rules, Numbering("34"), {str(n) for n in range(10, 100)})
    assert [table.find(number) for number in ("910003499", "930003000", "950003999", "800000000")] == [
        "13", "13", "13", "",
    ]  # fmt: skip
    return [_lines_run(table, number) for number in ("910003499", "930003000", "950003999", "800000000", "910003500")]


def _lines_run(table: InboundTable, number: str) -> int:
    ran = 0

    def watch(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal ran
        ran += event == "line"
        return watch

    sys.settrace(watch)
    try:
        table.find(number)
    finally:
        sys.settrace(None)
    return ran
