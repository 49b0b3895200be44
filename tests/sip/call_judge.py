"""What must have become of a call, worked out from what reached the house, and compared with what did.

A reference model of its own: it walks the datagrams in the order in which the network delivered them to
the house, with the few timers that may end a call, and so knows when the call began to talk, when it was
over, by whom and why. Shares no code with the stack. Each single message is judged in `call_duties.py`; what
a broken promise inside the call means, in `call_promises.py`. Look next at `call_model.py`, which makes the calls.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sip.call_promises import Broken, broken_promises
from tests.sip.model_network import BadNetwork, Note
from tests.sip.model_wire import LIFE_S, NEVER_S
from tests.sip.pairs import PBX, Address, header

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
    """state: none, trying, talking, over. by: address of who ended it, None for the house itself.

    told_s: when the house first told the caller of the answer; it waits until a 183 with SDP was acknowledged.
    """

    state: str = "none"
    began_s: float = 0.0
    answered_s: float = 0.0
    told_s: float = 0.0
    over_s: float = 0.0
    cause: int = 0
    by: Address | None = None
    winner: Address | None = None
    caller_status: int = 0
    branches: dict[Address, Branch] = field(default_factory=dict)


class Judge:
    """Walks the deliveries of one call.

    twins: address of a phone behind the contact of another -> that contact. stops: (time, address) of each media
    time-out told to the house.
    """

    def __init__(
        self, network: BadNetwork, caller: Address, twins: dict[Address, Address], stops: list[tuple[float, Address]]
    ) -> None:
        self._network = network
        self._caller = caller
        self._twins = twins
        self._holds: set[Address] = set()
        self.verdict = Verdict()
        oks = (note.at_s for note in network.between(PBX, caller) if note.status == 200 and note.method == "INVITE")
        self.verdict.told_s = next(oks, NEVER_S)
        events: list[tuple[float, Address, Note | str]] = [(at_s, address, "silent") for at_s, address in stops]
        events += [(at_s, note.source, note) for at_s, note in network.deliveries if note.target == PBX]
        events += [(broken.at_s, broken.phone, broken.what) for broken in broken_promises(network)]
        for at_s, source, event in sorted(events, key=lambda event: event[0]):
            self._timers_until(at_s)
            if isinstance(event, Note):
                self._arrived(at_s, source, event)
            else:
                self._broken(at_s, source, event)
        self._timers_until(NEVER_S)

    # -- timers ------------------------------------------------------------------------
    def _timers_until(self, now_s: float) -> None:
        while self.verdict.state == "trying":
            verdict = self.verdict
            due: list[tuple[float, Address | None]] = [(verdict.began_s + NO_ANSWER_S, None)]
            due += [(branch.deadline_s, branch.phone) for branch in verdict.branches.values() if not branch.failed]
            at_s, who = min(due, key=lambda entry: entry[0])
            if at_s > now_s:
                return
            if who is None:
                self._over(at_s, NO_ANSWER, None)
            else:
                self._failed(at_s, who, 408)

    # -- events ------------------------------------------------------------------------
    def _broken(self, at_s: float, who: Address, what: str) -> None:
        state = self.verdict.state
        if state == "trying" and what == Broken.NO_PRACK:
            self._over(at_s, TIMER, who, status=504)
        elif state == "talking" and who in {self._caller, self.verdict.winner} and not self._may_be_silent(who, what):
            self._over(at_s, TIMER, who)

    def _may_be_silent(self, who: Address, what: str) -> bool:
        return what == "silent" and who in self._holds

    def _arrived(self, at_s: float, source: Address, note: Note) -> None:
        verdict = self.verdict
        if verdict.state == "none":
            if source == self._caller and note.method == "INVITE":
                self._began(at_s)
        elif note.is_request:
            self._request(at_s, source, note)
        elif note.method == "INVITE" and verdict.state == "trying":
            branch = verdict.branches[self._twins.get(source, source)]
            branch.deadline_s = NEVER_S
            if branch.failed:
                return  # after timer B: whoever answers now is hung up
            if 200 <= note.status < 300:
                self._answered(at_s, source)
            elif note.status >= 300:
                self._failed(at_s, branch.phone, note.status)

    def _began(self, at_s: float) -> None:
        self.verdict.state = "trying"
        self.verdict.began_s = at_s
        for note in self._network.notes:
            if note.source == PBX and note.is_request and abs(note.at_s - at_s) < SOON_S:
                self.verdict.branches[note.target] = Branch(note.target, at_s + LIFE_S)

    def _request(self, at_s: float, source: Address, note: Note) -> None:
        if self.verdict.state == "over":
            return
        if self._ends_call(at_s, source, note):
            self._over(at_s, NORMAL, source, status=487)
        elif "m=audio" in note.text and "tag=" in header(note.text, "To") and self._was_accepted(at_s, source, note):
            (self._holds.add if "a=sendonly" in note.text else self._holds.discard)(source)

    def _ends_call(self, at_s: float, source: Address, note: Note) -> bool:
        if note.method == "CANCEL":
            return self.verdict.told_s > at_s
        talking = self.verdict.state == "talking"
        return note.method == "BYE" and (source == self._caller or (talking and source == self.verdict.winner))

    def _was_accepted(self, at_s: float, who: Address, note: Note) -> bool:
        answers = (answer for answer in self._network.between(PBX, who) if answer.cseq == note.cseq)
        return any(answer.status == 200 and abs(answer.at_s - at_s) < SOON_S for answer in answers)

    def _answered(self, at_s: float, who: Address) -> None:
        self.verdict.state = "talking"
        self.verdict.answered_s = at_s
        self.verdict.winner = who

    def _failed(self, at_s: float, who: Address, status: int) -> None:
        branches = self.verdict.branches
        branches[who].failed = status
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
