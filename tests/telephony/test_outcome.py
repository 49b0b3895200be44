"""How a recorded call ended, in words: status before cause, nothing to explain where nothing failed."""

from __future__ import annotations

import pytest

from firmware.telephony.codes import explained
from firmware.telephony.outcome import outcome


def test_a_status_explains_the_failure() -> None:
    record = {"cause": 17, "answer": None, "failures": {"sip:201/2": 486, "sip:202/3": 480}}
    assert outcome(record, "en") == ("busy (486)", "486 Busy Here", explained(486, "en"))
    assert outcome(record, "es") == ("ocupado (486)", "486 Busy Here", explained(486, "es"))


def test_without_sip_the_cause_gives_the_advice() -> None:
    text, phrase, advice = outcome({"cause": 1, "answer": None, "failures": {}}, "en")
    assert (text, phrase) == ("there is no such number", "")
    assert advice and advice in explained(404, "en")


@pytest.mark.parametrize("cause", [16, 19, 31, None, 999])
def test_nothing_to_explain(cause: int | None) -> None:
    assert outcome({"cause": cause, "answer": None, "failures": {}}, "en").explanation == ""


def test_an_answered_call_did_not_fail_even_when_other_phones_refused() -> None:
    record = {"cause": 16, "answer": "2026-11-24T10:00:00+00:00", "failures": {"sip:201/2": 486}}
    assert outcome(record, "en") == ("hung up", "", "")


def test_a_code_or_cause_nobody_knows_is_shown_as_it_is() -> None:
    assert outcome({"cause": 999, "answer": None, "failures": {"sip:1/1": 499}}, "en").text == "999 (499)"


def test_a_call_that_a_transfer_ended_says_so() -> None:
    record = {"cause": 16, "answer": "2026-11-24T10:00:00+00:00", "services": {"became": "19"}}
    assert [outcome(record, language).text for language in ("en", "es")] == ["transferred", "transferida"]
    assert outcome({"cause": 16, "answer": None, "services": {"held_ms": 5}}, "en").text == "hung up"
