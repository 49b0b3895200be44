"""The forms of one telephone number, of every country, by rows written by hand and by rule."""

from __future__ import annotations

import pytest

from firmware.telephony.countries import country_names, load_country

ROWS = [
    # country, as written, the national number
    ("es", "912345678", "912345678"),
    ("es", "+34912345678", "912345678"),
    ("es", "0034912345678", "912345678"),
    ("es", "0044207946000", "+44207946000"),
    ("es", "112", "112"),
    ("es", "003", "003"),
    ("fr", "0123456789", "123456789"),
    ("fr", "+33123456789", "123456789"),
    ("uk", "02079460000", "2079460000"),
    ("uk", "+442079460000", "2079460000"),
    ("it", "0612345678", "0612345678"),
    ("it", "+390612345678", "0612345678"),
    ("hu", "0611234567", "11234567"),
    ("us", "13125550100", "3125550100"),
    ("us", "01134912345678", "+34912345678"),
    ("us", "+13125550100", "3125550100"),
    ("ru", "+78121234567", "8121234567"),
    ("ru", "8121234567", "8121234567"),
    ("jp", "0312345678", "312345678"),
    ("jp", "010813" + "12345678", "312345678"),
    ("au", "001161291234567", "291234567"),
    ("pt", "+351211234567", "211234567"),
]


@pytest.mark.parametrize(("country", "written", "national"), ROWS)
def test_row(country: str, written: str, national: str) -> None:
    assert load_country(country).numbering.national(written) == national


@pytest.mark.parametrize("code", sorted(country_names()))
def test_every_form_of_a_number_is_the_same_number(code: str) -> None:
    country = load_country(code)
    national = "2345678" + "9"
    for form in (
        national,
        country.numbering.trunk_prefix + national,
        f"+{country.numbering.calling_code}{national}",
        f"{country.international}{country.numbering.calling_code}{national}",
    ):
        assert country.numbering.national(form) == national, form
        assert country.numbering.forms(form)[0] == national


def test_operators_send_the_country_code_without_plus() -> None:
    spain = load_country("es").numbering
    assert spain.forms("34912345678") == ("34912345678", "912345678")
    assert spain.forms("912345678") == ("912345678",)
    assert spain.forms("345678") == ("345678",)
    assert spain.forms("+34345678901") == ("345678901",)
    assert spain.forms("") == ("",)
