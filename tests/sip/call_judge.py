"""What must have become of a call, worked out from what reached the house, and compared with what did.

A reference model of its own: it walks the datagrams in the order in which the network delivered them to
the house, with the few timers that may end a call, and so knows when the call began to talk, when it was
over, by whom and why. Shares no code with the stack. Each single message is judged in `call_duties.py`. Look next
at `call_model.py`, which makes the calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sip.model_network import BadNetwork, Note
from tests.sip.pairs import PBX, Address, header

LIFE_S = 32.0
NO_ANSWER_S = 60.0
SOON_S = 1e-3
"""The house answers at once; fake time stands still meanwhile."""

NORMAL, BUSY, NO_RESPONSE, NO_ANSWER, REJECTED, TIMER = 16, 17, 18, 19, 21, 102
CAUSE_OF = {408: NO_RESPONSE, 480: NO_RESPONSE, 486: BUSY, 603: REJECTED, 487: NORMAL}


@dataclass(slots=True)
class Branch:
    """The INVITE of the house to one contact. deadline_s: when it counts as unanswered."""

    phone: Address
    deadline_s: float
    failed: int = 0


@dataclass(slots=True)
class Verdict:
    """state: none, trying, talking, over. by: address of who ended it, None for the house itself."""

    state: str = "none"
    began_s: float = 0.0
    answered_s: float = 0.0
    over_s: float = 0.0
    cause: int = 0
    by: Address | None = None
    winner: Address | None = None
    caller_status: int = 0
    branches: dict[Address, Branch] = field(default_factory=dict)


class Judge:
    """Walks the deliveries of one call. stops: (time, address) of each media time-out told to the house."""

    def __init__(self, network: BadNetwork, caller: Address, stops: list[tuple[float, Address]]) -> None:
        self._network = network
        self._caller = caller
        self._acks: dict[Address, tuple[int, float]] = {}
        self._holds: set[Address] = set()
        self._seen: set[tuple[Address, int]] = set()
        self._house = list(network.notes)
        self.verdict = Verdict()
        events = [(at_s, note.source, note) for at_s, note in network.deliveries if note.target == PBX]
        events += [(at_s, address, None) for at_s, address in stops]
        for at_s, source, note in sorted(events, key=lambda event: event[0]):
            self._timers_until(at_s)
            if note is None:
                self._media_stopped(at_s, source)
            else:
                self._arrived(at_s, source, note)
        self._timers_until(float("inf"))

    # -- timers ------------------------------------------------------------------------
    def _timers_until(self, now_s: float) -> None:
        while (due := self._next_timer()) is not None and due[0] <= now_s and self.verdict.state != "over":
            at_s, what, who = due
            if what == "branch":
                self._failed(at_s, who, 408)
            elif what == "no answer":
                self._over(at_s, NO_ANSWER, None)
            else:
                del self._acks[who]
                self._over(at_s, TIMER, who)

    def _next_timer(self) -> tuple[float, str, Address] | None:
        verdict = self.verdict
        due = [(deadline_s, "ack", who) for who, (_, deadline_s) in self._acks.items()]
        if verdict.state == "trying":
            due.append((verdict.began_s + NO_ANSWER_S, "no answer", self._caller))
            due += [(b.deadline_s, "branch", b.phone) for b in verdict.branches.values() if not b.failed]
        due = [entry for entry in due if entry[0] < float("inf")]
        return min(due, default=None)

    # -- events ------------------------------------------------------------------------
    def _media_stopped(self, at_s: float, source: Address) -> None:
        if self.verdict.state == "talking" and source not in self._holds:  # who holds may be silent
            self._over(at_s, TIMER, source)

    def _arrived(self, at_s: float, source: Address, note: Note) -> None:
        verdict = self.verdict
        if verdict.state == "none":
            if source == self._caller and note.method == "INVITE":
                self._began(at_s)
        elif note.is_request:
            self._request(at_s, source, note)
        elif note.method == "INVITE" and verdict.state == "trying":
            branch = verdict.branches[source]
            branch.deadline_s = float("inf")
            if 200 <= note.status < 300:
                self._answered(at_s, source)
            elif note.status >= 300 and not branch.failed:
                self._failed(at_s, source, note.status)

    def _began(self, at_s: float) -> None:
        self.verdict.state = "trying"
        self.verdict.began_s = at_s
        for note in self._house:
            if note.source == PBX and note.is_request and abs(note.at_s - at_s) < SOON_S:
                self.verdict.branches[note.target] = Branch(note.target, at_s + LIFE_S)

    def _request(self, at_s: float, source: Address, note: Note) -> None:
        verdict = self.verdict
        if note.method == "ACK" and source in self._acks and self._acks[source][0] == note.cseq:
            del self._acks[source]
        elif verdict.state == "over":
            return
        elif self._ends_call(note, source):
            self._over(at_s, NORMAL, source, status=487)
        elif note.method == "INVITE" and "tag=" in header(note.text, "To") and verdict.state == "talking":
            self._reinvited(at_s, source, note.cseq, note.text)

    def _ends_call(self, note: Note, source: Address) -> bool:
        talking = self.verdict.state == "talking"
        if note.method == "CANCEL":
            return not talking
        return note.method == "BYE" and (source == self._caller or (talking and source == self.verdict.winner))

    def _reinvited(self, at_s: float, who: Address, cseq: int, offer: str) -> None:
        """If the house sent a 200 to this re-INVITE now, its ACK is due in 32 s, and its hold or resume is in force."""
        if (who, cseq) in self._seen:
            return  # a copy
        self._seen.add((who, cseq))
        for note in self._network.between(PBX, who):
            if note.status == 200 and note.cseq == cseq and note.method == "INVITE" and abs(note.at_s - at_s) < SOON_S:
                self._acks[who] = (cseq, at_s + LIFE_S)
                (self._holds.add if "a=sendonly" in offer else self._holds.discard)(who)

    def _answered(self, at_s: float, who: Address) -> None:
        self.verdict.state = "talking"
        self.verdict.answered_s = at_s
        self.verdict.winner = who
        self._acks[self._caller] = (1, at_s + LIFE_S)

    def _failed(self, at_s: float, who: Address, status: int) -> None:
        branches = self.verdict.branches
        branches[who].failed = status
        branches[who].deadline_s = float("inf")
        if status >= 600 or all(branch.failed for branch in branches.values()):
            worst = min((branch.failed for branch in branches.values() if branch.failed), key=_rank)
            self._over(at_s, CAUSE_OF[worst], who, status=worst)

    def _over(self, at_s: float, cause: int, by: Address | None, status: int = 480) -> None:
        verdict = self.verdict
        if verdict.state == "trying":
            verdict.caller_status = status
        verdict.state = "over"
        verdict.over_s, verdict.cause, verdict.by = at_s, cause, by


def _rank(status: int) -> tuple[int, int]:
    """RFC 3261 16.7 step 6, as this house reads it: 6xx, busy and the like, others, no answer last."""
    if status >= 600:
        return 0, status
    if status == 486:
        return 1, status
    return (3 if status in {408, 503} else 2), status
