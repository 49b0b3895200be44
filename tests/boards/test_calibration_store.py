"""Stored calibrations: kept, and never believed when damaged."""

import logging
from pathlib import Path

import pytest

from boards.calibration_store import CalibrationStore


def test_what_was_saved_comes_back_from_a_new_store(tmp_path: Path) -> None:
    CalibrationStore(tmp_path / "new folder").save("fxs1", bytes(range(14)))
    assert CalibrationStore(tmp_path / "new folder").load("fxs1") == bytes(range(14))
    assert CalibrationStore(tmp_path / "new folder").load("fxs2") is None


@pytest.mark.parametrize(
    "damage", ["", "tipring calibration 1\n00\n", "x\n00\nd202ef8d\n", "tipring calibration 1\n01\nd202ef8d\n"]
)
def test_a_damaged_file_is_not_believed(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    store = CalibrationStore(tmp_path)
    (tmp_path / "fxs1.calibration").write_text(damage, encoding="ascii")
    with caplog.at_level(logging.WARNING):
        assert store.load("fxs1") is None
    assert "fxs1: stored calibration is damaged, calibrates anew" in caplog.text


def test_a_disk_that_refuses_costs_only_the_fast_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    CalibrationStore(tmp_path / "file").save("fxs1", b"\1")
    assert "fxs1: calibration cannot be stored" in caplog.text
