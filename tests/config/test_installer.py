"""What installers get wrong, and what they are told: one sentence for one mistake, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.cli import main
from firmware.config.absent_ports import absent_ports
from firmware.config.load import load, load_or_last_good
from firmware.config.mistake import SettingsError
from firmware.config.remarks import remarks

HOUSE = """\
[lines.fxs1]
number = "101"
[lines.fxs2]
number = "102"
[lines.fxo1]
target = "101"
number = "912345600"
[outbound.city]
prefix = "0"
lines = ["fxo1"]
"""


def told(folder: Path, content: str | bytes, language: str = "en") -> list[str]:
    file = folder / "x.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        load(file)
    except SettingsError as error:
        return [mistake.text(language).removeprefix("x.toml: ") for mistake in error.mistakes]
    return []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[lines.fox1]\ntarget = "101"\n', "lines.fox1 has a name that is not allowed here, allowed names fxs1"),
        ('[lines.fxs3]\nnumber = "103"\ntarget = "101"\n',
         "lines.fxs3.target is not a setting here; it belongs to tables such as [lines.fxo1]"),
        ('[lines.fxo2]\ntarget = "101"\nring_v_rms = 60\n',
         "lines.fxo2.ring_v_rms is not a setting here; it belongs to tables such as [lines.fxs1]"),
        ('[inbound]\nnumbers = ["91"]\ntarget = "101"\n',
         "inbound.numbers stands in [inbound], which needs a name, such as [inbound.office]"),
        ('[lines.fxs3]\nnumber = 103\n[lines.fxo2]\ntarget = "103"\n',
         'lines.fxs3.number is 103, allowed in "quotes": 2 to 8 digits, such as "101"'),
        ('[groups.a]\nnumber = "600"\nmembers = "101"\n', 'groups.a.members is "101", allowed in a list, [ ]: 2 to 8'),
        ('[groups.a]\nnumber = "600"\nmembers = [101]\n', 'groups.a.members is [101], allowed in "quotes": 2 to 8'),
        ('[groups.a]\nnumber = "600"\nmembers = ["fxs1"]\n', 'groups.a.members is ["fxs1"], allowed 2 to 8 digits'),
        ('[dial_in.ana]\npin = "28462684"\nlines = ["fxs1"]\n', 'dial_in.ana.lines is ["fxs1"], allowed names fxo1'),
        ('[inbound.a]\nnumbers = ["912345649-912345600"]\ntarget = "101"\n', "inbound.a.numbers is ["),
    ],
)  # fmt: skip
def test_one_mistake_is_told_once(tmp_path: Path, text: str, sentence: str) -> None:
    (only,) = told(tmp_path, HOUSE + text)
    assert only.startswith(sentence)


@pytest.mark.parametrize(
    ("text", "en", "es"),
    [
        ("[groups.Recepción]\n", "line 11, column 16 ([groups.Recepción]): names in [ ] have", "los nombres entre [ ]"),
        ("[dial_in.a]\npin = “28462684”\n", 'line 12, column 7 (pin): use the straight quotes "', "comillas rectas"),
        ("[web]\nport = 80,5\n", "line 12, column 10 (port): write decimals with a point", "decimales con punto"),
        ("[sip]\nforce_rport = True\n", "(force_rport): write true or false, in small letters", "en minúsculas"),
        ("[sip]\nforce_rport = sí\n", "(force_rport): write true or false, in small letters", "true (sí) o false (no)"),
        ("[lines.fxs3]\nnumber = 0103\n", "(number): put texts and telephone numbers in", "ponga los textos"),
        ("[lines.fxs3]\nname = Taller\n", "(name): put texts and telephone numbers in", "ponga los textos"),
        ("[lines.fxs1]\n", "([lines.fxs1]): this table stands twice", "esta tabla está dos veces"),
        ('[web]\nlisten = "::"\nlisten = "::"\n', "(listen): this setting stands twice", "este ajuste está dos veces"),
        ('[groups.a]\nmembers = ["101" "102"]\n', "(members): in a list, a comma or the ]", "falta una coma"),
        ('[groups.a]\nmembers = ["101",\n', "(members): in a list, a comma or the ]", "falta una coma"),
        ("[groups.a\n", "([groups.a): a ] is missing at its end", "falta ] al final"),
        ('[groups.a]\nname = "x\n', '(name): a text lacks the " at its end', "del final"),
        ("[groups.a]\nname =\n", "(name): a value is missing after =", "falta un valor"),
        ('[groups.a]\nname "x"\n', "line 12, column 6: write setting = value", "escriba ajuste = valor"),
    ],
)
def test_what_is_no_toml_is_told_in_words_and_in_both_languages(tmp_path: Path, text: str, en: str, es: str) -> None:
    (english,), (spanish,) = told(tmp_path, HOUSE + text), told(tmp_path, HOUSE + text, "es")
    assert en in english and es in spanish and spanish.startswith("línea ")
    assert "28462684" not in english + spanish, "a PIN must not be repeated"


def test_editors_of_windows(tmp_path: Path) -> None:
    assert told(tmp_path, b"\xef\xbb\xbf" + HOUSE.replace("\n", "\r\n").encode()) == []
    (only,) = told(tmp_path, '[lines.fxs1]\nname = "Recepción"\n'.encode("latin-1"))
    assert only == "line 2 is not UTF-8 text; save the file as UTF-8 in the editor"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("", ""), None),
        (('target = "101"\n', ""), "lines.fxo1.target"),
        (('target = "101"\n', '[inbound.a]\nlines = ["fxo1"]\ntarget = "101"\n[lines.fxo1]\n'), None),
        (('target = "101"', 'target = "101"\nfax_to = "102"'), "lines.fxo1.fax_to"),
        (('number = "102"', 'number = "102"\nhotline = "9999"'), "lines.fxs2.hotline"),
        (('number = "102"', 'number = "102"\nhotline = "0600123456"'), None),
        (('number = "102"', 'number = "102"\nhotline = "112"'), None),
        (("", "[callers.spam]\n"), "callers.spam"),
        (("", '[callers.spam]\nnumbers = ["*"]\n'), "callers.spam.numbers"),
        (("", '[dial_in.a]\npin = "28462684"\nlines = ["fxo1"]\noutside = true\n'), "dial_in.a.outside"),
    ],
)
def test_what_is_allowed_but_hardly_meant_is_remarked(
    tmp_path: Path, change: tuple[str, str], key: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = change
    text = HOUSE.replace(old, "", 1).replace("[lines.fxo1]\n", new, 1) if "[inbound" in new else (
        HOUSE.replace(old, new, 1) if old else HOUSE + new
    )  # fmt: skip
    file = tmp_path / "x.toml"
    file.write_text(text, encoding="utf-8")
    found = remarks(load(file))
    assert [remark.key for remark in found] == ([key] if key else [])
    notices = load_or_last_good(file, tmp_path).notices
    assert [notice.en for notice in notices] == [remark.text("en") for remark in found]
    assert main(["check", str(file)]) == 0
    assert (f"remark: {key} " in capsys.readouterr().out) == bool(key)


def test_a_line_that_the_board_lacks_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(HOUSE, encoding="utf-8")
    (notice,) = absent_ports(load(file), ["fxs1", "fxo1"])
    assert notice.level == "warning" and notice.en.startswith("lines.fxs2: this board has no such port")
    assert notice.en.endswith("its ports: fxs1, fxo1") and "esta placa no tiene ese puerto" in notice.es
