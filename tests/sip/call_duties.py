"""What the house owes for every message that reaches it, checked against the notes of the network.

Each copy of a 2xx wants an ACK, each request an answer, everything unanswered wants to be sent again on
the standard's schedule, no sooner and no later. Shares no code with the stack. Used by `call_model.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.sip.model_network import BadNetwork, Note
from tests.sip.model_wire import LIFE_S, T1_S, T2_S, key_of
from tests.sip.pairs import PBX, header

SOON_S = 1e-3


def missed_duties(network: BadNetwork) -> list[str]:
    """One line for each thing the house did not do, or did unasked."""
    sent: dict[str, list[Note]] = {}
    came: dict[str, list[tuple[float, Note]]] = {}
    for note in network.notes:
        if note.source == PBX:
            sent.setdefault(key_of(note.text), []).append(note)
    for at_s, note in network.deliveries:
        if note.target == PBX:
            came.setdefault(key_of(note.text), []).append((at_s, note))
    faults: list[str] = []
    for key, notes in sent.items():
        if notes[0].is_request and notes[0].method != "ACK":
            faults += _asked_again(notes, came.get(key, []))
    for key, arrivals in came.items():
        answers = sent.get(key, [])
        if arrivals[0][1].is_request and arrivals[0][1].method != "ACK":
            faults += _answered(arrivals, answers)
            if arrivals[0][1].method == "INVITE":
                faults += _final_again(network, arrivals, answers)
        elif arrivals[0][1].method == "INVITE":
            faults += _acknowledged(network, answers[0].at_s + 2 * LIFE_S, arrivals)
    return faults


def _asked_again(copies: list[Note], responses: list[tuple[float, Note]]) -> list[str]:
    """Timers A, B, E, F: a request of the house is sent on schedule until a response stops it (17.1)."""
    invite = copies[0].method == "INVITE"
    stops_s = min((at_s for at_s, note in responses if invite or note.status >= 200), default=float("inf"))
    return compare(copies, stops_s, 64.0 if invite else T2_S, [])


def _final_again(network: BadNetwork, arrivals: list[tuple[float, Note]], answers: list[Note]) -> list[str]:
    """Timers G, H and 13.3.1.4: a final response of the house to an INVITE is sent on schedule until its ACK."""
    finals = [note for note in answers if note.status >= 200]
    if not finals or _is_stateless(finals[0]):
        return []
    first = finals[0]
    if any(note.status != first.status for note in finals):
        return [f"INVITE answered with {sorted({note.status for note in finals})}"]
    stops_s = first.at_s + LIFE_S
    accepted = {note.cseq for note in network.between(PBX, first.target) if note.status == 200}
    for at_s, note in network.deliveries:
        if note.source == first.target and at_s >= first.at_s and _ends_resending(note, first, accepted):
            stops_s = min(stops_s, at_s)
    return compare(finals, stops_s, T2_S, [at_s for at_s, note in arrivals if note.method == "INVITE"])


def _is_stateless(final: Note) -> bool:
    """Refusals that the house answers without keeping state are sent once a copy (RFC 3261 8.2.7)."""
    return final.status in {401, 407, 481, 482}


def _ends_resending(note: Note, final: Note, accepted: set[int]) -> bool:
    """Its ACK; for a 2xx also a BYE, or a later INVITE that was accepted."""
    if not note.is_request or header(note.text, "Call-ID") != header(final.text, "Call-ID"):
        return False
    later_invite = note.method == "INVITE" and note.cseq > final.cseq and note.cseq in accepted
    return (note.method == "ACK" and note.cseq == final.cseq) or (
        final.status < 300 and (note.method == "BYE" or later_invite)
    )


def _answered(arrivals: list[tuple[float, Note]], answers: list[Note]) -> list[str]:
    """Every copy of a request gets an answer at once; an INVITE until its final one was acknowledged."""
    method = arrivals[0][1].method
    if method == "INVITE":
        arrivals = arrivals[:1]
    times = [note.at_s for note in answers]
    return [
        f"{method} of {note.source[0]} at {at_s:.3f} was not answered"
        for at_s, note in arrivals
        if not any(abs(at_s - time_s) < SOON_S for time_s in times)
    ]


def _acknowledged(network: BadNetwork, deadline_s: float, arrivals: list[tuple[float, Note]]) -> list[str]:
    """Every copy of a final response to an INVITE of the house gets an ACK (17.1.1.3, 13.2.2.4).

    deadline_s: when the house forgets the INVITE if nothing came until then: 32 s after it counts as unanswered.
    """
    if arrivals[0][0] > deadline_s:
        return []
    finals = [(at_s, note) for at_s, note in arrivals if note.status >= 200]
    call_id = header(arrivals[0][1].text, "Call-ID")
    acks = [n for n in network.notes if n.source == PBX and n.method == "ACK" and header(n.text, "Call-ID") == call_id]
    return [
        f"{note.status} of {note.source[0]} at {at_s:.3f} was not acknowledged"
        for at_s, note in finals
        if at_s < finals[0][0] + LIFE_S
        and not any(abs(ack.at_s - at_s) < SOON_S and ack.cseq == note.cseq for ack in acks)
    ]


def schedule(first_s: float, stops_s: float, cap_s: float) -> Iterator[float]:
    """When copies are due: T1 after the first, doubling up to `cap_s`, for less than 64*T1, before `stops_s`."""
    yield first_s
    at_s, interval_s = first_s + T1_S, T1_S
    while at_s < min(stops_s, first_s + LIFE_S - SOON_S):
        yield at_s
        interval_s = min(interval_s * 2, cap_s)
        at_s += interval_s


def compare(copies: list[Note], stops_s: float, cap_s: float, explained: list[float]) -> list[str]:
    """Every wanted time must be found; a found one must be wanted, or explained by a copy that came in."""
    what = f"{copies[0].status or copies[0].method} to {copies[0].target[0]}"
    found = [note.at_s for note in copies]
    wanted = schedule(found[0], stops_s - 2 * SOON_S, cap_s)
    allowed = [*schedule(found[0], stops_s + 2 * SOON_S, cap_s), *explained]
    return [
        *(f"{what} was not sent at {at_s:.3f}" for at_s in wanted if not _near(at_s, found)),
        *(f"{what} was sent unasked at {at_s:.3f}" for at_s in found if not _near(at_s, allowed)),
    ]


def _near(at_s: float, times: list[float]) -> bool:
    return any(abs(at_s - other) < 2 * SOON_S for other in times)
