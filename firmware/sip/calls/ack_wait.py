"""A 2xx to an INVITE that is sent again until its ACK comes (RFC 3261 13.3.1.4).

Why: the transaction does not do this, since the ACK travels from end to end. Used by `leg.py`
for the first INVITE and for re-INVITEs alike.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transactions.tables import T1_S, T2_S
from firmware.sip.transactions.timer_heap import Timer, TimerHeap


class AckWait:
    """Resends at T1, doubling to T2; after 64*T1 calls `gave_up`. cseq: of the INVITE.

    wants_answer: the 2xx held our offer, so the ACK must bring the answer.
    """

    __slots__ = (
        "_gave_up",
        "_interval_s",
        "_left_s",
        "_octets",
        "_timer",
        "_timers",
        "_transaction",
        "cseq",
        "wants_answer",
    )

    def __init__(
        self,
        timers: TimerHeap,
        transaction: ServerTransaction,
        octets: bytes,
        cseq: int,
        gave_up: Callable[[], None],
        *,
        wants_answer: bool,
    ) -> None:
        self._timers = timers
        self._transaction = transaction
        self._octets = octets
        self._gave_up = gave_up
        self._interval_s = T1_S
        self._left_s = 64 * T1_S - T1_S
        self._timer: Timer = timers.after(T1_S, self._again)
        self.cseq = cseq
        self.wants_answer = wants_answer

    def stop(self) -> None:
        """The ACK came, or nobody waits for it any more."""
        self._timer.cancel()
        self._transaction.let_go()

    def _again(self) -> None:
        if self._left_s <= 0:
            self._gave_up()
            return
        self._transaction.resend(self._octets)
        self._interval_s = min(self._interval_s * 2, T2_S)
        wait_s = min(self._interval_s, self._left_s)
        self._left_s -= wait_s
        self._timer = self._timers.after(wait_s, self._again)
