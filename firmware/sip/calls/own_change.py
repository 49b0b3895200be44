"""A re-INVITE or UPDATE of ours in a confirmed dialog, until it is settled (RFC 3261 14.1, RFC 3311 5.1).

Why: it may collide with one of the peer, be put off with Retry-After, want another interval or
our credentials, and is then tried again; only what comes of it in the end interests the session. It outlives
its session when that ends meanwhile: a late 2xx still wants its ACK. Used by `session.py`.
"""

from __future__ import annotations

import logging
from random import randrange
from typing import Protocol

from firmware.sip.accounts.signer import CHALLENGES
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.session_timer import read_min_se
from firmware.sip.messages.headers import parse_number
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.client_transaction import ClientTransaction
from firmware.sip.transactions.tables import T1_S
from firmware.sip.transactions.timer_heap import Timer

log = logging.getLogger(__name__)

_TRIES = 5
_LONGEST_WAIT_S = 30


class ChangeOwner(Protocol):
    """The session, as its change sees it."""

    @property
    def dialog(self) -> Dialog: ...
    def change_headers(self, method: str) -> str:
        """The header lines of the next try."""

    def change_offer(self, method: str) -> str:
        """The offer of the next try, "" for none."""

    def change_void(self) -> None:
        """This try was refused, and an offer in it with it."""

    def change_accepted(self, response: Response) -> None: ...
    def change_failed(self, status: int) -> None:
        """No 2xx will come; 408 when nothing came at all."""

    def want_longer(self, least_s: int) -> None:
        """422 with this Min-SE; the next try follows."""


class OwnChange:
    """Sent when made. method: INVITE or UPDATE. owns_call_id: the INVITE that began the dialog was ours."""

    __slots__ = ("_context", "_cseq", "_dialog", "_owner", "_owns_call_id", "_pending", "_tries", "_wait", "method")

    def __init__(self, owner: ChangeOwner, context: SipContext, method: str, *, owns_call_id: bool) -> None:
        self._owner: ChangeOwner | None = owner
        self._context = context
        self._dialog = owner.dialog
        self._owns_call_id = owns_call_id
        self._tries = 0
        self._wait: Timer | None = None
        self._pending: tuple[ClientTransaction, Timer] | None = None
        """A re-INVITE with a provisional response, and the timer that will cancel it."""
        self._cseq = 0
        self.method = method
        self._send()

    @property
    def waiting(self) -> bool:
        """Between two tries: nothing is under way."""
        return self._wait is not None

    def stop(self) -> None:
        """The session has no more interest."""
        self._owner = None
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None
        if self._pending is not None:
            self._pending[0].cancel()

    def _send(self) -> None:
        owner = self._owner
        if owner is None:
            return
        self._wait = None
        self._tries += 1
        body = owner.change_offer(self.method)
        request = self._dialog.request(self.method, headers=owner.change_headers(self.method), body=body)
        self._cseq = request.cseq
        self._context.transactions.request(request, *self._dialog.hop, self)

    # -- told by the transaction ---------------------------------------------------------
    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        status = response.status
        if status < 200:
            self._be_patient(transaction)
            return
        self._settled()
        if status < 300:
            self._accepted(transaction, response)
        elif self._owner is not None:
            self._owner.change_void()
            if not self._try_again(response):
                self._fail(status)

    def _be_patient(self, transaction: ClientTransaction) -> None:
        """A provisional response ends the resending; without a CANCEL of ours a silent peer would hold it for ever."""
        if self.method == "INVITE" and self._pending is None:
            wait_s = 0.0 if self._owner is None else 64 * T1_S
            self._pending = (transaction, self._context.timers.after(wait_s, transaction.cancel))

    def _settled(self) -> None:
        if self._pending is not None:
            self._pending[1].cancel()
            self._pending = None

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        self._settled()
        if self._owner is not None:
            self._owner.change_void()
        self._fail(status)

    def _accepted(self, transaction: ClientTransaction, response: Response) -> None:
        try:
            self._dialog.refresh_target(response)
        except Refusal as refusal:
            log.info("sip: 2xx from %s:%d: %s", *response.source, refusal)
        if self.method == "INVITE":
            transaction.acknowledge(response.to.tag, self._dialog.ack(self._cseq), self._dialog.hop)
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.change_accepted(response)

    def _fail(self, status: int) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            owner.change_failed(status)

    def _try_again(self, response: Response) -> bool:
        """Whether another try follows: after a collision, a put-off, a longer interval, a challenge."""
        assert self._owner is not None
        wait_s = 0.0
        try:
            if response.status == 491:
                wait_s = self._glare_wait_s()
            elif response.status == 422:
                self._owner.want_longer(read_min_se(response))
            elif response.status in CHALLENGES:
                signer = self._dialog.signer
                if signer is None or not signer.learn(response, again=self._tries > 1):
                    return False
            elif response.status in {500, 503} and "retry-after" in response.headers:
                text = response.get("retry-after").partition(";")[0].partition("(")[0]
                wait_s = parse_number(text, _LONGEST_WAIT_S, "Retry-After")
            else:
                return False
        except Refusal:
            return False
        if self._tries >= _TRIES:
            return False
        self._wait = self._context.timers.after(wait_s, self._send)
        return True

    def _glare_wait_s(self) -> float:
        """Both offered at once: who made the call waits 2.1 to 4.0 s, the other up to 2.0 s (RFC 3261 14.1)."""
        return randrange(210, 401) / 100 if self._owns_call_id else randrange(201) / 100
