"""The echo canceller on the echo paths of ITU-T G.168 itself (annex D), with recorded speech; judged by numpy.

The digits of the paths are read from the header that libspandsp installs; nothing else of it is used.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.firmware_media.echo_paths import Line, ratio_db, segments_db, speech
from tests.firmware_media.judge import Signal

MODELS = Path("/usr/include/spandsp/g168models.h").read_text(encoding="utf-8")
PATHS = pytest.mark.parametrize("number", range(2, 10))
LINES = pytest.mark.parametrize(("erl_db", "delay_ms"), [(6, 0), (12, 20)])


def path(number: int, erl_db: float, delay_ms: float) -> Signal:
    """Path D.number with that return loss, by the gain G.168 gives for it, behind a flat delay."""
    table = re.search(rf"line_model_d{number}_coeffs\[\]\s*=\s*\{{([^}}]*)\}}", MODELS)
    gain = re.search(rf"LINE_MODEL_D{number}_GAIN\s+([0-9.E-]+)f", MODELS)
    assert table and gain
    digits = np.array([float(digit) for digit in table[1].split(",") if digit.strip()])
    return np.concatenate([np.zeros(round(delay_ms * 8)), digits * float(gain[1]) * 10 ** (-erl_db / 20)])


@PATHS
@LINES
def test_echo_is_gone(number: int, erl_db: float, delay_ms: float) -> None:
    """Of each of five calls, 35 dB from 1.5 s on."""
    for seed, talker in enumerate(("en", "es", "en", "es", "es")):
        line, out, _ = Line(path(number, erl_db, delay_ms)).say(speech(seed + 4, 5, talker))
        assert ratio_db(line[12000:], out[12000:]) > 35


@PATHS
@LINES
def test_it_stays_down_while_both_talk(number: int, erl_db: float, delay_ms: float) -> None:
    line = Line(path(number, erl_db, delay_ms), exact=True)
    line.say(speech(number, 4))
    seen, out, near = line.say(speech(number + 20, 6), speech(number + 50, 6, "es"))
    left = out - near
    assert ratio_db(seen - near, left) > 20
    assert np.median(segments_db(near, left)) > 30
    after, gone, _ = line.say(speech(number + 70, 1))
    assert ratio_db(after[400:], gone[400:]) > 25
