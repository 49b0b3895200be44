"""What must hold when a call is over: nothing left, one right record, and both ends of one mind.

Compares the house, its record, its streams and the phones with the judge's verdict. Used by `call_model.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.sip.call_house import PlayedCall
from tests.sip.call_judge import LIFE_S, SOON_S, Verdict
from tests.sip.model_network import BadNetwork, Note
from tests.sip.model_phone import ModelPhone
from tests.sip.pairs import PBX, Address

NEVER_S = float("inf")


def left_behind(played: PlayedCall) -> list[str]:
    """Leaks, errors, and phones that believe in a call that is over.

    A phone of which nothing ever came back cannot be cancelled (RFC 3261 9.1): its ringing ends by itself.
    """
    counts = {**played.agent.debug(), **played.exchange.debug(), "joined": len(played.engine.joined)}
    counts["engine streams"] = len(played.engine.open)
    faults = [f"{count} {name} left" for name, count in counts.items() if count]
    faults += [f"{leg} was released {times} times" for leg, times in played.exchange.released.items() if times != 1]
    faults += played.errors
    for phone in played.phones.values():
        mute = phone.state == "ringing" and not any(n.source == phone.address for _, n in played.network.deliveries)
        if not phone.dead and not mute and phone.state not in {"idle", "over"}:
            faults.append(f"{phone.address[0]} is {phone.state} although the call is over")
    return faults


def wrong_record(played: PlayedCall, verdict: Verdict) -> list[str]:
    """The one record against the verdict."""
    records = played.records
    if verdict.state == "none":
        return ["a record without a call"] if records.begun else []
    if len(records.begun) != 1 or len(records.ended) != 1:
        return [f"{len(records.begun)} records begun, {len(records.ended)} ended"]
    end = records.ended[0][1]
    faults = []
    if end.cause != verdict.cause:
        faults.append(f"the record says cause {end.cause} instead of {verdict.cause}")
    if bool(records.answered) != (verdict.winner is not None):
        faults.append(f"the record says answered {bool(records.answered)}")
    side = "" if verdict.by is None else "sip:caller" if verdict.by == played.caller.address else "sip:202"
    if end.hung_up_by != side:
        faults.append(f"the record says hung up by {end.hung_up_by!r} instead of {side!r}")
    talked_s = verdict.over_s - verdict.answered_s if verdict.winner else 0.0
    if abs(end.talk_ms / 1000 - talked_s) > SOON_S:
        faults.append(f"the record says {end.talk_ms} ms of talk instead of {talked_s * 1000:.0f}")
    return faults


def disagreement(played: PlayedCall, verdict: Verdict) -> list[str]:
    """Both ends against each other: was there a call, how long, and who hears whom."""
    caller = played.caller
    winner = played.phones[verdict.winner] if verdict.winner else None
    faults = [fault for phone in played.phones.values() for fault in wrong_direction(played, phone)]
    faults += not_hung_up(played, verdict)
    if caller.status and caller.status != (verdict.caller_status or caller.status):
        faults.append(f"the caller was told {caller.status} instead of {verdict.caller_status}")
    if winner is None and caller.up_at_s:
        faults.append("the caller talks, nobody answered")
    if winner is None or caller.dead or winner.dead or not caller.up_at_s:
        return faults
    if not winner.up_at_s:
        return [*faults, "the caller talks to somebody who did not answer"]
    skew_s = abs(caller.over_at_s - caller.up_at_s - winner.over_at_s + winner.up_at_s)
    held_back_s = verdict.told_s - verdict.answered_s
    if held_back_s > SOON_S and not any("RSeq:" in note.text for note in played.network.between(PBX, caller.address)):
        faults.append(f"the answer was held back for {held_back_s:.3f} s")
    allowed_s = held_back_s + talk_skew_s(played.network, caller, winner)
    if skew_s > allowed_s:
        faults.append(f"talk times differ by {skew_s:.3f} s, the network explains {allowed_s:.3f} s")
    return faults


def wrong_direction(played: PlayedCall, phone: ModelPhone) -> list[str]:
    """A hold or resume that was answered is what the house's stream to this phone does at the end."""
    agreed = phone.agreed_direction
    ip = phone.address[0]
    streams = [stream for stream in played.engine.all.values() if stream.remote and stream.remote[0] == ip]
    if phone.dead or not agreed or not streams:
        return []
    wanted = {"sendrecv": (True, True), "sendonly": (False, True)}[agreed]
    found = streams[-1].direction
    return [] if found == wanted else [f"{phone.address[0]} agreed on {agreed}, the house does {found}"]


def not_hung_up(played: PlayedCall, verdict: Verdict) -> list[str]:
    """A 200 of a phone that lost the race, or that came after the caller gave up, is followed by BYE at once."""
    faults = []
    for phone in played.callees:
        oks = [at_s for at_s, n in played.network.deliveries if n.source == phone.address and is_answer(n)]
        branch = verdict.branches.get(played.twins.get(phone.address, phone.address))
        if not oks or branch is None or phone.address == verdict.winner or oks[0] > branch.deadline_s + LIFE_S:
            continue
        byes = [note.at_s for note in played.network.between(PBX, phone.address) if note.method == "BYE"]
        if not any(abs(at_s - oks[0]) < SOON_S for at_s in byes):
            faults.append(f"{phone.address[0]} answered too late at {oks[0]:.3f} and was not hung up")
    return faults + [fault for phone in played.phones.values() for fault in deaf_to_bye(played, phone)]


def deaf_to_bye(played: PlayedCall, phone: ModelPhone) -> list[str]:
    """A BYE of the house that arrived must be one that the phone understands."""
    byes = [note for note in played.network.between(PBX, phone.address) if note.method == "BYE" and note.is_request]
    told_s = first_arrival_s(byes)
    if phone.dead or phone.state == "idle" or told_s == NEVER_S or phone.over_at_s <= told_s:
        return []
    return [f"{phone.address[0]} was sent a BYE at {told_s:.3f} and did not take it"]


def is_answer(note: Note) -> bool:
    return note.status == 200 and note.method == "INVITE"


def talk_skew_s(network: BadNetwork, caller: ModelPhone, winner: ModelPhone) -> float:
    """By how much two talk times may differ: delays of the links, and copies lost before one came through.

    Infinite when every copy of one message was lost.
    """
    ends = (caller.address, winner.address)
    oks = [note for note in network.notes if note.status == 200 and note.method == "INVITE" and note.cseq == 1]
    byes = [note for note in network.notes if note.is_request and note.method == "BYE"]
    allowed_s = 0.0
    for notes in (oks, byes):
        for way in [(phone, PBX) for phone in ends] + [(PBX, phone) for phone in ends]:
            allowed_s += reach_s(network, [note for note in notes if (note.source, note.target) == way])
    return allowed_s + sum(bye_waits_s(network, phone, first_arrival_s(byes)) for phone in ends) + SOON_S


def bye_waits_s(network: BadNetwork, phone: Address, ended_s: float) -> float:
    """How long the house must hold its BYE back, since its last 200 to this phone has no ACK yet (RFC 3261 15)."""
    accepted = [note for note in network.between(PBX, phone) if note.status == 200 and note.method == "INVITE"]
    if not accepted:
        return 0.0
    acks = [n for n in network.between(phone, PBX) if n.method == "ACK" and n.cseq == accepted[-1].cseq]
    return min(max(first_arrival_s(acks) - ended_s, 0.0), LIFE_S)


def reach_s(network: BadNetwork, copies: list[Note]) -> float:
    """The most it can take until one of these copies of a message arrives; 0 when there are none."""
    if not copies:
        return 0.0
    through = next((note for note in copies if note.arrived), None)
    return through.at_s - copies[0].at_s + network.link(copies[0]).most_s if through else NEVER_S


def first_arrival_s(notes: Iterable[Note]) -> float:
    return min((at_s for note in notes for at_s in note.arrived), default=NEVER_S)
