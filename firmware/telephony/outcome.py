"""How a recorded call ended, in words: for the page and `tipring calls` alike.

A record holds a Q.850 cause and, where a SIP leg failed, its status. The status says more, so
its row of `codes.toml` explains the failure; a call without any SIP is explained by the row of
the status that its cause stands for. Look next at `cause.py` and `codes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.codes import code_of

_TRANSFERRED = {"en": "transferred", "es": "transferida"}
_NO_FAULT = {Cause.NORMAL_CLEARING, Cause.NO_ANSWER, Cause.NORMAL_UNSPECIFIED}


class Outcome(NamedTuple):
    """text: a few words ("busy (486)"). phrase: the status as the standard words it, "" without one.

    explanation: what happened and what to do; "" when there is nothing to explain.
    """

    text: str
    phrase: str
    explanation: str


def outcome(record: Mapping[str, Any], language: str) -> Outcome:
    """How the call of `record` (a row of `CallRecords.newest`) ended. language: "es" or "en"."""
    status = 0 if record.get("answer") else next(iter((record.get("failures") or {}).values()), 0)
    cause = _cause_of(record.get("cause"))
    if cause is None:
        text = "" if record.get("cause") is None else str(record["cause"])
    else:
        text = CAUSES[cause].es if language == "es" else CAUSES[cause].en
    if (record.get("services") or {}).get("became"):
        text = _TRANSFERRED.get(language, _TRANSFERRED["en"])
    if not status:
        return Outcome(text, "", _without_sip(record, cause, language))
    code = code_of(status)
    return Outcome(f"{text} ({status})", f"{status} {code.phrase}", f"{code.what(language)} {code.advice(language)}")


def _without_sip(record: Mapping[str, Any], cause: Cause | None, language: str) -> str:
    """The cause's own words are enough for what happened; here is what to do."""
    if cause is None or cause in _NO_FAULT or record.get("answer"):
        return ""
    return code_of(CAUSES[cause].sip).advice(language)


def _cause_of(number: object) -> Cause | None:
    try:
        return Cause(int(str(number)))
    except ValueError:
        return None
