"""Provisional responses that arrive for certain: each is sent again until its PRACK (RFC 3262 3).

Why: a lost 180 leaves a caller in silence, and the answer to an offer counts only in a response
that is known to have arrived. Used by `calling.py`; what our own INVITEs get is in `early.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from random import randrange

from firmware.sip.messages.headers import parse_number
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transactions.tables import T1_S
from firmware.sip.transactions.timer_heap import Timer, TimerHeap


class ReliableResponses:
    """Of one INVITE. One is under way at a time, the rest wait their turn.

    to_tag: of the dialog. gave_up: called when one was not acknowledged for 64*T1.
    """

    __slots__ = ("_cseq", "_gave_up", "_interval_s", "_left_s", "_octets", "_queue", "_rseq", "_timer", "_timers",
                 "_to_tag", "_transaction")  # fmt: skip

    def __init__(
        self, timers: TimerHeap, transaction: ServerTransaction, cseq: int, to_tag: str, gave_up: Callable[[], None]
    ) -> None:
        self._timers = timers
        self._transaction = transaction
        self._cseq = cseq
        self._to_tag = to_tag
        self._gave_up = gave_up
        self._rseq = randrange(1, 2**31)
        self._queue: list[tuple[int, str, str]] = []
        self._octets = b""
        self._timer: Timer | None = None
        self._interval_s = 0.0
        self._left_s = 0.0

    @property
    def holds_sdp(self) -> bool:
        """One with SDP is not acknowledged yet: no 2xx may go out (RFC 3262 3)."""
        return any(body for _, _, body in self._queue)

    def send(self, status: int, headers: str, body: str) -> None:
        """Send 101 to 199, or queue it behind one that is not acknowledged. headers: without Require and RSeq."""
        self._queue.append((status, headers, body))
        if len(self._queue) == 1:
            self._send_first()

    def check(self, prack: Request) -> None:
        """Raise Refusal 481 when no response under way is the one that `prack` names, 400 when it names none."""
        words = prack.get("rack").split()
        if len(words) != 3:
            raise Refusal(400, "Bad RAck")
        rseq, cseq = (parse_number(word, 2**32 - 1, "RAck") for word in words[:2])
        if not self._queue or (rseq, cseq, words[2]) != (self._rseq, self._cseq, "INVITE"):
            raise Refusal(481)

    def acknowledged(self) -> None:
        """The PRACK for the one under way was accepted: the next goes out, while the INVITE is unanswered."""
        self._stop_timer()
        del self._queue[0]
        self._rseq += 1
        if self._queue and not self._transaction.answered:
            self._send_first()

    def answered(self) -> None:
        """A final response went out: nothing is sent again, but a PRACK under way is still expected (RFC 3262 3)."""
        self._stop_timer()
        del self._queue[1:]

    def _send_first(self) -> None:
        status, headers, body = self._queue[0]
        lines = f"{headers}Require: 100rel\r\nRSeq: {self._rseq}\r\n"
        self._octets = self._transaction.respond(status, to_tag=self._to_tag, headers=lines, body=body)
        self._interval_s = T1_S
        self._left_s = 63 * T1_S
        self._timer = self._timers.after(T1_S, self._again)

    def _again(self) -> None:
        self._timer = None
        if self._left_s <= 0:
            self._gave_up()
            return
        self._transaction.resend(self._octets)
        self._interval_s *= 2
        wait_s = min(self._interval_s, self._left_s)
        self._left_s -= wait_s
        self._timer = self._timers.after(wait_s, self._again)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
