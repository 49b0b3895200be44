"""Where a prompt comes from: the installer's own recording before the installed set; Debian's sets are playable."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.media.prompts.library import SETS, Prompts
from firmware.media.wav import read_wav
from tests.firmware_media.test_players import linear, tone, wav


def test_the_installers_recording_wins(tmp_path: Path) -> None:
    own, installed = tmp_path / "data/prompts/es/digits", tmp_path / "sets" / SETS["es"] / "digits"
    for folder in (own, installed):
        folder.mkdir(parents=True)
        wav(folder / "5.wav", linear(tone(500, 100)))
    prompts = Prompts(tmp_path / "data", tmp_path / "sets")
    assert prompts.find("digits/5", "es") == own / "5.wav"
    (own / "5.wav").unlink()
    assert prompts.find("digits/5", "es") == installed / "5.wav"
    with pytest.raises(LookupError, match=r"digits/5 \(en\) is neither .*prompts/en/digits/5.wav nor .*Allison"):
        prompts.find("digits/5", "en")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "/etc/passwd", "a/b/c", "a.wav", "a\0"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        Prompts(tmp_path).find(name, "es")
    with pytest.raises(ValueError, match="language 'fr'"):
        Prompts(tmp_path).find("hello-world", "fr")


@pytest.mark.parametrize("language", ["es", "en"])
def test_debians_sets_can_be_played(tmp_path: Path, language: str) -> None:
    for name in ("hello-world", "digits/5"):
        path = Prompts(tmp_path).find(name, language)
        with path.open("rb") as file:
            assert read_wav(path, file).seconds > 0.2
