"""Ring groups and numbers called from outside in the settings file: what contradicts is told with key and cure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.config.load import load
from firmware.config.mistake import SettingsError
from firmware.telephony.countries import numbering_of
from tests.config.test_outside import mistakes

BASE = (
    '[lines.fxs2]\nnumber = "102"\n[lines.fxo1]\n[lines.fxo2]\n[groups.all]\nnumber = "600"\nmembers = ["101", "102"]\n'
)


@pytest.mark.parametrize(
    "text",
    [
        '[inbound.a]\nlines = ["fxo1"]\ntarget = "600"\n[lines.fxo3]\ntarget = "600"\nfax_to = "600"\n',
        '[inbound.a]\nnumbers = ["912345101-912345102"]\nkeep = 3\n',
        '[inbound.a]\nnumbers = ["912345601-912345602", "77"]\nkeep = 1\nadd = "10"\ntarget = "301"\n',
        '[inbound.a]\nnumbers = ["912345601-912345602"]\ntarget = "101-102"\n',
        '[inbound.a]\nnumbers = ["912345601", "912345600-912345699", "9123*"]\ntarget = "101"\n',
        '[inbound.a]\nnumbers = ["91"]\ntarget = "101"\n[inbound.b]\nnumbers = ["91"]\nlines = ["fxo1"]\n'
        'target = "101"\n[inbound.c]\nnumbers = ["91"]\nlines = ["fxo2"]\ntarget = "101"\n',
        '[callers.boss]\nnumbers = ["600111222"]\ntarget = "600"\n',
    ],
)
def test_what_fits_is_taken(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, BASE + text) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[groups.b]\nnumber = "101"\nmembers = ["102"]\n', "groups.b.number uses number 101, which lines.fxs1.number"),
        ('[groups.b]\nnumber = "601"\nmembers = ["601", "101"]\n', "groups.b.members holds 601, the group itself"),
        ('[groups.b]\nnumber = "601"\nmembers = ["600"]\n',
         'groups.b.members is ["600"], allowed telephones and SIP users: 101, 102'),
        ('[groups.b]\nnumber = "601"\nmembers = ["101", "301", "999"]\n',
         'groups.b.members is ["301", "999"], allowed'),
        ('[groups.b]\nnumber = "601"\nmembers = []\n', "groups.b.members is [], allowed 1 to 20 numbers, each once"),
        ('[groups.b]\nnumber = "601"\n', "groups.b.members is missing"),
        ('[inbound.a]\ntarget = "101"\n', "inbound.a.numbers is missing, and lines too"),
        ('[inbound.a]\nnumbers = ["91"]\n', "inbound.a.target is missing, and keep too"),
        ('[inbound.a]\nnumbers = ["91"]\ntarget = "103"\n',
         'inbound.a.target is "103", allowed a number of the house: 101, 102, 301, 600'),
        ('[inbound.a]\nnumbers = ["91"]\ntarget = "101"\nadd = "1"\n', 'inbound.a.add is "1", allowed nothing without'),
        ('[inbound.a]\nnumbers = ["91"]\nlines = ["fxo3"]\ntarget = "101"\n',
         'inbound.a.lines is ["fxo3"], allowed of [lines]: fxo1, fxo2'),
        ('[inbound.a]\nnumbers = ["912345100-912345199"]\nkeep = 3\n',
         "inbound.a.keep makes of 912345100 the number 100, which the house does not have"),
        ('[inbound.a]\nnumbers = ["912345101-912345103"]\nkeep = 3\n',
         "inbound.a.keep makes of 912345103 the number 103, which the house does not have"),
        ('[inbound.a]\nnumbers = ["91*"]\nkeep = 3\n', "inbound.a.keep is 3, allowed keep only with numbers"),
        ('[inbound.a]\nlines = ["fxo1"]\nkeep = 3\n', "inbound.a.keep is 3, allowed keep only with numbers and ranges"),
        ('[inbound.a]\nnumbers = ["9101-9103"]\ntarget = "101-103"\n',
         "inbound.a.target holds 103, which is no number of the house"),
        ('[inbound.a]\nnumbers = ["9101-9103"]\ntarget = "101-102"\n',
         'inbound.a.target is "101-102", allowed one number, or as many as one range of numbers has'),
        ('[inbound.a]\nnumbers = ["9101-9102"]\nkeep = 3\ntarget = "101-102"\n',
         'inbound.a.target is "101-102", allowed'),
        ('[inbound.a]\nnumbers = ["91-92"]\ntarget = "101"\n[inbound.b]\nnumbers = ["92-93"]\ntarget = "101"\n',
         "inbound.b.numbers holds 92-93, which inbound.a has"),
        ('[inbound.a]\nnumbers = ["92-93"]\ntarget = "101"\n[inbound.b]\nnumbers = ["91-94"]\ntarget = "101"\n',
         "inbound.b.numbers holds 91-94, which inbound.a has"),
        ('[inbound.a]\nnumbers = ["91*"]\ntarget = "101"\n[inbound.b]\nnumbers = ["91*"]\ntarget = "101"\n',
         "inbound.b.numbers holds 91*, which inbound.a has"),
        ('[inbound.a]\nnumbers = ["91"]\nlines = ["fxo1"]\ntarget = "101"\n[inbound.b]\nnumbers = ["91"]\n'
         'lines = ["fxo2", "fxo1"]\ntarget = "101"\n', "inbound.b.numbers holds 91, which inbound.a has"),
        ('[inbound.a]\nlines = ["fxo1"]\ntarget = "101"\n[inbound.b]\nlines = ["fxo1"]\ntarget = "102"\n',
         "inbound.b.lines holds every number of fxo1, which inbound.a has"),
        ('[inbound.a]\nnumbers = ["91-9"]\ntarget = "101"\n', 'inbound.a.numbers is ["91-9"], allowed numbers such as'),
        ('[inbound."a b"]\nnumbers = ["91"]\ntarget = "101"\n', "has a name that is not allowed here"),
    ],
)  # fmt: skip
def test_what_does_not_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    assert any(sentence in mistake for mistake in mistakes(tmp_path, BASE + text)), mistakes(tmp_path, BASE + text)


def test_a_group_too_large(tmp_path: Path) -> None:
    lines = "".join(f'[lines.fxs{n}]\nnumber = "1{n}"\n' for n in range(10, 31))
    members = ", ".join(f'"1{n}"' for n in range(10, 31))
    (told,) = mistakes(tmp_path, f'{lines}[groups.a]\nnumber = "600"\nmembers = [{members}]\n')
    assert "groups.a.members is" in told and "allowed 1 to 20 numbers, each once" in told


@pytest.mark.parametrize(
    ("country", "first", "second"),
    [
        ("es", "912345600-912345699", "+34912345650-+34912345655"),
        ("es", "0034912345678", "912345678"),
        ("fr", "0123456789", "+33123456789"),
        ("uk", "020*", "+4420*"),
    ],
)
def test_one_number_in_two_forms_is_claimed_twice(tmp_path: Path, country: str, first: str, second: str) -> None:
    file = tmp_path / "tipring.toml"
    tables = "".join(
        f'[inbound.{name}]\nnumbers = ["{text}"]\ntarget = "101"\n' for name, text in (("a", first), ("b", second))
    )
    file.write_text(f'country = "{country}"\n[lines.fxs1]\nnumber = "101"\n{tables}', encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(f"inbound.b.numbers holds {second}, which inbound.a has")):
        load(file, {country: numbering_of(country)})
