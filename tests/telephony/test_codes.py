"""The table of SIP response codes: whole, worded in both languages, and of one mind with the causes."""

from __future__ import annotations

import re

import pytest

from firmware.telephony.cause import CAUSES, Cause, from_sip
from firmware.telephony.codes import code_of, codes, explained

PHRASES = """
100 Trying, 180 Ringing, 181 Call Is Being Forwarded, 182 Queued, 183 Session Progress, 199 Early Dialog Terminated,
200 OK, 202 Accepted, 204 No Notification, 300 Multiple Choices, 301 Moved Permanently, 302 Moved Temporarily,
305 Use Proxy, 380 Alternative Service, 400 Bad Request, 401 Unauthorized, 402 Payment Required, 403 Forbidden,
404 Not Found, 405 Method Not Allowed, 406 Not Acceptable, 407 Proxy Authentication Required, 408 Request Timeout,
409 Conflict, 410 Gone, 411 Length Required, 412 Conditional Request Failed, 413 Request Entity Too Large,
414 Request-URI Too Long, 415 Unsupported Media Type, 416 Unsupported URI Scheme, 417 Unknown Resource-Priority,
420 Bad Extension, 421 Extension Required, 422 Session Interval Too Small, 423 Interval Too Brief,
424 Bad Location Information, 425 Bad Alert Message, 428 Use Identity Header, 429 Provide Referrer Identity,
430 Flow Failed, 433 Anonymity Disallowed, 436 Bad Identity-Info, 437 Unsupported Certificate,
438 Invalid Identity Header, 439 First Hop Lacks Outbound Support, 440 Max-Breadth Exceeded, 469 Bad Info Package,
470 Consent Needed, 480 Temporarily Unavailable, 481 Call/Transaction Does Not Exist, 482 Loop Detected,
483 Too Many Hops, 484 Address Incomplete, 485 Ambiguous, 486 Busy Here, 487 Request Terminated,
488 Not Acceptable Here, 489 Bad Event, 491 Request Pending, 493 Undecipherable, 494 Security Agreement Required,
500 Server Internal Error, 501 Not Implemented, 502 Bad Gateway, 503 Service Unavailable, 504 Server Time-out,
505 Version Not Supported, 513 Message Too Large, 555 Push Notification Service Not Supported,
580 Precondition Failure, 600 Busy Everywhere, 603 Decline, 604 Does Not Exist Anywhere, 606 Not Acceptable,
607 Unwanted, 608 Rejected
"""
"""The 77 codes, as RFC 3261 and its extensions word them."""

# RFC 3398 7.2.4.1 with RFC 4497 8.4.4; where they leave a choice or say nothing, the choice that codes.toml argues for
TO_CAUSE = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 18, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    487: 16, 488: 65, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1,
    606: 58,
}  # fmt: skip

# RFC 3398 8.2.6.1 with RFC 4497
TO_STATUS = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 603, 22: 410, 27: 502, 28: 484, 29: 501, 31: 480,
    34: 503, 38: 503, 41: 503, 42: 503, 44: 503, 47: 503, 50: 503, 55: 403, 57: 403, 58: 503, 63: 503, 65: 488,
    70: 488, 79: 501, 87: 403, 102: 504, 111: 500, 127: 500,
}  # fmt: skip

FAITHFUL = (404, 408, 410, 483, 484, 486, 488, 501, 503, 504, 603)
"""Codes that come back as they went, through a cause."""


def test_exactly_the_77_codes_with_their_phrases() -> None:
    told = {int(entry.split()[0]): entry.split(maxsplit=1)[1] for entry in re.split(r",\s+", PHRASES.strip())}
    assert len(told) == 77
    assert {number: code.phrase for number, code in codes().items()} == told
    assert list(codes()) == sorted(codes())


@pytest.mark.parametrize("number", codes())
def test_every_code_is_explained_in_both_languages(number: int) -> None:
    code = codes()[number]
    assert re.fullmatch(r"\d{4}( [\d.]+)?", code.rfc)
    for text in (code.en, code.es, code.do_en, code.do_es):
        assert 10 < len(text) <= 120 and text.endswith(".") and ". " not in text, "one sentence"
        assert text[0].isupper() and text.isprintable() and "  " not in text
    assert code.what("es") == code.es != code.en == code.what("en")
    assert code.advice("es") == code.do_es != code.do_en == code.advice("en")
    assert explained(number) == f"{code.en} {code.do_en}"


def test_spanish_is_written_with_its_accents() -> None:
    bare = r"numero|telefono|codigo|codec|linea|mas|esta|direccion|conexion|version|peticion|configuracion|extension"
    bare += r"|tambien|segun|valido|ningun|algun|contrasena|autenticacion|sesion|aplicacion|revise|llamante|saldra"
    for code in codes().values():
        found = set(re.findall(rf"\b({bare})\b", f"{code.es} {code.do_es}".lower()))
        assert not found - {"revise", "llamante", "esta"}, code.phrase
        assert not re.search(r"\b(this|that|the|tu|tus|usted debe)\b", f"{code.es} {code.do_es}".lower()), code.phrase


@pytest.mark.parametrize("number", codes())
def test_code_and_cause_agree(number: int) -> None:
    code = codes()[number]
    if number < 300:
        assert code.cause == 0
        assert code.tone == ("ringback" if number in {180, 181, 182} else "none")
        return
    assert from_sip(number) == Cause(code.cause)
    assert code.tone == CAUSES[Cause(code.cause)].tone
    assert number not in TO_CAUSE or code.cause == TO_CAUSE[number]


@pytest.mark.parametrize("cause", Cause)
def test_cause_and_code_agree(cause: Cause) -> None:
    row = CAUSES[cause]
    assert row.sip in codes() and row.sip >= 400
    assert row.tone in {"busy", "congestion", "sit"}
    assert int(cause) not in TO_STATUS or row.sip == TO_STATUS[int(cause)]
    assert row.en and row.es and row.en != row.es


@pytest.mark.parametrize("number", FAITHFUL)
def test_there_and_back(number: int) -> None:
    assert CAUSES[from_sip(number)].sip == number


def test_both_tables_of_the_rfcs_are_whole() -> None:
    assert set(TO_STATUS) <= {int(cause) for cause in Cause} and set(TO_CAUSE) <= set(codes())


@pytest.mark.parametrize(
    ("unknown", "taken_for"), [(499, 400), (399, 300), (599, 500), (699, 600), (299, 200), (150, 183)]
)
def test_an_unknown_code_is_taken_for_its_class(unknown: int, taken_for: int) -> None:
    assert code_of(unknown) is codes()[taken_for]
