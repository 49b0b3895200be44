"""The table of what each real peer was seen doing with us, filled by `test_matrix.py`.

Printed at the end of a test run (`conftest.py`) and kept in `docs/sip-matrix.md`. `test_matrix.py` compares the
kept one with what the run saw, so it cannot promise more than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/sip-matrix.md"
PHONES = {"baresip": "baresip 1.0", "linphone": "linphone 5.1", "pjsua": "PJSIP 2.15"}
WAYS = ("UDP", "TCP", "TLS", "IPv6", "proxy")
ROWS = {
    "register": "registers with the strongest digest it knows",
    "call": "calls a line, sound both ways",
    "called": "is called by a line, sound both ways",
    "hold": "holds the call and resumes it",
    "early": "is heard before it answers (early media)",
    "early heard": "hears who has not yet answered (early media)",
    "forked": "one of three behind a forking proxy, with three early dialogs",
    "refreshed": "a call of its own confirmed to be alive after 45 s (session timer)",
    "rfc4733": "digits both ways by RFC 4733",
    "info": "digits by SIP INFO, heard by the line",
    "inband": "digits in-band, heard by the line",
}

SEEN: dict[tuple[str, str, str], str] = {}
"""(key of ROWS, of PHONES, way) -> "yes", "no", or the reason why the peer cannot."""


@contextmanager
def cell(row: str, phone: str, way: str) -> Iterator[None]:
    """What happens inside is this cell: it stays "no" when that fails."""
    SEEN[row, phone, way] = "no"
    yield
    SEEN[row, phone, way] = "yes"


def cannot(row: str, phone: str, way: str, why: str) -> None:
    """This peer has no such thing. why: a sentence for the foot of the table."""
    SEEN[row, phone, way] = why


def complete() -> bool:
    """Whether every test of the matrix ran."""
    return len(SEEN) == len(ROWS) * len(PHONES) * len(WAYS)


def table() -> str:
    """Markdown: a row for each ability, a column for each peer and transport, the reasons below."""
    columns = [(phone, way) for phone in PHONES for way in WAYS]
    reasons: list[str] = []
    lines = [
        "| | " + " | ".join(f"{PHONES[phone]} {way}" for phone, way in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for row, title in ROWS.items():
        cells = [_text(SEEN.get((row, phone, way), "not tried"), reasons) for phone, way in columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, "", *notes]) + "\n"


def _text(seen: str, reasons: list[str]) -> str:
    if seen in {"yes", "no", "not tried"}:
        return seen
    if seen not in reasons:
        reasons.append(seen)
    return f"not offered ({reasons.index(seen) + 1})"


def page() -> str:
    """The whole of `docs/sip-matrix.md`."""
    return f"# SIP peers\n\n{_ABOUT}\n{table()}"


_ABOUT = """\
What three SIP stacks that share no code were seen doing with Tipring by `tests/interop/test_matrix.py`. That test
compares this page with what it saw and fails when they differ: do not edit it by hand.

UDP, TCP and TLS are over IPv4; IPv6 is UDP. Proxy: kamailio stands between, UDP towards the telephone and TCP towards
us, with Path, two Record-Route lines and a digest challenge of its own (not for linphone, which answers only one of
two). With the forking proxy the transport is the one between it and us.
"""
