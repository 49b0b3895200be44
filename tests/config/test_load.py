"""Reading the file: texts of the mistakes, the last good copy, the sample site."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from firmware.config.load import LAST_GOOD, load, load_or_last_good
from firmware.config.mistake import Mistake, SettingsError
from firmware.config.password import check_values
from firmware.config.render import render_sample
from firmware.config.sample import ensure_sample
from firmware.config.settings import Settings
from firmware.telephony.numbering import Numbering


def mistakes_of(tmp_path: Path, content: str | bytes) -> list[Mistake]:
    file = tmp_path / "tipring.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        load(file, {"es": Numbering()})
    return caught.value.mistakes


def texts(tmp_path: Path, content: str | bytes, language: str = "en") -> list[str]:
    return [m.text(language) for m in mistakes_of(tmp_path, content)]


def test_the_sentence_of_the_design(tmp_path: Path) -> None:
    content = '[lines.fxs1]\nnumber = "101"\nring_v_rms = 140\n'
    assert texts(tmp_path, content) == ["tipring.toml: lines.fxs1.ring_v_rms is 140, allowed 40 to 90 V rms"]
    assert texts(tmp_path, content, "es") == ["tipring.toml: lines.fxs1.ring_v_rms es 140, se permite de 40 a 90 V rms"]


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    found = texts(
        tmp_path,
        'country = "xx"\nlangage = "es"\n[sip]\nudp_port = "5060"\nudpport = 1\n[lines.door]\nnumber = "101"\n'
        '[lines.fxs1]\nnumber = "101"\n[lines.fxs2]\nring_v_rms = 5\n[users.anna]\n',
    )
    assert found == [
        "tipring.toml: langage is not a setting; did you mean language?",
        "tipring.toml: sip.udpport is not a setting; did you mean udp_port?",
        'tipring.toml: sip.udp_port is "5060", allowed 1 to 65535',
        "tipring.toml: lines.door has a name that is not allowed here, allowed names fxs1 to fxs99, fxo1 to fxo99",
        'tipring.toml: lines.fxs2.number is missing, allowed 2 to 8 digits, such as "101"',
        "tipring.toml: lines.fxs2.ring_v_rms is 5, allowed 40 to 90 V rms",
        'tipring.toml: users.anna has a name that is not allowed here, allowed 2 to 8 digits, such as "101"',
        'tipring.toml: country is "xx", allowed "es"',
        "tipring.toml: lines.fxs1.number uses number 101, which lines.door.number has already",
    ]


def test_a_user_and_a_line_may_not_share_a_number(tmp_path: Path) -> None:
    ha1 = check_values("101", "secret").lines()
    found = texts(tmp_path, f'[lines.fxs1]\nnumber = "101"\n[users.101]\n{ha1}')
    assert found == ["tipring.toml: users.101 uses number 101, which lines.fxs1.number has already"]


def test_no_code_may_begin_with_another_one(tmp_path: Path) -> None:
    assert texts(tmp_path, '[codes]\nredial = "*6"\ncall_return = "*67"\ndo_not_disturb_on = ""\n') == [
        'tipring.toml: codes.redial is "*6", and codes.call_return begins so'
    ]
    assert texts(tmp_path, '[codes]\nredial = "*69"\n') == [
        'tipring.toml: codes.call_return is "*69", and codes.redial begins so'
    ]


@pytest.mark.parametrize("content", ["sip = 5", "[[sip]]", "lines = []", "[lines]\nfxs1 = 3", "users = 'x'"])
def test_a_table_that_is_none(content: str, tmp_path: Path) -> None:
    assert "a table of settings" in texts(tmp_path, content)[0]


def test_a_whole_number_is_asked_for_by_name(tmp_path: Path) -> None:
    assert texts(tmp_path, "[web]\nport = 80.5") == ["tipring.toml: web.port is 80.5, allowed whole numbers 1 to 65535"]


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    for mistake in mistakes_of(tmp_path, '[users.201]\nha1_md5 = "clear password"\nha1_sha256 = "oh no"'):
        assert "clear" not in mistake.text() and "oh no" not in mistake.text() and not mistake.value


def test_bad_syntax_is_told_with_line_and_column(tmp_path: Path) -> None:
    assert texts(tmp_path, 'country = "es"\nlanguage = es\n') == [
        'tipring.toml: line 2, column 12 (language): put texts and telephone numbers in "quotes", as in number = "101"'
    ]
    assert texts(tmp_path, "a = 1\na = 2\n", "es")[0].startswith("tipring.toml: línea 2, columna 6")
    assert "line 2 (port): in a list, a comma or the ] at its end" in texts(tmp_path, "[web]\nport = [")[0]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = [" * 5000, b"#" * (1 << 20) + b"\n", b"\x00"])
def test_hostile_content_is_one_mistake(content: bytes, tmp_path: Path) -> None:
    assert len(mistakes_of(tmp_path, content)) == 1


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    (tmp_path / "tipring.toml").write_text("")
    assert load(tmp_path / "tipring.toml") == Settings()


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SettingsError, match="cannot be read"):
            load(path)


@pytest.mark.parametrize("language", ["es", "en"])
def test_the_commented_sample_is_valid_and_so_is_each_of_its_settings(language: str, tmp_path: Path) -> None:
    sample = render_sample(language)
    file = tmp_path / "tipring.toml"
    file.write_text(sample, encoding="utf-8")
    assert load(file, {"es": Numbering()}) == Settings()
    shown = [line[2:] for line in sample.splitlines() if line.startswith("# [") or " = " in line]
    file.write_text("\n".join(shown), encoding="utf-8")
    loaded = load(file, {"es": Numbering()})
    assert loaded.lines["fxs1"].number == "101" and loaded.users["201"].name == "Ana"


def test_last_good_settings_start_the_house_and_say_so(tmp_path: Path) -> None:
    file, data = tmp_path / "tipring.toml", tmp_path / "data"
    file.write_text("[pbx]\nno_answer_s = 33\n")
    assert not load_or_last_good(file, data).notices
    assert stat.S_IMODE((data / LAST_GOOD).stat().st_mode) == 0o600
    file.write_text("[pbx]\nno_answer_s = 3\nx = 1")
    loaded = load_or_last_good(file, data)
    assert loaded.settings.pbx.no_answer_s == 33
    (notice,) = loaded.notices
    assert notice.level == "error" and "pbx.x is not a setting" in notice.en and "1 more" in notice.en
    assert len(loaded.mistakes) == 2
    file.unlink()
    assert load_or_last_good(file, data).settings.pbx.no_answer_s == 33


def test_without_a_last_good_copy_the_start_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text("nonsense = 1")
    with pytest.raises(SettingsError, match="nonsense"):
        load_or_last_good(file, tmp_path)
    (tmp_path / LAST_GOOD).write_text("also = 'bad'")
    with pytest.raises(SettingsError, match="nonsense"):
        load_or_last_good(file, tmp_path)


def test_who_only_reads_keeps_no_copy(tmp_path: Path) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text("")
    load_or_last_good(file, tmp_path / "data", keep=False)
    assert not (tmp_path / "data").exists()


def test_the_sample_site_is_made_once_with_passwords_of_its_own(tmp_path: Path) -> None:
    site = ensure_sample(tmp_path / "data")
    settings = load(site.settings, {"es": Numbering()})
    assert {name: line.number for name, line in settings.lines.items()} == {"fxs1": "101", "fxs2": "102"}
    assert list(settings.users) == ["201", "202", "203", "204"]
    assert settings.sip.listen == ("127.0.0.1",) and settings.web.listen == "127.0.0.1"
    for user, password in site.passwords.items():
        assert settings.users[user].ha1_md5 == check_values(user, password).ha1_md5
        assert password not in site.settings.read_text(encoding="utf-8")
    assert stat.S_IMODE(site.passwords_file.stat().st_mode) == 0o600
    assert len(set(site.passwords.values())) == 4
    before = site.settings.read_bytes()
    assert ensure_sample(tmp_path / "data").passwords == {}
    assert site.settings.read_bytes() == before


def test_check_values_are_those_of_rfc_7616() -> None:
    """H(user:realm:password); the figures come from md5sum and sha256sum."""
    values = check_values("201", "secret")
    assert values.ha1_md5 == "c6b9b5f07944b5d224817ee94df93c95"
    assert values.ha1_sha256 == "6786d398872931d69429053c450f5bb867775240c86090e66e85e553e215348e"
