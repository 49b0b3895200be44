"""What the engine hears and takes out: DTMF digits after Q.24, digits in speech that nobody dialled, echo of a line.

Signals and judges are those of `tests/firmware_media`, the seeds are others; no processor is timed here.
"""

from __future__ import annotations

import wave
from itertools import product
from pathlib import Path

import numpy as np

from tests.bench.figures import Bar, Plan, Row
from tests.firmware_media.echo_paths import SOUNDS, TALKERS, Line, hybrid, ratio_db, speech
from tests.firmware_media.judge import KEYS
from tests.firmware_media.test_dtmf_listener import dialled, heard

SEED = 1000
LEVELS_DBM0 = ((0, 0), (-9, -7), (-25, -25), (0, -8), (-4, 0), (-17, -25), (-25, -21))
"""Low and high group: the corners of 0 to -25 dBm0 and of a twist of -8 to +4 dB."""
ERRORS = (0.0, 0.015, -0.015)
DIAL_TONES = ((425.0,), (350.0, 440.0))
LINES = ((6, 0, "en"), (6, 10, "es"), (10, 20, "en"), (12, 40, "es"), (6, 30, "en"), (9, 0, "es"))
"""Return loss in dB, delay in ms, who talks."""
NONE_IN_ANY = Bar("<=", 0, every=True)


def hearing_rows(_: Path, plan: Plan) -> list[Row]:
    return [*digit_rows(plan), false_digits(plan), *echo_left_rows(plan)]


def digit_rows(plan: Plan) -> list[Row]:
    """Digits of 40 ms, and of 50 ms with dial tone at -10 dBm0 each, that were not heard; a value for each seed."""
    seeds = range(SEED, SEED + plan.count(4 * plan.runs))
    plain, beside = list(product(LEVELS_DBM0, ERRORS)), list(product(DIAL_TONES, ((-25, -25), (-9, -7))))
    missed = [
        sum(_wrong(dialled(seed, 40, 40, low=low, high=high, error=error)) for (low, high), error in plain)
        for seed in seeds
    ]
    drowned = [
        sum(_wrong(dialled(seed, 50, 50, tone, low=low, high=high)) for tone, (low, high) in beside) for seed in seeds
    ]
    return [
        Row(f"DTMF after Q.24: missed of {16 * len(plain)}", "digits", tuple(map(float, missed)), NONE_IN_ANY),
        Row(f"DTMF with dial tone: missed of {16 * len(beside)}", "digits", tuple(map(float, drowned)), NONE_IN_ANY),
    ]


def _wrong(told: str) -> int:
    """Of 16 digits; one too many counts like one too few."""
    return 0 if told == KEYS else max(1, abs(len(KEYS) - len(told)), sum(a != b for a, b in zip(KEYS, told)))  # noqa: B905


def false_digits(plan: Plan) -> Row:
    """In recorded speech, all of it twice as loud as recorded; a value for each talker."""
    minutes, told = [], []
    for folder in TALKERS.values():
        files = sorted((SOUNDS / folder).rglob("*.wav"))
        parts = []
        for path in files[: plan.count(len(files))]:
            with wave.open(str(path)) as file:
                parts.append(np.frombuffer(file.readframes(file.getnframes()), np.int16))
        said = np.concatenate(parts).astype(np.float64)
        minutes.append(len(said) / 8000 / 60)
        told.append(float(len(heard(np.clip(2 * said, -32768, 32767)))))
    return Row(f"false digits in {min(minutes):.0f} min of speech", "digits", tuple(told), NONE_IN_ANY)


def echo_left_rows(plan: Plan) -> list[Row]:
    """Echo return loss enhancement from 1.5 s on, and while both talk; a value for each line."""
    alone, both = [], []
    for seed, (erl_db, delay_ms, talker) in enumerate(LINES[: plan.count(len(LINES))], SEED):
        line = Line(hybrid(seed, erl_db, delay_ms), exact=True)
        seen, out, _ = line.say(speech(seed, 4, talker))
        alone.append(ratio_db(seen[12000:], out[12000:]))
        seen, out, near = line.say(speech(seed + 20, 6, talker), speech(seed + 50, 6, "es"))
        both.append(ratio_db(seen - near, out - near))
    return [
        Row("echo canceller: ERLE from 1.5 s on", "dB", tuple(alone), Bar(">=", 25, "on every line", every=True)),
        Row("echo canceller: kept while both talk", "dB", tuple(both), Bar(">=", 20, "on every line", every=True)),
    ]
