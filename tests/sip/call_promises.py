"""When the house must give a call up because something promised did not come, from the notes of the network.

An ACK to a 200, a PRACK to a reliable response, an answer to a refresh, a refresh. Shares no code with the
stack. Used by `call_judge.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.sip.model_network import BadNetwork, Note
from tests.sip.model_timer import session_expires
from tests.sip.model_wire import LIFE_S, NEVER_S, key_of
from tests.sip.pairs import PBX, Address, header


class Broken(enum.StrEnum):
    """What did not come."""

    NO_ACK = "no ACK"
    NO_PRACK = "no PRACK"
    REFRESH_FAILED = "refresh failed"
    EXPIRED = "session expired"


@dataclass(frozen=True, slots=True)
class Missing:
    """at_s: when the house gives up. phone: who broke the promise."""

    at_s: float
    phone: Address
    what: Broken


def broken_promises(network: BadNetwork) -> Iterator[Missing]:
    """All there were; some may come to nothing, since the call was over before."""
    first: dict[tuple[Address, str, int], Note] = {}
    for note in network.notes:
        if note.source == PBX:
            first.setdefault((note.target, key_of(note.text), note.status), note)
    for note in first.values():
        if note.method == "INVITE" and note.status == 200:
            yield from _acks(network, note)
        elif "RSeq:" in note.text:
            yield from _pracks(network, note)
        elif note.is_request and note.method in {"INVITE", "UPDATE"} and "tag=" in header(note.text, "To"):
            yield from _refreshes(network, note)
    for phone in {note.target for note in first.values()}:
        yield from _expiries(network, phone, [note for note in first.values() if note.target == phone])


def _acks(network: BadNetwork, ok: Note) -> Iterator[Missing]:
    """64*T1 without the ACK, unless a later re-INVITE was accepted meanwhile."""
    deadline_s = ok.at_s + LIFE_S
    oks = (note for note in network.between(PBX, ok.target) if note.status == 200 and note.method == "INVITE")
    later = (note.at_s for note in oks if note.cseq > ok.cseq)
    acks = arrivals(network, ok.target, lambda note: note.method == "ACK" and note.cseq == ok.cseq)
    if min(min(acks, default=NEVER_S), min(later, default=NEVER_S)) > deadline_s:
        yield Missing(deadline_s, ok.target, Broken.NO_ACK)


def _pracks(network: BadNetwork, provisional: Note) -> Iterator[Missing]:
    deadline_s = provisional.at_s + LIFE_S
    rack = f"RAck: {header(provisional.text, 'RSeq')} "
    pracks = arrivals(network, provisional.target, lambda note: rack in note.text)
    finals = (n.at_s for n in network.between(PBX, provisional.target) if n.status >= 200 and n.method == "INVITE")
    if min(min(pracks, default=NEVER_S), min(finals, default=NEVER_S)) > deadline_s - 1e-6:
        yield Missing(deadline_s, provisional.target, Broken.NO_PRACK)


def _refreshes(network: BadNetwork, request: Note) -> Iterator[Missing]:
    """A refresh of the house that got no answer, or 481 or 408 (RFC 4028 10, RFC 3261 12.2.1.2)."""
    key = key_of(request.text)
    answers = [
        (at_s, note.status)
        for at_s, note in network.deliveries
        if note.source == request.target and note.status >= 200 and key_of(note.text) == key
    ]
    at_s, status = min(answers, default=(NEVER_S, 0))
    if at_s > request.at_s + LIFE_S:
        yield Missing(request.at_s + LIFE_S, request.target, Broken.REFRESH_FAILED)
    elif status in {408, 481}:
        yield Missing(at_s, request.target, Broken.REFRESH_FAILED)


def _expiries(network: BadNetwork, phone: Address, sent: list[Note]) -> Iterator[Missing]:
    """The phone promised to refresh and did not (RFC 4028 10: BYE at interval - min(32, interval/3))."""
    marks: list[tuple[float, int, bool]] = []
    for note in sent:
        told = session_expires(note.text)
        if note.status == 200 and note.method in {"INVITE", "UPDATE"}:
            marks.append((note.at_s, told[0] if told else 0, told is not None and told[1] == "uac"))
    came: dict[str, tuple[float, Note]] = {}
    for at_s, note in network.deliveries:
        if note.source == phone and note.status == 200 and note.method in {"INVITE", "UPDATE"}:
            came.setdefault(key_of(note.text), (at_s, note))
    for at_s, note in came.values():
        told = session_expires(note.text)
        marks.append((at_s, told[0] if told else 0, told is not None and told[1] == "uas"))
    marks.sort()
    for index, (at_s, interval_s, phone_refreshes) in enumerate(marks):
        deadline_s = at_s + interval_s - min(32, interval_s / 3)
        if phone_refreshes and (index + 1 == len(marks) or marks[index + 1][0] > deadline_s):
            yield Missing(deadline_s, phone, Broken.EXPIRED)


def arrivals(network: BadNetwork, source: Address, wanted: Callable[[Note], bool]) -> list[float]:
    """When those notes of a phone arrived at the house."""
    return [at_s for note in network.between(source, PBX) if wanted(note) for at_s in note.arrived]
