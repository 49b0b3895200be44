"""Exchange lines and ways out in the settings file: what contradicts is told with key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.config.dial_in_settings import DialInSettings
from firmware.config.load import load
from firmware.config.mistake import SettingsError
from firmware.config.user_settings import User
from firmware.telephony.countries import country_names, load_country, numberings

HOUSE = '[lines.fxs1]\nnumber = "101"\ndid = ["301"]\n'
DIALS_IN = '[dial_in.ana]\npin = "482913"\nlines = ["fxo1"]\n'


def mistakes(folder: Path, text: str) -> list[str]:
    file = folder / "tipring.toml"
    file.write_text(HOUSE + text, encoding="utf-8")
    try:
        load(file)
    except SettingsError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


@pytest.mark.parametrize(
    "text",
    [
        '[lines.fxo1]\ntarget = "101"\n[lines.fxo2]\ntarget = "301"\n[lines.fxo3]\n',
        '[lines.fxo1]\n[outbound.city]\nprefix = "0"\nstrip = 1\n[outbound.abroad]\nprefix = "00"\n',
        '[lines.fxo1]\n[outbound.a]\nprefix = "0"\ncalls_most = 4\n[outbound.b]\nprefix = "0"\n',
    ],
)
def test_what_fits_is_taken(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[lines.fxo1]\ntarget = "102"\n', 'lines.fxo1.target is "102", allowed a number of the house: 101, 301'),
        ('[lines.fxo1]\ntargt = "101"\n', "lines.fxo1.targt is not a setting; did you mean target?"),
        ('[lines.fxo0]\ntarget = "101"\n', "lines.fxo0 has a name that is not allowed here, allowed names fxs1"),
        ('[callers.spam]\ntarget = "102"\n', 'callers.spam.target is "102", allowed a number of the house: 101, 301'),
        ("[exchange_lines.fxo1]\n", "exchange_lines is not a setting"),
        ('[outbound.city]\nprefix = "0"\n', 'outbound.city.lines is ["fxo1"], allowed of [lines]: none'),
        (
            '[lines.fxo1]\n[outbound.a]\nprefix = "0"\n[outbound.b]\nprefix = "0"\n',
            "outbound.b.prefix is that of outbound.a too, which has no calls_most",
        ),
        (
            '[lines.fxo1]\n[dial_in.ana]\npin = "482913"\nlines = ["fxo2"]\n',
            'dial_in.ana.lines is ["fxo2"], allowed of [lines]: fxo1',
        ),
        ('[lines.fxo1]\n[dial_in.ana]\nlines = ["fxo1"]\n', "dial_in.ana.pin is missing, allowed 6 to 12 digits"),
        ('[lines.fxo1]\necho = "off"\n' + DIALS_IN, 'lines.fxo1.echo is "off", allowed "32" to "128": dial-in would'),
        (
            "[lines.fxo1]\ndid_digits = 3\n" + DIALS_IN.removeprefix("[lines.fxo1]\n"),
            "lines.fxo1.did_digits is 3, allowed 0: callers dial in on that line",
        ),
        (DIALS_IN + DIALS_IN.replace("ana", "luis"), "dial_in.luis.pin is that of dial_in.ana too"),
        ('[lines.fxo1]\n[outbound."a b"]\nprefix = "0"\n', "has a name that is not allowed here, allowed 1 to 20"),
    ],
)
def test_what_does_not_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    assert any(sentence in mistake for mistake in mistakes(tmp_path, text)), mistakes(tmp_path, text)


@pytest.mark.parametrize("pin", ["4829", "482913x", "777777", "234567", "48291\\u0663"])
def test_a_pin_is_never_repeated(tmp_path: Path, pin: str) -> None:
    told = mistakes(tmp_path, f'[lines.fxo1]\n[dial_in.ana]\npin = "{pin}"\nlines = ["fxo1"]\n')
    assert len(told) == 1 and "dial_in.ana.pin is …, allowed 6 to 12 digits, 3 different" in told[0]
    assert pin not in told[0]


@pytest.mark.parametrize(
    "text",
    ['[dial_in]\nana = "482913"\n', "[dial_in]\nana = 482913\n", "dial_in = 482913\n", '[users]\n201 = "482913"\n'],
)
def test_a_secret_in_the_place_of_its_table_is_not_repeated(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    told = [str(mistake) for mistake in caught.value.mistakes]
    assert any("is …, allowed a table of settings" in mistake for mistake in told)
    assert "482913" not in "".join(told) and "482913" not in repr(caught.value.mistakes)


def test_no_secret_stands_in_what_settings_show_of_themselves() -> None:
    user = User(ha1_md5="ab" * 16, ha1_sha256="cd" * 32)
    assert "abab" not in repr(user) and "cdcd" not in repr(user)
    assert "482913" not in repr(DialInSettings(pin="482913", lines=("fxo1",)))


def test_who_may_call_outside_has_a_longer_pin(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, "[lines.fxo1]\n" + DIALS_IN + "outside = true\n")
    assert "dial_in.ana.pin is too short for who may call outside" in told and "482913" not in told
    assert not mistakes(tmp_path, "[lines.fxo1]\n" + DIALS_IN.replace("482913", "48291306") + "outside = true\n")


def test_a_pin_that_two_have_is_not_repeated(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "[lines.fxo1]\n" + DIALS_IN + DIALS_IN.replace("ana", "luis"))
    assert told and "482913" not in "".join(told)


@pytest.mark.parametrize("country, number, key", [("es", "112", "users.112"), ("us", "911", "lines.fxs1.number")])
def test_no_telephone_has_a_main_emergency_number_where_it_can_be_called(
    tmp_path: Path, country: str, number: str, key: str
) -> None:
    file = tmp_path / "tipring.toml"
    secrets = f'ha1_md5 = "{"0" * 32}"\nha1_sha256 = "{"0" * 64}"\n'
    owner = f'[lines.fxs1]\nnumber = "{number}"\n' if "lines" in key else f"[users.{number}]\n{secrets}"
    house = f'country = "{country}"\n{owner}'
    file.write_text(house)
    load(file, numberings())  # nobody can be called outside
    file.write_text(house + "[lines.fxo1]\n")
    with pytest.raises(SettingsError) as caught:
        load(file, numberings())
    (mistake,) = caught.value.mistakes
    assert str(mistake).endswith(
        f"{key} is {number}, an emergency number that the exchange lines must reach; give it another"
    )
    file.write_text(house.replace(number, "101") + "[lines.fxo1]\n")
    load(file, numberings())


def test_main_emergency_numbers() -> None:
    main = {code: numbers.main_emergencies for code, numbers in numberings().items()}
    assert set(main) == set(country_names())
    assert main["es"] == {"112"} and main["us"] == {"911"} and main["be"] == {"112"}
    assert main["br"] == {"190", "112", "911"} and main["uk"] == {"999", "112"}
    assert all(numbers <= set(load_country(code).emergency) for code, numbers in main.items())
