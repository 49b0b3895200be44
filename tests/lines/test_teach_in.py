"""The logic of the teach-in: a tone learnt from raw pieces, what a call's end looks like, what is proposed of it."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

from firmware.lines.fxo_tones import Pattern
from firmware.lines.learned_tone import LearnedTone, learn
from firmware.lines.stretches import Part, Stretches
from firmware.lines.teach_in import CallWatch, Lesson
from firmware.lines.teach_proposal import propose
from firmware.media.events import SegmentHeard
from firmware.telephony.cadence import Tone
from firmware.telephony.countries import load_country
from firmware.telephony.tone_notation import read_segments
from tests.lines.exchange_sounds import sounding, told

RECORDED = (
    "425/200, -/200", "480+620/500, -/500", "400/375, -/375", "440/500, -/500", "480+620/250, -/250",
    "425/480, -/480", "425/240, -/240", "350+440/300, -/400", "620/180, -/300", "350/600, -/450",
    "400/400, -/350, 400/225, -/525", "425/200, -/200, 425/200, -/200, 425/200, -/600", "450/350, -/350",
    "450/700, -/700", "500/250, -/500", "550/600, -/200", "360+500/170, -/170", "600/330, -/250",
    "380/160, -/420", "520/450, -/150",
)  # fmt: skip
ALIKE = {"440/500, -/500": ("425/480, -/480",), "425/480, -/480": ("440/500, -/500",)}
"""15 Hz and 20 ms apart: less than exchanges may be off (ITU-T E.180)."""
LEARNED_S, REST_S = 9.0, 7.0


def parts_of(pieces: list[SegmentHeard]) -> list[Part]:
    heard = Stretches()
    for piece in pieces:
        if not piece.lasts:
            heard.add(piece)
    return heard.parts


def hits(pattern: Pattern, pieces: list[SegmentHeard]) -> int:
    """How often the learnt tone is found while these are told."""
    heard, found = Stretches(), 0
    for piece in pieces:
        if not piece.lasts:
            heard.add(piece)
            found += piece.kind != "silence" and pattern.ends(heard.parts)
    return found


def test_20_recorded_tones_are_learnt_know_the_rest_and_hit_no_other() -> None:
    tones = [Tone("x", read_segments(text)) for text in RECORDED]
    levels = np.random.default_rng(4).uniform(-25, -10, len(tones))
    first = told([sounding(tone, LEARNED_S, dbm0, n) for n, (tone, dbm0) in enumerate(zip(tones, levels, strict=True))])
    rest = told(
        [sounding(tone, REST_S, dbm0, n + 50) for n, (tone, dbm0) in enumerate(zip(tones, levels, strict=True))]
    )
    for number, pieces in enumerate(first):
        learnt = learn(parts_of(pieces))
        assert learnt is not None and learnt.confidence >= 0.6, (RECORDED[number], learnt)
        pattern = Pattern(learnt.tone())
        found = [RECORDED[n] for n, other in enumerate(rest) if hits(pattern, other)]
        assert RECORDED[number] in found and set(found) <= {RECORDED[number], *ALIKE.get(RECORDED[number], ())}, found


def fed(*pieces: tuple[str, int], hz: tuple[float, ...] = (425.0,), from_s: float = 10.0) -> tuple[CallWatch, float]:
    """A call that came up at 0 and then heard these (kind, ms); and when that was over."""
    watch, at_s = CallWatch(0.0), from_s
    for kind, ms in pieces:
        at_s += ms / 1000
        watch.segment(SegmentHeard(1, kind, hz if kind == "tone" else (), -12.0, ms), at_s)  # type: ignore[arg-type]
    return watch, at_s


BUSY = [("sound", 900), *[("silence", 200), ("tone", 220)] * 7, ("silence", 180)]


def test_a_busy_tone_after_speech_ends_the_call_and_is_learnt() -> None:
    watch, at_s = fed(*BUSY)
    lesson = watch.lesson(at_s)
    assert watch.done(at_s)
    assert lesson.manner == "tones" and lesson.confidence >= 0.8
    assert lesson.tone is not None and lesson.tone.hz == (425,)


def test_a_loop_break_is_measured_and_wins_over_the_tone_behind_it() -> None:
    watch, _ = fed(("sound", 900))
    watch.loop_broken(12.0)
    assert not watch.done(12.2)
    watch.loop_made(12.4, 480)
    assert watch.done(15.1)
    made = propose("fxo1", [watch.lesson(15.1)])
    assert made.accepted() == {"hang_up_by": ["loop-break"], "loop_break_ms": 240}


def test_loop_and_polarity_at_the_beginning_of_a_call_are_no_hang_up() -> None:
    watch = CallWatch(0.0)
    watch.loop_broken(0.2)
    watch.polarity_changed(0.3)
    assert watch.lesson(20.0).manner == ""


def test_silence_is_a_hang_up_only_of_somebody_who_was_heard() -> None:
    watch, at_s = fed(("sound", 900), ("silence", 100))
    assert not watch.done(at_s + 10)
    assert watch.done(at_s + 16) and watch.lesson(at_s + 16).manner == "silence"
    assert CallWatch(0.0).lesson(30.0).manner == ""


@pytest.mark.parametrize(
    ("hz", "cadence"),
    [((1400.0,), (220, 180)), ((425.0,), (1520, 2980)), ((425.0,), (80, 60)), ((425.0, 1800.0), (220, 180))],
)
def test_a_tone_outside_of_what_busy_tones_are_is_shown_but_not_proposed(
    hz: tuple[float, ...], cadence: tuple[int, int]
) -> None:
    watch, at_s = fed(
        ("sound", 900), *[("silence", cadence[1]), ("tone", cadence[0])] * 8, ("silence", cadence[1]), hz=hz
    )
    made = propose("fxo1", [watch.lesson(at_s)])
    assert made.unsure and made.accepted() == {}
    assert "# unsure: busy_tone" in made.toml()


def test_calls_that_agree_make_surer_and_calls_that_contradict_unsure() -> None:
    quiet = Lesson("silence", 0.7, "nothing was heard")
    one, two = propose("fxo1", [quiet]), propose("fxo1", [quiet, quiet])
    assert one.confidence == 0.7 and two.confidence == 0.91
    made = propose("fxo1", [quiet, Lesson("polarity", 0.9, "tip and ring changed places")])
    assert made.unsure and made.accepted() == {}


@pytest.mark.parametrize(
    ("dbm0", "now_db", "gain"),
    [(-20.0, 0.0, 5.0), (-30.0, 0.0, 6.0), (-2.0, 0.0, -3.0), (-12.0, 3.0, None), (-16.0, 2.0, 3.0)],
)
def test_the_gain_brings_the_tone_to_where_tones_are(dbm0: float, now_db: float, gain: float | None) -> None:
    tone = LearnedTone((425,), (200, 200), dbm0, 0.95)
    made = propose("fxo1", [Lesson("tones", 0.95, "", tone=tone)], now_db)
    assert made.accepted().get("tx_gain_db") == gain


def test_the_lines_are_toml_with_what_is_unsure_as_comments() -> None:
    watch, at_s = fed(*BUSY)
    made = propose("fxo1", [watch.lesson(at_s)])
    assert tomllib.loads(made.toml()) == {"lines": {"fxo1": made.accepted()}}


def test_the_ringing_of_no_country_is_taken_for_its_busy_tone() -> None:
    for code in ("es", "us", "uk", "de", "fr"):
        (pieces,) = told([sounding(load_country(code).tone("ringback"), 14.0, -15, 1)])
        learnt = learn(parts_of(pieces))
        assert learnt is None or learnt.confidence < 0.6, (code, learnt)
