"""The catalogue: every text in both languages, none missing, none left over; figures and times."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.lines.fxs_machine import State
from firmware.web import pages, view
from firmware.web.words import LANGUAGES, Words, read_catalogue

WEB = Path(pages.__file__).parent
CATALOGUE = read_catalogue()


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_text_exists_in_both_languages_with_the_same_blanks(key: str) -> None:
    texts = CATALOGUE[key]
    assert set(texts) == set(LANGUAGES) and all(texts.values())
    blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
    assert blanks[0] == blanks[1]


def test_every_key_asked_for_exists_and_every_key_is_asked_for() -> None:
    sources = [*WEB.glob("templates/*.html"), *WEB.glob("*.py")]
    said = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    asked = set(re.findall(r"""(?:w|words|[)\]])\(["']([a-z_.]+)["'][,)]""", said))
    assert asked <= set(CATALOGUE) | {"summary."}
    families = ("state.", "hook.", "echo.", "quality.", "notices.", "summary.", "power.")
    left_over = {key for key in CATALOGUE if key not in asked and not key.startswith(families)}
    assert not left_over


@pytest.mark.parametrize("state", State)
def test_every_state_of_a_line_has_its_words(state: State) -> None:
    assert "state." + state.value.replace("-", "_") in CATALOGUE


def test_no_template_holds_a_text_of_its_own() -> None:
    for template in WEB.glob("templates/*.html"):
        bare = re.sub(r"\{[{%].*?[%}]\}|<[^>]+>", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"[A-Za-zÀ-ÿ]{2,}", bare), template.name


def test_figures_and_unknown_states() -> None:
    spanish, english = Words("es", CATALOGUE), Words("en", CATALOGUE)
    assert spanish.number(-48.26) == "−48,3" and english.number(-48.26) == "−48.3"
    assert english.known("state.new-thing", "new-thing") == "new-thing"
    with pytest.raises(KeyError):
        english("no.such.key")


def test_a_line_with_two_calls_names_both_ends() -> None:
    spanish, english = Words("es", CATALOGUE), Words("en", CATALOGUE)
    assert english.peers({"peer": "201", "other": "held", "other_peer": "102"}) == "201, 102 (on hold)"
    assert spanish.peers({"peer": "", "other": "waiting", "other_peer": "102"}) == "102 (llamada en espera)"
    assert english.peers({"peer": "201", "other": "", "other_peer": ""}) == english.peers({"peer": "201"}) == "201"
    idle = {"state": "idle", "ringing": False}
    assert english.line_state(idle) == english("state.idle")
    assert spanish.line_state({**idle, "do_not_disturb": True}).endswith(", no molestar")
    call = {"state": "talking", "held_by": [], "three_way": ""}
    assert english.call_state(call) == "Talking"
    assert english.call_state({**call, "held_by": ["fxs1/1"]}) == "On hold"
    assert spanish.call_state({**call, "held_by": ["fxs1/1"], "three_way": "18"}) == "Llamada a tres"


def test_spans_and_days() -> None:
    assert [view.rough_span(s) for s in (48, 200, 12000, 187200)] == ["48 s", "3 min", "3 h 20 min", "2 d 4 h"]
    assert [view.exact_span(s) for s in (0, 83, 11100)] == ["0:00", "1:23", "3:05:00"]
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert view._when("2026-11-24T10:41:07+00:00", now) == "10:41"
    assert view._when("2026-11-23T10:41:07+00:00", now) == "2026-11-23 10:41"
    assert view._when("yesterday", now) == ""


def test_an_echo_canceller_in_words() -> None:
    known = {"tail_ms": 64, "off_by_tone": False, "erl_db": 11.6, "erle_db": 33.4, "delay_ms": 12.1}
    english, spanish = Words("en", CATALOGUE), Words("es", CATALOGUE)
    assert english.echo(known) == spanish.echo(known) == "12 + 33 dB, 12 ms"
    assert (english.echo(None), spanish.echo(None)) == ("off", "no")
    unlearnt = known | {"erl_db": None, "erle_db": None, "delay_ms": None}
    assert (english.echo(unlearnt), spanish.echo(unlearnt)) == ("not yet known", "aún no se conoce")
    assert english.echo(known | {"off_by_tone": True}) == "off for a modem"


def test_what_a_power_cut_leaves_is_said() -> None:
    lifeline = {"telephone": "fxs1", "line": "fxo1", "joined": False}
    status = {"ports": [{"name": "fxs1", "number": "101"}, {"name": "fxs2", "number": "102"}], "lifeline": lifeline}
    for language in LANGUAGES:
        words = Words(language, CATALOGUE)
        assert re.search(r"fxs1 \(101\).* fxo1", words.without_power(status))
        assert words.without_power(status | {"lifeline": None}) == CATALOGUE["power.none"][language]
