"""What a phone of the state model is told to do, and what it remembers of a dialog. Made by `call_model.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.sip.model_wire import NEVER_S


@dataclass(frozen=True, slots=True)
class Script:
    """What a phone will do. Times in s; NEVER_S: it does not.

    patience_s: a caller gives up that long after its INVITE; early_bye: with BYE instead of CANCEL.
    rings_s, final: a called phone's final response ("": none) and when; early_media: 183 with SDP instead of 180.
    talk_s: hangs up that long after the answer. asks: (time after the answer, what): of `CHANGES`, or a method.
    dies_s: from then on, since the start of the call, it neither hears nor speaks.
    reliable: knows 100rel. updates: knows UPDATE. expires_s: of its session timer, 0 for none; refreshes: offers to.
    """

    patience_s: float = NEVER_S
    early_bye: bool = False
    rings_s: float = 1.0
    final: str = "200 OK"
    early_media: bool = False
    talk_s: float = NEVER_S
    asks: tuple[tuple[float, str], ...] = ()
    dies_s: float = NEVER_S
    reliable: bool = False
    updates: bool = False
    expires_s: int = 0
    refreshes: bool = False


@dataclass(slots=True)
class Talk:
    """A dialog as this phone sees it. acks: by CSeq, to be sent again for a resent 2xx. rseqs: acknowledged ones."""

    call_id: str
    local: str
    remote: str
    target: str
    cseq: int
    heard_cseq: int = 0
    acks: dict[int, str] = field(default_factory=dict)
    rseqs: set[str] = field(default_factory=set)
